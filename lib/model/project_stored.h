/* SPDX-License-Identifier: BSD-2-Clause */
/* The products of a projection (model/project.h) where features stay in a mapped file that is larger
 * than memory, or has them in another form: they are converted block by block. The bits are those of
 * the products with an array. */
#ifndef DIFFMM_MODEL_PROJECT_STORED_H
#define DIFFMM_MODEL_PROJECT_STORED_H

#include "model/model.h"
#include "losses/share.h"

/* The rows of some items of F W (leaky) or F W^T (linear), items x d. */
void diffmm__project_stored(const diffmm_model *model,
                            const struct diffmm__model_modality *modality, struct diffmm__part part,
                            float *projected);

/* Some rows of the gradient of the weight, into `out`, from that of the product, items x d: of F^T G or
 * G^T F. */
void diffmm__project_stored_backward(const diffmm_model *model,
                                     const struct diffmm__model_modality *modality,
                                     struct diffmm__part part, const float *gradient, float *out);

#endif
