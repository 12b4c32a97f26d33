/* SPDX-License-Identifier: BSD-2-Clause */
/* What the denoisers of a blend know of a user who is folded in: the columns of the row that ranks
 * after those of the recommender (model/blend.h). A user with the items S gets what a user of
 * training with these items would get from the same denoisers,
 *
 *     row of m = c_m z_m,   c_m = beta sd(H) / (M sd(m)),
 *
 * where H is the recommender's part of the row, z_m the end of modality m's reverse chain that
 * starts from z0 = w_u sum_i w_i B_i over S, w_u = (|S| + user_offset)^-1/2, or 1 and w_i = 1 without
 * weights, and sd the deviation of the scores over all items of training. The rows that rank hold
 * B_i / w_i. A chain's noise is that of the user's number, of a new user that of the number after the
 * last. */
#ifndef DIFFMM_SERVE_FOLD_IN_BLEND_H
#define DIFFMM_SERVE_FOLD_IN_BLEND_H

#include "serve/fold_in.h"

/* Fills the columns of `row`, width floats, from d on; before these stands H. Does nothing without a
 * blend. Where `f`, the row of an item, is not NULL, `pull` (width - d floats) says how an item of S
 * pulls it: where the chain is linear (no layers, no row norm) the score's part c_m z_m . f_m is
 *
 *     sum_i g_i (B_i / w_i) . pull_m   + what noise brings,   g_i = w_i^2, or 1;
 *
 * elsewhere it cannot be divided by items, and the pull is 0. DIFFMM_ERROR_NO_MEMORY. */
diffmm_status diffmm__fold_in_blend(const struct diffmm__folded *folded, float *row, const float *f,
                                    float *pull);

/* The item's part of modality m's denoiser in the score of `f`, with the pull of `f`. */
double diffmm__fold_in_blend_item(const struct diffmm__folded *folded, size_t m, int32_t item,
                                  const float *pull);

#endif
