/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_GRAPH_H
#define DIFFMM_MODEL_MODEL_GRAPH_H

#include "model/model.h"

/* Finds a modality by name in a model that has graphs: DIFFMM_ERROR_STATE for a model that was read
 * from a file, DIFFMM_ERROR_NOT_FOUND for another name. */
diffmm_status diffmm__model_graph_modality(const diffmm_model *model, const char *name,
                                           struct diffmm__model_modality **out);

#endif
