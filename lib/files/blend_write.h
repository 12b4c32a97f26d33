/* SPDX-License-Identifier: BSD-2-Clause */
/* The tensors of a model file that folding users into a blend takes (model/blend_state.h):
 *
 *     final.item.covariance             of the recommender's columns of the items' rows
 *     denoiser.NAME.covariance          of each modality's
 *     denoiser.NAME.weights, .linear    where the denoiser has them
 *     denoiser.NAME.LAYER.weight, .bias of its layers, unless they add nothing */
#ifndef DIFFMM_FILES_BLEND_WRITE_H
#define DIFFMM_FILES_BLEND_WRITE_H

#include "files/tensor_list.h"
#include "model/blend_state.h"

/* How many they are at the most. */
size_t diffmm__blend_write_count(const struct diffmm__blend_state *state);

diffmm_status diffmm__blend_write(struct diffmm__tensor_list *list,
                                  const struct diffmm__blend_state *state, char (*const names)[64]);

#endif
