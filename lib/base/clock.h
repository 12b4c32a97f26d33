/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_CLOCK_H
#define DIFFMM_BASE_CLOCK_H

/* Seconds of a clock that only goes forward; only differences mean something. */
double diffmm__clock_seconds(void);

#endif
