/* SPDX-License-Identifier: BSD-2-Clause */
/* What a model file holds beside what serving reads (files/model_served.h, files/fold_in_read.h):
 * the recommender's parameters and, as text, modalities, settings and metrics. A scorer keeps it,
 * so that it can be saved as a model file again. */
#ifndef DIFFMM_FILES_LEARNT_H
#define DIFFMM_FILES_LEARNT_H

#include "base/memory.h"
#include "files/safetensors.h"
#include "model/model.h"

struct diffmm__learnt {
    struct diffmm__arena arena; /* holds this struct, and what is not borrowed */
    size_t count;
    struct diffmm__tensor *parameters;            /* float matrices */
    const char *modalities, *options, *evaluated; /* JSON; NULL where the file has none */
};

/* That of a model, or of a model file with the catalog and d. Names and values are borrowed from
 * it. A file may lack parameters: reading it as a model refuses it then, serving does not. */
diffmm_status diffmm__learnt_of_model(const diffmm_model *model, struct diffmm__learnt **out);
diffmm_status diffmm__learnt_of_file(const struct diffmm__safetensors *file,
                                     const struct diffmm__catalog *catalog, size_t d,
                                     struct diffmm__learnt **out);
void diffmm__learnt_destroy(struct diffmm__learnt *learnt);

/* A copy that borrows nothing. With `more` items, whose learnt embeddings are `embeddings` (NULL:
 * zeros), it has no metrics: those are of the items that there were. */
diffmm_status diffmm__learnt_copy(const diffmm_context *context, const struct diffmm__learnt *from,
                                  size_t more, const float *embeddings,
                                  struct diffmm__learnt **out);

/* A parameter's values; NULL where there is none of that name. */
const float *diffmm__learnt_values(const struct diffmm__learnt *learnt, const char *name);

#endif
