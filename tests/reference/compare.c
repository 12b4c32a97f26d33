/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dataset/readers/npy_values.h"

/* The bound that compare.h states. A sum of large terms that cancel carries their rounding error,
 * in the reference as in the library, so that near zero nothing finer than the array's scale can be
 * asked for. (One number of the reference needs this: denoiser_norm1's grad_w_in[572] is 0.00644986
 * in float64; the reference says 0.00644815, the library 0.00644958; the array's root mean square
 * is 14.) */
static const double relative = 1e-4, absolute = 1e-6, rounding = 0x1p-22;

static double near_zero(const struct array *array)
{
    double squares = 0.0;
    for (size_t i = 0; i < array->count; i++)
        squares += array->values[i] * array->values[i];
    return fmax(absolute, rounding * sqrt(squares / fmax(1.0, (double)array->count)));
}

void must(diffmm_status status, const char *call)
{
    if (status != DIFFMM_OK)
        ck_abort_msg("%s: %s: %s", call, diffmm_status_name(status), diffmm_error_message());
}

static void *take(struct reference *reference, size_t count, size_t size)
{
    void *memory = diffmm__arena_take_zero(&reference->arena, count, size);
    if (!memory)
        ck_abort_msg("%s: no memory", reference->file);
    return memory;
}

static void read_array(struct reference *reference, struct array *array, const char *name)
{
    struct diffmm__npz_member *member;
    struct diffmm__npy npy;
    must(diffmm__npz_member_open(reference->archive, name, &member, &npy), name);
    unsigned char *data = take(reference, npy.count, npy.item_size);
    must(diffmm__npz_member_read(member, data, npy.count * npy.item_size), name);
    must(diffmm__npz_member_finish(member), name);
    diffmm__npz_member_destroy(member);
    npy.data = data;
    array->name = name;
    array->dimensions = npy.dimensions;
    memcpy(array->shape, npy.shape, sizeof array->shape);
    array->count = npy.count;
    array->values = take(reference, npy.count, sizeof *array->values);
    must(diffmm__npy_values_as_double(&npy, name, array->values), name);
}

/* The name of an array: that of its member without ".npy". */
static const char *array_name(struct reference *reference, const char *name, size_t length)
{
    char *copy = take(reference, length + 1, 1);
    memcpy(copy, name, length);
    if (length > 4 && strcmp(copy + length - 4, ".npy") == 0)
        copy[length - 4] = 0;
    return copy;
}

void reference_open(struct reference *reference, const char *folder, const char *file)
{
    *reference =
        (struct reference){.folder = folder, .file = file, .arena = diffmm__arena_on(NULL)};
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, file);
    ck_assert_msg(length > 0 && (size_t)length < sizeof path, "%s: path too long", file);
    must(diffmm__npz_open(NULL, path, &reference->archive), path);

    const char *name;
    size_t place = 0, size;
    while (diffmm__npz_next(reference->archive, &place, &name, &size))
        reference->count++;
    reference->arrays = take(reference, reference->count, sizeof *reference->arrays);
    place = 0;
    for (size_t i = 0; diffmm__npz_next(reference->archive, &place, &name, &size); i++)
        read_array(reference, &reference->arrays[i], array_name(reference, name, size));
}

void reference_close(struct reference *reference)
{
    diffmm__arena_end(&reference->arena);
    if (reference->archive)
        diffmm__npz_destroy(reference->archive);
    *reference = (struct reference){.arena = diffmm__arena_on(NULL)};
}

void reference_finish(struct reference *reference)
{
    size_t unused = 0;
    for (size_t i = 0; i < reference->count; i++) {
        if (reference->arrays[i].used)
            continue;
        fprintf(stderr, "%s: nothing looks at the array '%s'\n", reference->file,
                reference->arrays[i].name);
        unused++;
    }
    ck_assert_msg(unused == 0 && reference->mismatches == 0,
                  "%s: %zu arrays differ, %zu are unknown", reference->file, reference->mismatches,
                  unused);
}

static struct array *find(const struct reference *reference, const char *name)
{
    for (size_t i = 0; i < reference->count; i++)
        if (strcmp(reference->arrays[i].name, name) == 0)
            return &reference->arrays[i];
    return NULL;
}

bool reference_has(const struct reference *reference, const char *name)
{
    return find(reference, name) != NULL;
}

struct array *reference_array(struct reference *reference, const char *format, ...)
{
    char name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    struct array *array = find(reference, name);
    if (!array)
        ck_abort_msg("%s: there is no array '%s'", reference->file, name);
    array->used = true;
    return array;
}

double reference_number(struct reference *reference, const char *name)
{
    struct array *array = reference_array(reference, "%s", name);
    ck_assert_msg(array->count == 1, "%s: '%s' is not one number", reference->file, name);
    return array->values[0];
}

double reference_number_or(struct reference *reference, const char *name, double otherwise)
{
    return reference_has(reference, name) ? reference_number(reference, name) : otherwise;
}

size_t reference_size(struct reference *reference, const char *name)
{
    double value = reference_number(reference, name);
    ck_assert_msg(value >= 0 && value <= 1e9, "%s: '%s' is %g", reference->file, name, value);
    return (size_t)value;
}

float *reference_room(struct reference *reference, size_t count)
{
    float *room = diffmm__arena_take_zero(&reference->arena, count, sizeof *room);
    ck_assert_msg(room != NULL, "%s: no memory", reference->file);
    return room;
}

const float *as_floats(struct reference *reference, const struct array *array)
{
    float *values = reference_room(reference, array->count);
    for (size_t i = 0; i < array->count; i++)
        values[i] = (float)array->values[i];
    return values;
}

const int32_t *as_integers(struct reference *reference, const struct array *array)
{
    int32_t *values = diffmm__arena_take(&reference->arena, array->count, sizeof *values);
    ck_assert_msg(values != NULL, "%s: no memory", reference->file);
    for (size_t i = 0; i < array->count; i++) {
        double value = array->values[i];
        ck_assert_msg(value == rint(value) && fabs(value) <= INT32_MAX, "%s: %s[%zu] is %g",
                      reference->file, array->name, i, value);
        values[i] = (int32_t)value;
    }
    return values;
}

/* Compare with values that `got` gives one by one, within `tolerance` times the usual one. */
static void expect(struct reference *reference, const struct array *array, size_t rows,
                   size_t columns, double tolerance, double (*at)(const void *, size_t),
                   const void *got)
{
    bool fits = array->count == rows * columns &&
                (array->dimensions < 2 || array->shape[array->dimensions - 1] == columns);
    ck_assert_msg(fits, "%s: '%s' has %zu numbers, the library's answer is %zu x %zu",
                  reference->file, array->name, array->count, rows, columns);
    size_t wrong = 0;
    double least = near_zero(array);
    for (size_t i = 0; i < array->count; i++) {
        double expected = array->values[i], answer = at(got, i);
        ck_assert_msg(isfinite(expected), "%s: %s[%zu] is not finite", reference->file, array->name,
                      i);
        double allowed = tolerance * fmax(least, relative * fabs(expected));
        if (fabs(answer - expected) <= allowed) /* false for NaN */
            continue;
        if (wrong++ == 0)
            fprintf(stderr, "%s: %s[%zu]: expected %.9g, got %.9g\n", reference->file, array->name,
                    i, expected, answer);
    }
    if (wrong) {
        fprintf(stderr, "%s: %s: %zu of %zu numbers differ\n", reference->file, array->name, wrong,
                array->count);
        reference->mismatches++;
    }
}

static double float_at(const void *values, size_t index)
{
    return ((const float *)values)[index];
}

static double double_at(const void *values, size_t index)
{
    return ((const double *)values)[index];
}

static double integer_at(const void *values, size_t index)
{
    return ((const int32_t *)values)[index];
}

void expect_floats(struct reference *reference, const struct array *array, size_t rows,
                   size_t columns, const float *got)
{
    expect(reference, array, rows, columns, 1, float_at, got);
}

void expect_doubles(struct reference *reference, const struct array *array, size_t rows,
                    size_t columns, const double *got)
{
    expect(reference, array, rows, columns, 1, double_at, got);
}

void expect_integers(struct reference *reference, const struct array *array, size_t rows,
                     size_t columns, const int32_t *got)
{
    expect(reference, array, rows, columns, 0, integer_at, got);
}

void expect_number(struct reference *reference, const char *name, double got)
{
    expect_doubles(reference, reference_array(reference, "%s", name), 1, 1, &got);
}
