/* SPDX-License-Identifier: BSD-2-Clause */
/* What tells one data set from another: counts and hashes. The hashes guard against mistakes, not
 * against forgery. Ids do not count. */
#ifndef DIFFMM_DATASET_FINGERPRINT_H
#define DIFFMM_DATASET_FINGERPRINT_H

#include "dataset/dataset.h"

struct diffmm__fingerprint {
    size_t pairs[3];    /* by split */
    uint64_t hashes[3]; /* of the pairs */
};

/* Of a sealed data set's interactions. */
void diffmm__fingerprint_interactions(const diffmm_dataset *dataset,
                                      struct diffmm__fingerprint *out);

/* Of items x dimensions features, rows `stride` apart. */
uint64_t diffmm__fingerprint_features(size_t items, size_t dimensions, const float *features,
                                      size_t stride);

#endif
