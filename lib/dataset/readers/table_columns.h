/* SPDX-License-Identifier: BSD-2-Clause */
/* Which column of a table is what: known by its name in a header, or, without one, by its place and
 * by what the first line holds. */
#ifndef DIFFMM_DATASET_READERS_TABLE_COLUMNS_H
#define DIFFMM_DATASET_READERS_TABLE_COLUMNS_H

#include <diffmm/dataset.h>

#include "dataset/readers/column_names.h"
#include "dataset/readers/delimited.h"

struct diffmm__table_columns {
    char titles[DIFFMM__COLUMNS][DIFFMM__LONGEST_TITLE]; /* what the file calls the columns */
    bool numbered_splits;                                /* x_label: 0, 1, 2 */
};

/* Read the first line of a table, and say where its columns stand: in table->place[column]. What
 * `format` leaves open is found out, and told in the log. There is a user and an item, or
 * DIFFMM_ERROR_FORMAT. */
diffmm_status diffmm__table_columns_find(struct diffmm__delimited *table,
                                         const diffmm_table_format *format,
                                         struct diffmm__table_columns *out);

#endif
