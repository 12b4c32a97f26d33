/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients that mean no good do to a service. */
#ifndef DIFFMM_TESTS_HOSTILE_H
#define DIFFMM_TESTS_HOSTILE_H

/* One of them, by chance: it takes a second at most. */
void hostile_act(int port, unsigned *seed);

#endif
