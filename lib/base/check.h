/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_CHECK_H
#define DIFFMM_BASE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/status.h>

/* Check numbers of users or items that a caller gave: the array is not NULL, and each number is at
 * least 0 and below `limit`. */
diffmm_status diffmm__check_numbers(const char *name, const int32_t *numbers, size_t count,
                                    size_t limit);

/* The same check against `total`, the number of things called `what` ("users", "items"). */
diffmm_status diffmm__check_known(const char *name, const int32_t *numbers, size_t count,
                                  size_t total, const char *what);

/* Check an array of floats that a caller gave: it is not NULL, and all are finite. */
diffmm_status diffmm__check_finite(const char *name, size_t count, const float *values);

/* Check that a size is within [least, most]. Rows, users and items are at most INT32_MAX and
 * columns at most diffmm__most_columns, so that no product of two of them overflows. */
enum { diffmm__most_columns = 1 << 24 };
diffmm_status diffmm__check_size(const char *name, size_t size, size_t least, size_t most);

#endif
