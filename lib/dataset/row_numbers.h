/* SPDX-License-Identifier: BSD-2-Clause */
/* Which row of features belongs to which item, where nobody has listed the ids. */
#ifndef DIFFMM_DATASET_ROW_NUMBERS_H
#define DIFFMM_DATASET_ROW_NUMBERS_H

#include <stdbool.h>

#include "dataset/dataset.h"

struct diffmm__row_numbers {
    int32_t *numbers; /* where every item id is the number of a row: that of each item; or NULL */
    bool from_one;    /* they may as well count from 1 */
    bool in_order;    /* rows go with items as these appear */
};

/* Rows of the first modality that has any; 0 if none has. */
size_t diffmm__row_numbers_count(const diffmm_dataset *dataset);

/* Of a data set that is not sealed. DIFFMM_ERROR_INVALID_ARGUMENT where the ids are numbers that
 * the rows do not have: then features would go to other items. */
diffmm_status diffmm__row_numbers_find(const diffmm_dataset *dataset,
                                       struct diffmm__row_numbers *out);

/* Say in the log what was assumed. */
void diffmm__row_numbers_warn(const diffmm_dataset *dataset,
                              const struct diffmm__row_numbers *found);

#endif
