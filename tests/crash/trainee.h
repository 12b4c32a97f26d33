/* SPDX-License-Identifier: BSD-2-Clause */
/* The training that is killed: small, with every part of the state in use, a checkpoint after each
 * epoch. Public headers only. */
#ifndef DIFFMM_TESTS_TRAINEE_H
#define DIFFMM_TESTS_TRAINEE_H

#include <diffmm/diffmm.h>

enum { TRAINEE_EPOCHS = 8 };

/* A trainer that goes on from the checkpoint, or a new one where there is none. It is all there is
 * to release. */
diffmm_status trainee_begin(const char *checkpoint, diffmm_trainer **out);

/* To the last epoch, each with its checkpoint; `writing`, if not NULL, is called before it. */
diffmm_status trainee_run(diffmm_trainer *trainer, const char *checkpoint, void (*writing)(void));

#endif
