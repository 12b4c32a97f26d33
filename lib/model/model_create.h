/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_CREATE_H
#define DIFFMM_MODEL_MODEL_CREATE_H

#include "model/model.h"

/* Allocates a model that has a context and nothing else; NULL without memory. */
diffmm_model *diffmm__model_allocate(const diffmm_context *context);

/* Creates a model with initial parameters; `with_denoisers`: for a trainer. The data set is
 * sealed. */
diffmm_status diffmm__model_create(diffmm_dataset *dataset, const diffmm_options *options,
                                   bool with_denoisers, diffmm_model **out);

#endif
