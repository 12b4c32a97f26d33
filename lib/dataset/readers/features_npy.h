/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_FEATURES_NPY_H
#define DIFFMM_DATASET_READERS_FEATURES_NPY_H

#include "dataset/modality.h"

/* Read features from a .npy file, items x features of float16, float32 or float64. */
diffmm_status diffmm__features_npy_read(const diffmm_context *context, const char *path,
                                        struct diffmm__feature_rows *out);

#endif
