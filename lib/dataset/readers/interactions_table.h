/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from tables of text, with ids: a column for the user, one for the item, and, if
 * there are such, the split, rating and time of each. The columns are known by the usual names, or,
 * in a table without a header, by their order. */
#ifndef DIFFMM_DATASET_READERS_INTERACTIONS_TABLE_H
#define DIFFMM_DATASET_READERS_INTERACTIONS_TABLE_H

#include "dataset/draft.h"
#include "dataset/readers/delimited.h"

/* Add the interactions of a file to a draft; those that name no split go into `split`. On failure
 * the draft may hold some of them. The file may be compressed. .tsv has tabs and no quotes; .csv has commas and quotes, if
 * there is a comma in its first line; how all others are written is guessed from that line. */
diffmm_status diffmm__interactions_table_read_tsv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft);
diffmm_status diffmm__interactions_table_read_csv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft);
diffmm_status diffmm__interactions_table_read_any(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft);

/* The same of a table of which the caller says how it is written, as far as it is not guessed. */
diffmm_status diffmm__interactions_table_read(const diffmm_context *context, const char *path,
                                              const diffmm_table_format *format, diffmm_split split,
                                              struct diffmm__draft *draft);

/* The same of a text in memory, which messages call `path`. */
diffmm_status diffmm__interactions_table_parse(const diffmm_context *context,
                                               struct diffmm__dialect dialect, const char *text,
                                               size_t size, const char *path, diffmm_split split,
                                               struct diffmm__draft *draft);

#endif
