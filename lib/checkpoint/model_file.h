/* SPDX-License-Identifier: BSD-2-Clause */
/* The model file: what is in it, and reading the part that serving needs.
 *
 * Tensors: every recommender parameter by its name; final.user, final.item; seen.pointers (I64),
 * seen.items (I32); unless the ids are numbers, ids.user.text (U8, NUL-terminated names) and
 * ids.user.offsets (I64), likewise for items; for folding users in, user_embedding.mean,
 * content.NAME of each modality and propagated.L of each layer. Metadata: format "diffmm-model",
 * version, library, users, items, d, modalities, options, evaluated (checkpoint/description.h). */
#ifndef DIFFMM_CHECKPOINT_MODEL_FILE_H
#define DIFFMM_CHECKPOINT_MODEL_FILE_H

#include <stddef.h>

#include "checkpoint/safetensors.h"
#include "dataset/catalog.h"
#include "model/fold_in_state.h"

/* Finished embeddings with their ids and seen items. */
struct diffmm__served {
    struct diffmm__catalog *catalog;
    size_t d;
    const float *users, *items; /* rows of d floats, in the file's memory */
};

/* Check an open model file's format and read this part. `path` is for messages. The catalog is the
 * caller's to release. */
diffmm_status diffmm__model_file_served(diffmm_context *context,
                                        const struct diffmm__safetensors *file, const char *path,
                                        struct diffmm__served *out);

/* Read the fold-in state, within the file's memory, or NULL where the file has none.
 * Values are not checked. */
diffmm_status diffmm__fold_in_read(diffmm_context *context, const struct diffmm__safetensors *file,
                                   const char *path, const struct diffmm__served *served,
                                   struct diffmm__fold_in_state **out);

/* A float tensor that must be rows x columns (1 column: a vector is fine), copied into `out`; the
 * copy must be finite. The other one looks at the shape only, before there is memory for the copy.
 */
diffmm_status diffmm__model_file_matrix(const struct diffmm__safetensors *file, const char *path,
                                        const char *name, size_t rows, size_t columns, float *out);
diffmm_status diffmm__model_file_shape(const struct diffmm__safetensors *file, const char *path,
                                       const char *name, size_t rows, size_t columns);

#endif
