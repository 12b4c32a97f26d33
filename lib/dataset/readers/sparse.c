/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/sparse.h"

#include <math.h>

#include "base/sizes.h"
#include "base/status.h"
#include "dataset/readers/npy_values.h"

/* Elements read at once. */
enum { block = 1024 };

static diffmm_status check_kind(const struct diffmm__sparse_array *part)
{
    if (part->array.dimensions != 1)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it has %zu dimensions, not 1", part->name,
                            part->array.dimensions);
    if (part->array.kind == 'S' || part->array.kind == 'U')
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it holds text, not numbers", part->name);
    return DIFFMM_OK;
}

/* A matrix may have empty rows and columns, but a small file that claims billions of them is
 * broken: later steps take memory for each. */
static diffmm_status check_shape(const struct diffmm__sparse_parts *parts, size_t file_size,
                                 const char *name)
{
    int64_t most = file_size < INT32_MAX / 64 ? 1000000 + 64 * (int64_t)file_size : INT32_MAX;
    most = most < INT32_MAX ? most : INT32_MAX;
    if (parts->rows < 0 || parts->columns < 0 || parts->rows > most || parts->columns > most)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: a matrix of %lld x %lld cannot be in a file of %zu bytes", name,
                            (long long)parts->rows, (long long)parts->columns, file_size);
    diffmm_status status = check_kind(&parts->row);
    if (!status)
        status = check_kind(&parts->column);
    if (!status)
        status = check_kind(&parts->data);
    if (status)
        return status;
    size_t rows = parts->row.array.count, columns = parts->column.array.count,
           values = parts->data.array.count;
    if (columns != values)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu column numbers, but %zu values", name,
                            columns, values);
    size_t wanted = parts->csr ? (size_t)parts->rows + 1 : values;
    if (rows != wanted)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu row %s, but %zu belong there", name, rows,
                            parts->csr ? "pointers" : "numbers", wanted);
    return DIFFMM_OK;
}

/* The next `count` elements of an array, which are those from `first` on. */
static diffmm_status read_block(const struct diffmm__sparse_array *part, size_t first, size_t count,
                                struct diffmm__npy *out)
{
    *out = part->array;
    out->dimensions = 1;
    out->first = first;
    out->shape[0] = out->count = count;
    return part->next(part->source, count * out->item_size, &out->data);
}

static diffmm_status read_integers(const struct diffmm__sparse_array *part, size_t first,
                                   size_t count, int64_t *out)
{
    struct diffmm__npy array;
    diffmm_status status = read_block(part, first, count, &array);
    return status ? status : diffmm__npy_values_as_int64(&array, part->name, out);
}

/* The first `count` numbers of an array, each below `bound`. */
static diffmm_status read_places(const struct diffmm__sparse_array *part, size_t count,
                                 int64_t bound, const char *what, int32_t *out)
{
    int64_t numbers[block];
    for (size_t first = 0; first < count; first += block) {
        size_t some = diffmm__size_lesser(count - first, block);
        diffmm_status status = read_integers(part, first, some, numbers);
        if (status)
            return status;
        for (size_t i = 0; i < some; i++) {
            if (numbers[i] < 0 || numbers[i] >= bound)
                return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                    "%s: entry %zu is in %s %lld, but there are %lld", part->name,
                                    first + i, what, (long long)numbers[i], (long long)bound);
            out[first + i] = (int32_t)numbers[i];
        }
    }
    return part->finish(part->source);
}

/* From csr row pointers to a row number for each of `count` entries. */
static diffmm_status read_pointers(const struct diffmm__sparse_parts *parts, size_t count,
                                   int32_t *row)
{
    const struct diffmm__sparse_array *part = &parts->row;
    int64_t numbers[block], at = 0;
    for (size_t first = 0; first < part->array.count; first += block) {
        size_t some = diffmm__size_lesser(part->array.count - first, block);
        diffmm_status status = read_integers(part, first, some, numbers);
        if (status)
            return status;
        for (size_t i = 0; i < some; i++) {
            size_t r = first + i; /* where row r begins, and the one before it ends */
            if (numbers[i] < at || numbers[i] > (r == 0 ? 0 : (int64_t)count))
                return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                    "%s: the pointers of row %zu are wrong: %lld comes after %lld, "
                                    "of %zu values",
                                    part->name, r == 0 ? 0 : r - 1, (long long)numbers[i],
                                    (long long)at, count);
            for (; at < numbers[i]; at++)
                row[at] = (int32_t)(r - 1);
        }
    }
    if (at != (int64_t)count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: %zu values, but its rows hold %lld; scipy's prune() takes the "
                            "others away",
                            part->name, count, (long long)at);
    return part->finish(part->source);
}

/* Keep the entries whose value is not 0. Values other than 1 are ratings, and then all are. */
static diffmm_status read_values(const diffmm_context *context,
                                 const struct diffmm__sparse_array *part, size_t count,
                                 struct diffmm__sparse *sparse)
{
    struct diffmm__coo *entries = &sparse->entries;
    double values[block];
    for (size_t first = 0; first < count; first += block) {
        struct diffmm__npy array;
        diffmm_status status =
            read_block(part, first, diffmm__size_lesser(count - first, block), &array);
        if (!status)
            status = diffmm__npy_values_as_double(&array, part->name, values);
        if (status)
            return status;
        for (size_t i = 0; i < array.count; i++) {
            if (!isfinite(values[i]))
                return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                    "%s: the value of entry %zu is not finite", part->name,
                                    first + i);
            if (!entries->rating && values[i] != 0 && values[i] != 1)
                status = diffmm__coo_begin_ratings(context, entries, 1);
            if (status)
                return status;
            sparse->zeros += values[i] == 0;
            sparse->negatives += values[i] < 0;
            entries->row[entries->count] = entries->row[first + i];
            entries->column[entries->count] = entries->column[first + i];
            if (entries->rating)
                entries->rating[entries->count] = values[i];
            entries->count += values[i] != 0;
        }
    }
    return part->finish(part->source);
}

static diffmm_status read_entries(const diffmm_context *context,
                                  const struct diffmm__sparse_parts *parts,
                                  struct diffmm__sparse *sparse)
{
    size_t count = parts->data.array.count;
    diffmm_status status =
        parts->csr ? read_pointers(parts, count, sparse->entries.row)
                   : read_places(&parts->row, count, parts->rows, "row", sparse->entries.row);
    if (!status)
        status =
            read_places(&parts->column, count, parts->columns, "column", sparse->entries.column);
    return status ? status : read_values(context, &parts->data, count, sparse);
}

diffmm_status diffmm__sparse_build(const diffmm_context *context,
                                   const struct diffmm__sparse_parts *parts, size_t file_size,
                                   const char *name, struct diffmm__sparse *out)
{
    diffmm_status status = check_shape(parts, file_size, name);
    if (status)
        return status;
    struct diffmm__sparse sparse = {.rows = (size_t)parts->rows, .columns = (size_t)parts->columns};
    status = diffmm__coo_begin(context, parts->data.array.count, &sparse.entries);
    if (!status)
        status = read_entries(context, parts, &sparse);
    if (status) {
        diffmm__sparse_end(context, &sparse);
        return status;
    }
    *out = sparse;
    return DIFFMM_OK;
}

void diffmm__sparse_end(const diffmm_context *context, struct diffmm__sparse *sparse)
{
    diffmm__coo_end(context, &sparse->entries);
    *sparse = (struct diffmm__sparse){0};
}
