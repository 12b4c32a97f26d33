/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/npy_values.h"

#include <math.h>
#include <string.h>

#include "base/numbers.h"
#include "base/status.h"

/* The bytes of an element as an unsigned number. */
static uint64_t bits(const struct diffmm__npy *array, size_t index)
{
    const unsigned char *bytes = array->data + index * array->item_size;
    size_t size = array->item_size;
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[array->big_endian ? i : size - 1 - i];
    return value;
}

static int64_t sign_extended(uint64_t value, size_t size)
{
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    value = (value ^ sign) - sign;
    int64_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

static double real(const struct diffmm__npy *array, size_t index)
{
    uint64_t pattern = bits(array, index);
    switch (array->kind) {
    case 'i': return (double)sign_extended(pattern, array->item_size);
    case 'u': return (double)pattern;
    case 'b': return pattern ? 1 : 0;
    default: break;
    }
    if (array->kind == 'B')
        return (double)diffmm__bfloat16((uint32_t)pattern);
    if (array->item_size == 2)
        return (double)diffmm__half((uint32_t)pattern);
    if (array->item_size == 4)
        return (double)diffmm__float_of_bits((uint32_t)pattern);
    double value;
    memcpy(&value, &pattern, sizeof value);
    return value;
}

/* Half a step above the largest float: from here on a double rounds to infinity. */
static const double beyond_float = 0x1.ffffffp127;

/* Walks the elements in C order: the index of each in the order they are stored in. */
struct walk {
    const struct diffmm__npy *array;
    size_t at[DIFFMM__NPY_MAX_DIMENSIONS];
    size_t step[DIFFMM__NPY_MAX_DIMENSIONS];
    size_t index;
};

static struct walk start(const struct diffmm__npy *array)
{
    struct walk walk = {.array = array};
    size_t step = 1;
    for (size_t i = 0; i < array->dimensions; i++) {
        size_t axis = array->fortran_order ? i : array->dimensions - 1 - i;
        walk.step[axis] = step;
        step *= array->shape[axis];
    }
    return walk;
}

static void advance(struct walk *walk)
{
    for (size_t axis = walk->array->dimensions; axis-- > 0;) {
        walk->index += walk->step[axis];
        if (++walk->at[axis] < walk->array->shape[axis])
            return;
        walk->index -= walk->step[axis] * walk->array->shape[axis];
        walk->at[axis] = 0;
    }
}

static diffmm_status check_number(const struct diffmm__npy *array, const char *name)
{
    if (array->kind == 'S' || array->kind == 'U')
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it holds text, not numbers", name);
    return DIFFMM_OK;
}

diffmm_status diffmm__npy_values_as_float(const struct diffmm__npy *array, const char *name,
                                          float *out)
{
    diffmm_status status = check_number(array, name);
    if (status)
        return status;
    struct walk walk = start(array);
    for (size_t i = 0; i < array->count; i++, advance(&walk)) {
        double value = real(array, walk.index);
        if (isfinite(value) && fabs(value) >= beyond_float)
            return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                "%s: element %zu is beyond the range of float32", name,
                                array->first + i);
        out[i] = (float)value;
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__npy_values_as_double(const struct diffmm__npy *array, const char *name,
                                           double *out)
{
    diffmm_status status = check_number(array, name);
    if (status)
        return status;
    struct walk walk = start(array);
    for (size_t i = 0; i < array->count; i++, advance(&walk))
        out[i] = real(array, walk.index);
    return DIFFMM_OK;
}

/* 2^63 is a double, the largest int64 is not. */
static bool integer(const struct diffmm__npy *array, size_t index, int64_t *out)
{
    if (array->kind == 'f') {
        double value = real(array, index);
        if (!diffmm__within(value, -0x1p63, 0x1p63) || (double)(int64_t)value != value)
            return false;
        *out = (int64_t)value;
        return true;
    }
    uint64_t pattern = bits(array, index);
    if (array->kind == 'i')
        *out = sign_extended(pattern, array->item_size);
    else if (pattern <= INT64_MAX)
        *out = array->kind == 'b' ? pattern != 0 : (int64_t)pattern;
    else
        return false;
    return true;
}

diffmm_status diffmm__npy_values_as_int64(const struct diffmm__npy *array, const char *name,
                                          int64_t *out)
{
    diffmm_status status = check_number(array, name);
    if (status)
        return status;
    struct walk walk = start(array);
    for (size_t i = 0; i < array->count; i++, advance(&walk))
        if (!integer(array, walk.index, &out[i]))
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: element %zu is not a 64-bit integer",
                                name, array->first + i);
    return DIFFMM_OK;
}
