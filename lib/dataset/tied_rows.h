/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of modalities whose rows have ids, brought into the order of a data set's items. */
#ifndef DIFFMM_DATASET_TIED_ROWS_H
#define DIFFMM_DATASET_TIED_ROWS_H

#include "dataset/dataset.h"

/* What one modality becomes; all zero where its rows have no ids. */
struct diffmm__tied_rows {
    struct diffmm__modality modality;
    size_t missing, extra; /* items without a row, rows without an item */
    int32_t first_missing; /* item */
};

/* Of each modality of an open data set what it becomes with the given ids of items; NULL where no
 * modality has rows with ids. The data set does not change. DIFFMM_ERROR_INVALID_ARGUMENT where a
 * modality has a row for none of the items. */
diffmm_status diffmm__tied_rows_find(const diffmm_dataset *dataset, const struct diffmm__ids *items,
                                     struct diffmm__tied_rows **out);

/* Give the modalities what was found, and log how many items have no row. Ends `tied`; accepts
 * NULL. */
void diffmm__tied_rows_apply(diffmm_dataset *dataset, struct diffmm__tied_rows *tied);

/* Drop what was found. Accepts NULL. */
void diffmm__tied_rows_destroy(const diffmm_dataset *dataset, struct diffmm__tied_rows *tied);

#endif
