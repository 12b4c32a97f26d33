/* SPDX-License-Identifier: BSD-2-Clause */
/* The modalities of a data set: adding them, and asking for their features. */
#ifndef DIFFMM_DATASET_MODALITIES_H
#define DIFFMM_DATASET_MODALITIES_H

#include "dataset/dataset.h"

/* Whether the data set is open and may get a modality of this name with so many features. */
diffmm_status diffmm__modalities_check_new(const diffmm_dataset *dataset, const char *name,
                                           size_t dimensions);

/* Add a modality with features that the data set takes over (and releases on failure too). `path`,
 * the file they are from, or NULL, is copied. */
diffmm_status diffmm__modalities_add_owned(diffmm_dataset *dataset, const char *name,
                                           struct diffmm__feature_rows features, const char *path);

/* Add a modality of another data set of the same context. Both share its features. */
diffmm_status diffmm__modalities_add_shared(diffmm_dataset *dataset,
                                            const struct diffmm__modality *source);

/* The features of all items of modality `index`: see diffmm__modality_features(). */
diffmm_status diffmm__modalities_features(const diffmm_dataset *dataset, size_t index,
                                          const float **features, size_t *stride, float **scratch);

#endif
