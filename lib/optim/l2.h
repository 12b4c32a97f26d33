/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_OPTIM_L2_H
#define DIFFMM_OPTIM_L2_H

#include "losses/term.h"

/* Takes scratch for one shape; see losses/term.h. */
void *diffmm__l2_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape);

/* weight (||E_U||^2 + ||E_I||^2); see losses/term.h. */
diffmm_status diffmm__l2_term(const struct diffmm__term_batch *batch, double weight, void *scratch,
                              double *value);

#endif
