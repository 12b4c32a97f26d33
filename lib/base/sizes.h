/* SPDX-License-Identifier: BSD-2-Clause */
/* The lesser and the greater of two sizes; and products and sums of sizes that come from outside,
 * none of which wraps around. */
#ifndef DIFFMM_BASE_SIZES_H
#define DIFFMM_BASE_SIZES_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

static inline size_t diffmm__size_lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t diffmm__size_greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* a * b and a + b, or SIZE_MAX where the result is not a size_t: for sizes that are only compared
 * or reported. */
size_t diffmm__size_product(size_t a, size_t b);
size_t diffmm__size_sum(size_t a, size_t b);

/* DIFFMM_ERROR_INVALID_ARGUMENT where an array of rows x columns elements of `element` bytes
 * exceeds the address space; the message calls the two numbers by the given names. */
diffmm_status diffmm__size_check_array(const char *rows_name, size_t rows, const char *columns_name,
                                       size_t columns, size_t element);

#endif
