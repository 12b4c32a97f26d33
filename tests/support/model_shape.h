/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape of a model's denoisers, as the functions of plain arrays take it. */
#ifndef DIFFMM_TESTS_MODEL_SHAPE_H
#define DIFFMM_TESTS_MODEL_SHAPE_H

#include "model/model.h"

static inline diffmm_denoiser_shape model_shape(const diffmm_model *model)
{
    return (diffmm_denoiser_shape){.struct_size = sizeof(diffmm_denoiser_shape),
                                   .items = model->items,
                                   .time_size = model->settings.time_size,
                                   .hidden_count = model->settings.hidden_count,
                                   .hidden_sizes = model->settings.hidden_sizes,
                                   .normalize = model->settings.normalize};
}

#endif
