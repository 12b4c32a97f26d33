/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_FEATURES_NPY_H
#define DIFFMM_DATASET_READERS_FEATURES_NPY_H

#include "dataset/modality.h"
#include "dataset/readers/npy.h"

/* Read features from a .npy file, items x features of numbers. */
diffmm_status diffmm__features_npy_read(const diffmm_context *context, const char *path,
                                        struct diffmm__feature_rows *out);

/* Whether an array is one of features: two dimensions, of numbers, not empty. */
diffmm_status diffmm__features_npy_check(const struct diffmm__npy *array, const char *path);

#endif
