/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a binary matrix as they come: row and column numbers in any order, some of them twice,
 * each with a rating and a time if there are such. Not a csr (linalg/csr.h): it grows, and nothing
 * in it is sorted. */
#ifndef DIFFMM_DATASET_COO_H
#define DIFFMM_DATASET_COO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "dataset/event_time.h"

/* An entry. Its rating is NaN and its time DIFFMM__NO_TIME where none was given. */
struct diffmm__coo_entry {
    int32_t row, column;
    double rating;
    int64_t time;
};

/* Entry i is in row[i], column[i], rating[i], time[i]; `rating` and `time` are NULL as long as no
 * entry has one. All zero is an empty one. */
struct diffmm__coo {
    int32_t *row, *column;
    double *rating;
    int64_t *time;
    size_t count, row_capacity, column_capacity, rating_capacity, time_capacity;
};

/* An empty one with room for exactly so many entries without rating and time. */
diffmm_status diffmm__coo_begin(const diffmm_context *context, size_t capacity,
                                struct diffmm__coo *out);
void diffmm__coo_end(const diffmm_context *context, struct diffmm__coo *coo);

/* Forget all entries, ratings and times, but keep the room for rows and columns. */
void diffmm__coo_clear(const diffmm_context *context, struct diffmm__coo *coo);

/* Add an entry without rating and time, or with them. */
diffmm_status diffmm__coo_add(const diffmm_context *context, struct diffmm__coo *coo, int32_t row,
                              int32_t column);
diffmm_status diffmm__coo_add_entry(const diffmm_context *context, struct diffmm__coo *coo,
                                    const struct diffmm__coo_entry *entry);

/* From now on entries have ratings; those so far have `before`. Not for a list that has some. */
diffmm_status diffmm__coo_begin_ratings(const diffmm_context *context, struct diffmm__coo *coo,
                                        double before);

/* Entry i, whole. */
struct diffmm__coo_entry diffmm__coo_entry_at(const struct diffmm__coo *coo, size_t i);

/* Add all entries of `from`: they are copied, or, where there are none before them, exchanged for
 * the memory that was kept for some. Either way `from` is to be ended. */
diffmm_status diffmm__coo_take(const diffmm_context *context, struct diffmm__coo *coo,
                               struct diffmm__coo *from);

/* Keep the entries whose row and column are kept, in their order, under new numbers: row r becomes
 * rows[r], column c becomes columns[c]; negative: it goes. NULL keeps all, with their numbers. */
void diffmm__coo_renumber(struct diffmm__coo *coo, const int32_t *rows, const int32_t *columns);

/* Keep the entries that are not marked, or those whose mark is `kept`, in their order. */
void diffmm__coo_drop(struct diffmm__coo *coo, const bool *dropped);
void diffmm__coo_keep(struct diffmm__coo *coo, const unsigned char *marks, unsigned char kept);

#endif
