/* SPDX-License-Identifier: BSD-2-Clause */
/* The epochs of a run as a table: a row for each, a column for each number that the log has, named by
 * its path, as "loss.bpr" or "valid.recall@20". */
#ifndef DIFFMM_EXAMPLES_TRAIN_EPOCH_TABLE_H
#define DIFFMM_EXAMPLES_TRAIN_EPOCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

struct epoch_table {
    json_t *rows;  /* an array of objects: number by name of the column */
    json_t *names; /* an object whose keys are the columns, in their order */
};

/* Lay out the epochs of an array (epoch_json.h). False without memory. Columns that would be empty
 * are left out. */
bool epoch_table_begin(struct epoch_table *table, const json_t *history);
void epoch_table_end(struct epoch_table *table);

/* The value of a cell; NULL where there is none. */
const json_t *epoch_table_cell(const struct epoch_table *table, size_t row, const char *column);

/* Write the table as CSV (RFC 4180), with the digits of the log; a cell without a value is empty. */
void epoch_table_write(const struct epoch_table *table, FILE *out);

#endif
