/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_READERS_FEATURES_NPZ_H
#define DIFFMM_DATASET_READERS_FEATURES_NPZ_H

#include "dataset/modality.h"

/* Features from an archive of NumPy's: the ids of the rows are its array "ids", if it has one, and
 * the features the other array; of several others the one named "features" or, without it,
 * "arr_0". */
diffmm_status diffmm__features_npz_read(const diffmm_context *context, const char *path,
                                        struct diffmm__feature_rows *out);

#endif
