/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the fold-in state of a model file. */
#ifndef DIFFMM_FILES_FOLD_IN_READ_H
#define DIFFMM_FILES_FOLD_IN_READ_H

#include "files/model_served.h"
#include "model/fold_in_state.h"

/* The fold-in state, within the file's memory, or NULL where the file has none. Values of large
 * matrices are not checked. */
diffmm_status diffmm__fold_in_read(const struct diffmm__safetensors *file,
                                   const struct diffmm__served *served,
                                   struct diffmm__fold_in_state **out);

#endif
