/* SPDX-License-Identifier: BSD-2-Clause */
/* Which row of features belongs to which item, where nobody has listed the ids. */
#ifndef DIFFMM_DATASET_ROW_NUMBERS_H
#define DIFFMM_DATASET_ROW_NUMBERS_H

#include "dataset/dataset.h"

/* How many rows there are that go by the numbers of items: those of the first array or file without
 * ids of its own; where only loaders are asked so, as many as there are items; 0 where there is
 * neither. */
size_t diffmm__row_numbers_count(const diffmm_dataset *dataset);

/* Of each item of an open data set the row of features that its id is the number of; NULL where
 * items have their rows by their own numbers already (declared, numbered, or without rows). The
 * caller releases it. DIFFMM_ERROR_INVALID_ARGUMENT where nothing says which row is whose: items
 * came by id, nobody listed them, and the ids are not exactly the numbers of the rows. */
diffmm_status diffmm__row_numbers_find(const diffmm_dataset *dataset, int32_t **out);

/* Where a filter has left items out, let the rows that were those of all items, by their order, go
 * by the ids that the draft keeps for them. DIFFMM_ERROR_INVALID_ARGUMENT where a modality has more
 * or fewer rows. */
diffmm_status diffmm__row_numbers_name(diffmm_dataset *dataset);

#endif
