/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scorer made from a model, or a model file, counts as seen. Training and evaluation go by
 * the training rows alone, and so does folding in, which reproduces what training left. */
#ifndef DIFFMM_MODEL_SEEN_OF_MODEL_H
#define DIFFMM_MODEL_SEEN_OF_MODEL_H

#include "linalg/csr.h"
#include "model/model.h"

/* By the option `seen`, the interactions of all splits or the training rows; of a model read from a
 * file, what the file says. All zero where these are the catalog's training rows, else for the
 * caller to end. */
diffmm_status diffmm__seen_of_model(const diffmm_model *model, struct diffmm__csr *out);

#endif
