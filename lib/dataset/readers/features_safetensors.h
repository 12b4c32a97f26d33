/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_FEATURES_SAFETENSORS_H
#define DIFFMM_DATASET_READERS_FEATURES_SAFETENSORS_H

#include "dataset/modality.h"

/* Where ":NAME" begins in the path "FILE.safetensors:NAME"; NULL in any other path. */
const char *diffmm__features_safetensors_tensor(const char *path);

/* Features from the tensor NAME of FILE, where `path` is "FILE:NAME"; else from the only matrix of
 * the file. A vector of integers called "ids" are the ids of the rows. */
diffmm_status diffmm__features_safetensors_read(const diffmm_context *context, const char *path,
                                                struct diffmm__feature_rows *out);

/* The same, but the file stays mapped, and the features are used where they are in it. */
diffmm_status diffmm__features_safetensors_map(const diffmm_context *context, const char *path,
                                               struct diffmm__feature_rows *out);

#endif
