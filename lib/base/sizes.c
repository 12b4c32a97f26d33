/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sizes.h"

#include <stdint.h>

#include "base/status.h"

size_t diffmm__size_product(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

size_t diffmm__size_sum(size_t a, size_t b)
{
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

/* An object's bytes are at most PTRDIFF_MAX, so that pointers into it can be subtracted. */
diffmm_status diffmm__size_check_array(const char *rows_name, size_t rows, const char *columns_name,
                                       size_t columns, size_t element)
{
    size_t bytes = diffmm__size_product(diffmm__size_product(rows, columns), element);
    if (bytes <= PTRDIFF_MAX)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "%s is %zu and %s %zu: so many elements exceed the address space",
                        rows_name, rows, columns_name, columns);
}
