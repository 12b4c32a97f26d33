/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a model file that serving needs. */
#ifndef DIFFMM_FILES_MODEL_SERVED_H
#define DIFFMM_FILES_MODEL_SERVED_H

#include <stddef.h>

#include "dataset/catalog.h"
#include "files/safetensors.h"

/* Finished embeddings with their ids, training rows and seen items. */
struct diffmm__served {
    struct diffmm__catalog *catalog;
    struct diffmm__csr seen;    /* all zero: the training rows */
    size_t d, width;            /* of what is learnt; of the rows that rank */
    const float *users, *items; /* rows that rank, in the file's memory */
};

/* Check an open model file's format and read this part. The catalog is the caller's
 * to release, and the seen items are the caller's to end. */
diffmm_status diffmm__model_served_read(const struct diffmm__safetensors *file,
                                        struct diffmm__served *out);

#endif
