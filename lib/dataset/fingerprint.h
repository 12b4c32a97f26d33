/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts and hashes by which a checkpoint recognises the data set that it was made with. They guard
 * against mistakes, not against forgery. Ids do not enter into them. */
#ifndef DIFFMM_DATASET_FINGERPRINT_H
#define DIFFMM_DATASET_FINGERPRINT_H

#include "dataset/dataset.h"

struct diffmm__fingerprint {
    size_t pairs[3];    /* by split */
    uint64_t hashes[3]; /* of the pairs */
};

/* The fingerprint of a sealed data set's interactions. */
void diffmm__fingerprint_interactions(const diffmm_dataset *dataset,
                                      struct diffmm__fingerprint *out);

/* The hash of items x dimensions features, rows `stride` apart. */
uint64_t diffmm__fingerprint_features(size_t items, size_t dimensions, const float *features,
                                      size_t stride);

/* The same of features in a mapped file. */
uint64_t diffmm__fingerprint_stored(size_t items, const struct diffmm__stored_rows *rows);

#endif
