/* SPDX-License-Identifier: BSD-2-Clause */
/* The final embeddings of a model's present parameters and graphs. The model's own are older where
 * parameters or graphs have changed since its last forward pass. */
#ifndef DIFFMM_MODEL_EMBEDDINGS_H
#define DIFFMM_MODEL_EMBEDDINGS_H

#include "model/model.h"

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
