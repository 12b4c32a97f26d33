/* SPDX-License-Identifier: BSD-2-Clause */
/* Which row of features belongs to which item, where nobody has listed the ids. */
#ifndef DIFFMM_DATASET_ROW_NUMBERS_H
#define DIFFMM_DATASET_ROW_NUMBERS_H

#include <stdbool.h>

#include "dataset/dataset.h"

struct diffmm__row_numbers {
    int32_t
        *numbers;  /* of each item its row, where every item id is the number of a row; else NULL */
    bool from_one; /* the numbers may also be meant to count from 1 */
    bool in_order; /* row i is taken for the item whose id came i-th */
};

/* How many rows the first modality has that has any; 0 if none has. */
size_t diffmm__row_numbers_count(const diffmm_dataset *dataset);

/* Find out how the item ids of an open data set go with rows. DIFFMM_ERROR_INVALID_ARGUMENT where
 * the ids are numbers, but not all of them numbers of rows: features would go to the wrong items.
 */
diffmm_status diffmm__row_numbers_find(const diffmm_dataset *dataset,
                                       struct diffmm__row_numbers *out);

/* Write to the log what was assumed. */
void diffmm__row_numbers_warn(const diffmm_dataset *dataset,
                              const struct diffmm__row_numbers *found);

#endif
