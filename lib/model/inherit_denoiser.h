/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameters of a modality's denoiser, taken over from that of another model. */
#ifndef DIFFMM_MODEL_INHERIT_DENOISER_H
#define DIFFMM_MODEL_INHERIT_DENOISER_H

#include "module/module.h"

/* Row r of the values, rows x columns, becomes row origin[r] of the old ones, unless that is -1. */
void diffmm__inherit_rows(size_t rows, size_t columns, const int32_t *origin, const float *old,
                          float *values);

/* Whether they can be taken over: both are of one kind and have the same layers, the number of
 * items and the rank of the basis apart. */
bool diffmm__inherit_denoiser_possible(const diffmm_diffusion *module, const diffmm_diffusion *old);

/* Takes from the arena what diffmm__inherit_denoiser needs for these two. */
float *diffmm__inherit_denoiser_room(struct diffmm__arena *arena, const diffmm_diffusion *module,
                                     const diffmm_diffusion *old);

/* Takes them over. `origin` has for each item its number in the old module, or -1.
 *
 * A full denoiser takes the weights of the items that both know. A spectral one changes the basis:
 * with M = B_old^T B over the items that both know, a row x of these has the old coordinates
 *     z_old = M z,   where the new basis can express x,
 * so that the first layer's weights W become W M, and the last one's W and b become M^T W and
 * M^T b. Where both bases are the same, nothing is multiplied. */
void diffmm__inherit_denoiser(const diffmm_diffusion *module, const diffmm_diffusion *old,
                              const int32_t *origin, float *room);

#endif
