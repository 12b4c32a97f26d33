/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of numbers, sorted into rows. */
#ifndef DIFFMM_DATASET_ROWS_H
#define DIFFMM_DATASET_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* A users x items binary matrix by rows: items[pointers[u]] .. [pointers[u + 1] - 1], ascending. */
struct diffmm__rows {
    int64_t *pointers;
    int32_t *items;
};

/* Rows from `count` pairs in any order, in time linear in count, users and items; repeated pairs
 * become one. Every user[i] is below users, every item[i] below items. */
diffmm_status diffmm__rows_build(const diffmm_context *context, size_t users, size_t items,
                                 size_t count, const int32_t *user, const int32_t *item,
                                 struct diffmm__rows *out);
void diffmm__rows_end(const diffmm_context *context, struct diffmm__rows *rows);

/* Whether `item` is in row `user`. */
bool diffmm__rows_contain(const struct diffmm__rows *rows, int32_t user, int32_t item);

#endif
