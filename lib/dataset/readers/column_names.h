/* SPDX-License-Identifier: BSD-2-Clause */
/* What the columns of tables of interactions are usually called. */
#ifndef DIFFMM_DATASET_READERS_COLUMN_NAMES_H
#define DIFFMM_DATASET_READERS_COLUMN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum diffmm__column {
    DIFFMM__COLUMN_USER,
    DIFFMM__COLUMN_ITEM,
    DIFFMM__COLUMN_RATING,
    DIFFMM__COLUMN_TIME,
    DIFFMM__COLUMN_SPLIT,
    DIFFMM__COLUMNS
};

enum { DIFFMM__LONGEST_TITLE = 48, DIFFMM__COLUMN_NAMES = 32 };

/* What the log and messages call each of them. */
const char *diffmm__column_names_title(enum diffmm__column column);

/* The name that a column's title is, whatever its case, '_', '-', blanks and RecBole's type; or
 * DIFFMM__COLUMN_NAMES. Names are numbered: where two columns of a table fit, the one with the
 * lower number wins. */
size_t diffmm__column_names_find(const char *title, size_t length);

/* What a column of that name is; and whether it has splits as numbers. */
enum diffmm__column diffmm__column_names_meaning(size_t name);
bool diffmm__column_names_numbered(size_t name);

/* All names of a column, with commas, for a message. */
void diffmm__column_names_list(enum diffmm__column column, char *out, size_t size);

#endif
