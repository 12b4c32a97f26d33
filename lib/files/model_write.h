/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a model file from what it is made of: a model and a scorer are saved alike. */
#ifndef DIFFMM_FILES_MODEL_WRITE_H
#define DIFFMM_FILES_MODEL_WRITE_H

#include "dataset/catalog.h"
#include "files/learnt.h"
#include "files/safetensors_write.h"
#include "model/fold_in_state.h"

/* All borrowed. */
struct diffmm__model_parts {
    const diffmm_context *context;
    const char *owner; /* what messages begin with: "model", .. */
    const struct diffmm__catalog *catalog;
    const struct diffmm__csr *seen;              /* all zero: the training rows */
    size_t d, width;                             /* of what is learnt; of the rows that rank */
    const float *users, *items;                  /* rows that rank */
    const struct diffmm__fold_in_state *fold_in; /* or NULL */
    const struct diffmm__learnt *learnt;
    /* Where users' embeddings, and then their rows that rank, come from; NULL: they are here. */
    const struct diffmm__byte_source *users_source;
};

diffmm_status diffmm__model_write(const struct diffmm__model_parts *parts,
                                  const struct diffmm__target *target);

#endif
