/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_MODALITY_H
#define DIFFMM_DATASET_MODALITY_H

#include "dataset/dataset.h"

/* Add a modality with items x dimensions features without gaps, which the data set takes over
 * (released on failure too). `path` (or NULL) is copied. */
diffmm_status diffmm__dataset_own_modality(diffmm_dataset *dataset, const char *name, size_t items,
                                           size_t dimensions, float *features, const char *path);

/* Add a modality of another data set of the same context, with the features it has. */
diffmm_status diffmm__dataset_share_modality(diffmm_dataset *dataset,
                                             const struct diffmm__modality *source);

/* Whether an array or file has a row for each of `items` items, and only finite features. */
diffmm_status diffmm__modality_check(const struct diffmm__modality *modality, size_t items);

void diffmm__modality_end(const diffmm_context *context, struct diffmm__modality *modality);

#endif
