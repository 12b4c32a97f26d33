/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_FILES_MODEL_SAVE_H
#define DIFFMM_FILES_MODEL_SAVE_H

#include "files/safetensors_write.h"
#include "model/fold_in_state.h"
#include "model/model.h"

/* Writes a model whose embeddings are those of its parameters. `state` is its fold-in state, or NULL;
 * `users_source`, unless NULL, gives the users' embeddings and then their rows that rank, of which a
 * divided model has some. */
diffmm_status diffmm__model_save_embedded(const diffmm_model *model,
                                          const struct diffmm__fold_in_state *state,
                                          const struct diffmm__byte_source *users_source,
                                          const struct diffmm__target *target);

#endif
