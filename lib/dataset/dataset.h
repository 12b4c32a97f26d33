/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_DATASET_H
#define DIFFMM_DATASET_DATASET_H

#include <stdatomic.h>
#include <stdbool.h>

#include <diffmm/dataset.h>

#include "base/file.h"
#include "base/handle.h"
#include "dataset/catalog.h"

/* Features that the library holds, shared by a data set and those extended from it. */
struct diffmm__features {
    atomic_size_t references;
    float *values;
};

/* One modality: features from exactly one of array (borrowed, or in `owned`) and loader. */
struct diffmm__modality {
    char name[64];
    size_t dimensions;
    size_t rows; /* feature rows; 0 where a loader gives as many as asked */
    const float *features;
    size_t stride;
    struct diffmm__features *owned;
    diffmm_feature_loader loader;
    void *loader_data;
    char *path; /* where it was read from, for messages; or NULL */
};

struct diffmm_dataset {
    struct diffmm__handle handle;
    diffmm_context *context;
    bool sealed;

    /* After sealing. The catalog's `seen` rows are the training split. */
    struct diffmm__catalog *catalog;
    struct diffmm__rows held[2]; /* validation, test */

    size_t modality_count, modality_capacity;
    struct diffmm__modality *modalities;

    struct diffmm__draft *draft; /* interactions and names as they come, until sealed */
};

diffmm_dataset *diffmm__dataset_retain(diffmm_dataset *dataset);

/* A call that uses a data set, and seals it before if it was not (base/handle.h). Sets *call in any
 * case. */
diffmm_status diffmm__dataset_call(struct diffmm__call *call, diffmm_dataset *dataset);

/* Features of modality `index`, all items x dimensions: `*features` with row `*stride`, either the
 * modality's own array or, for a loader, a block filled into `*scratch` (allocated here if needed;
 * the caller releases it). Checks that every value is finite. */
diffmm_status diffmm__dataset_features(const diffmm_dataset *dataset, size_t index,
                                       const float **features, size_t *stride, float **scratch);

/* What a sealed data set holds of its context's memory: interactions, ids, and features of its own;
 * not those that the host lends or loads. */
size_t diffmm__dataset_bytes(const diffmm_dataset *dataset);

/* Not NULL, and not sealed: it can be filled. */
diffmm_status diffmm__dataset_check_open(const diffmm_dataset *dataset);

/* Declare items in a data set that has none yet; *wrong is the index of the id at fault. */
diffmm_status diffmm__dataset_declare(diffmm_dataset *dataset, size_t count, const char *const *ids,
                                      size_t *wrong);

/* Rows of a split of a sealed data set. */
const struct diffmm__rows *diffmm__dataset_rows(const diffmm_dataset *dataset, diffmm_split split);

#endif
