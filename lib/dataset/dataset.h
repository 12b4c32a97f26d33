/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_DATASET_DATASET_H
#define DIFFMM_DATASET_DATASET_H

#include <stdbool.h>

#include <diffmm/dataset.h>

#include "base/handle.h"
#include "dataset/catalog.h"
#include "dataset/census.h"
#include "dataset/modality.h"

struct diffmm__draft;

struct diffmm_dataset {
    struct diffmm__handle handle;
    diffmm_context *context;
    bool sealed;

    /* After sealing. The training split is the catalog's `train`. */
    struct diffmm__catalog *catalog;
    struct diffmm__csr held[2]; /* validation, test */
    struct diffmm__census census;

    size_t modality_count, modality_capacity;
    struct diffmm__modality *modalities;

    struct diffmm__draft *draft; /* interactions and ids as they come; NULL once sealed */
};

diffmm_dataset *diffmm__dataset_retain(diffmm_dataset *dataset);

/* Bytes that a sealed data set has from its context's allocator: interactions, ids, and the
 * features that it owns, without those that the host lends or loads. */
size_t diffmm__dataset_bytes(const diffmm_dataset *dataset);

/* DIFFMM_ERROR_INVALID_ARGUMENT where the data set is NULL; DIFFMM_ERROR_STATE where it is sealed
 * and so cannot be filled (open), or is not sealed and so cannot be read (sealed). */
diffmm_status diffmm__dataset_check_open(const diffmm_dataset *dataset);
diffmm_status diffmm__dataset_check_sealed(const diffmm_dataset *dataset);

/* DIFFMM_ERROR_INVALID_ARGUMENT where there is no such split. */
diffmm_status diffmm__dataset_check_split(diffmm_split split);

/* The interactions of a split of a sealed data set, users x items. */
const struct diffmm__csr *diffmm__dataset_rows(const diffmm_dataset *dataset, diffmm_split split);

#endif
