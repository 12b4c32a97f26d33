/* SPDX-License-Identifier: BSD-2-Clause */
/* Which column of a stream of tables is what, by its name. */
#ifndef DIFFMM_DATASET_READERS_ARROW_COLUMNS_H
#define DIFFMM_DATASET_READERS_ARROW_COLUMNS_H

#include "base/arrow_input.h"
#include "dataset/readers/column_names.h"

/* The titles of all columns, for a message. */
void diffmm__arrow_columns_list(const struct diffmm__arrow_input *input, char *out, size_t size);

/* The column with a title. DIFFMM_ERROR_NOT_FOUND where there is none, DIFFMM_ERROR_FORMAT where
 * there are two. */
diffmm_status diffmm__arrow_columns_find(const struct diffmm__arrow_input *input, const char *title,
                                         size_t *place);

/* The column that is something by one of the usual names, and the name; where there is none, *place
 * and *name stay as they are. */
diffmm_status diffmm__arrow_columns_usual(const struct diffmm__arrow_input *input,
                                          enum diffmm__column column, size_t *place, size_t *name);

#endif
