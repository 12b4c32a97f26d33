/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a model's final embeddings and metrics are those of its present parameters and graphs. */
#ifndef DIFFMM_MODEL_EMBEDDINGS_H
#define DIFFMM_MODEL_EMBEDDINGS_H

#include "model/model.h"

/* Called by whatever changes a recommender parameter or a graph otherwise than by putting back an
 * epoch as a whole: metrics are no longer known, and final embeddings are of before. */
void diffmm__model_changed(diffmm_model *model);

/* The other half: `final`, and what the forward pass leaves beside it, are now those of the
 * parameters and graphs. What they score is not known until an epoch is evaluated. */
void diffmm__model_embedded(diffmm_model *model);

/* A model with the embeddings of the present parameters: the model itself, or, where parameters
 * have changed since its last forward pass, a view of it with embeddings and workspace of its own.
 */
struct diffmm__embedded {
    const diffmm_model *model; /* to be read only */
    diffmm_model view;
    bool viewed;
};

/* A model read from a file cannot compute: its embeddings are the file's, whatever its parameters
 * were set to since, and a warning is logged. Ended by diffmm__embedded_end() unless it fails. */
diffmm_status diffmm__embedded_begin(const diffmm_model *model, struct diffmm__embedded *out);
void diffmm__embedded_end(struct diffmm__embedded *embedded);

#endif
