/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_FEATURES_NPY_H
#define DIFFMM_DATASET_READERS_FEATURES_NPY_H

#include "dataset/modality.h"
#include "dataset/readers/npy.h"

/* Read features from a .npy file, items x features of numbers. */
diffmm_status diffmm__features_npy_read(const diffmm_context *context, const char *path,
                                        struct diffmm__feature_rows *out);

/* The same, but the file stays mapped, and the features are used where they are in it. */
diffmm_status diffmm__features_npy_map(const diffmm_context *context, const char *path,
                                       struct diffmm__feature_rows *out);

/* The rows of features that are used where they are in a file: DIFFMM_ERROR_UNSUPPORTED where they
 * are not little-endian float32 in C order, aligned, nor float16 or bfloat16 likewise. */
diffmm_status diffmm__features_npy_store(const struct diffmm__npy *array, const char *name,
                                         struct diffmm__stored_rows *out);

/* Whether an array is one of features: two dimensions, of numbers, not empty. */
diffmm_status diffmm__features_npy_check(const struct diffmm__npy *array, const char *path);

#endif
