/* SPDX-License-Identifier: BSD-2-Clause */
/* The fold-in state that a model's last forward pass has left. */
#ifndef DIFFMM_MODEL_FOLD_IN_OF_MODEL_H
#define DIFFMM_MODEL_FOLD_IN_OF_MODEL_H

#include "losses/share.h"
#include "model/fold_in_state.h"
#include "model/model.h"

/* Borrows from the model; NULL for a model that was read from a file without a fold-in state. */
diffmm_status diffmm__fold_in_of_model(const diffmm_model *model,
                                       struct diffmm__fold_in_state **out);

/* The same of a model that may be divided: all peers of the share make this call. */
diffmm_status diffmm__fold_in_of_model_shared(const diffmm_model *model,
                                              const struct diffmm__share *share,
                                              struct diffmm__fold_in_state **out);

#endif
