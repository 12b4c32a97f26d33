/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of features as a mapped file has them: of any of three types, in any order. They are
 * converted where they are used. */
#ifndef DIFFMM_DATASET_STORED_ROWS_H
#define DIFFMM_DATASET_STORED_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum diffmm__stored_type { DIFFMM__STORED_F32, DIFFMM__STORED_F16, DIFFMM__STORED_BF16 };

struct diffmm__stored_rows {
    const unsigned char *data; /* rows x dimensions, little-endian, without gaps; NULL: none */
    enum diffmm__stored_type type;
    size_t dimensions;
    const int32_t *order; /* the row of each item, -1 for zeros; NULL: rows are items */
};

/* Features first .. first + count - 1 of an item, as floats. */
void diffmm__stored_rows_part(const struct diffmm__stored_rows *rows, size_t item, size_t first,
                              size_t count, float *out);

/* All features of `count` items from `first` on. */
void diffmm__stored_rows_load(const struct diffmm__stored_rows *rows, size_t first, size_t count,
                              float *out);

#endif
