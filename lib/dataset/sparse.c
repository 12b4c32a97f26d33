/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/sparse.h"

#include <math.h>

#include "base/memory.h"
#include "base/status.h"

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
    if (parts->row.dimensions != 1 || parts->column.dimensions != 1 || parts->data.dimensions != 1)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: its arrays do not have one dimension", name);
    if (parts->column.count != parts->data.count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu column numbers, but %zu values", name,
                            parts->column.count, parts->data.count);
    size_t wanted = parts->csr ? (size_t)parts->rows + 1 : parts->data.count;
    if (parts->row.count != wanted)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu row %s, but %zu belong there", name,
                            parts->row.count, parts->csr ? "pointers" : "numbers", wanted);
    return DIFFMM_OK;
}

struct numbers {
    int64_t *row, *column; /* row has a number for each entry, also of a csr matrix */
    double *data;
};

/* From csr row pointers to a row number for each of `count` entries. */
static diffmm_status spread_pointers(size_t rows, const int64_t *pointers, size_t count,
                                     const char *name, int64_t *row)
{
    int64_t at = 0;
    for (size_t r = 0; r < rows; r++) {
        if (pointers[r] != at || pointers[r + 1] < at || pointers[r + 1] > (int64_t)count)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the pointers of row %zu are wrong", name,
                                r);
        for (; at < pointers[r + 1]; at++)
            row[at] = (int64_t)r;
    }
    if (at != (int64_t)count)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu values, but its rows hold %lld", name,
                            count, (long long)at);
    return DIFFMM_OK;
}

static diffmm_status read_numbers(struct diffmm__arena *arena,
                                  const struct diffmm__sparse_parts *parts, const char *name,
                                  struct numbers *numbers)
{
    size_t count = parts->data.count;
    int64_t *given = diffmm__arena_take(arena, parts->row.count, sizeof *given);
    numbers->column = diffmm__arena_take(arena, count, sizeof *numbers->column);
    numbers->data = diffmm__arena_take(arena, count, sizeof *numbers->data);
    numbers->row = parts->csr ? diffmm__arena_take(arena, count, sizeof *numbers->row) : given;
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = diffmm__npy_to_int64(&parts->row, name, given);
    if (!status)
        status = diffmm__npy_to_int64(&parts->column, name, numbers->column);
    if (!status)
        status = diffmm__npy_to_double(&parts->data, name, numbers->data);
    if (!status && parts->csr)
        status = spread_pointers((size_t)parts->rows, given, count, name, numbers->row);
    return status;
}

static diffmm_status keep_entries(const struct diffmm__sparse_parts *parts,
                                  const struct numbers *numbers, const char *name,
                                  struct diffmm__sparse *sparse)
{
    for (size_t i = 0; i < parts->data.count; i++) {
        int64_t row = numbers->row[i], column = numbers->column[i];
        if (row < 0 || row >= parts->rows || column < 0 || column >= parts->columns)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s: entry %zu is at (%lld, %lld) in a matrix of %lld x %lld", name,
                                i, (long long)row, (long long)column, (long long)parts->rows,
                                (long long)parts->columns);
        if (!isfinite(numbers->data[i]))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "%s: the value of entry %zu is not finite",
                                name, i);
        if (numbers->data[i] != 0) {
            sparse->row[sparse->count] = (int32_t)row;
            sparse->column[sparse->count++] = (int32_t)column;
        }
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__sparse_build(const diffmm_context *context,
                                   const struct diffmm__sparse_parts *parts, size_t file_size,
                                   const char *name, struct diffmm__sparse *out)
{
    diffmm_status status = check_shape(parts, file_size, name);
    if (status)
        return status;
    struct diffmm__sparse sparse = {.rows = (size_t)parts->rows, .columns = (size_t)parts->columns};
    struct numbers numbers;
    struct diffmm__arena arena = diffmm__arena_on(context);
    size_t count = parts->data.count;
    sparse.row = diffmm__allocate(context, count, sizeof *sparse.row);
    sparse.column = sparse.row ? diffmm__allocate(context, count, sizeof *sparse.column) : NULL;
    status = sparse.column ? read_numbers(&arena, parts, name, &numbers) : DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = keep_entries(parts, &numbers, name, &sparse);
    diffmm__arena_end(&arena);
    if (status) {
        diffmm__sparse_end(context, &sparse);
        return status;
    }
    *out = sparse;
    return DIFFMM_OK;
}

void diffmm__sparse_end(const diffmm_context *context, struct diffmm__sparse *sparse)
{
    diffmm__release(context, sparse->row);
    diffmm__release(context, sparse->column);
    *sparse = (struct diffmm__sparse){0};
}
