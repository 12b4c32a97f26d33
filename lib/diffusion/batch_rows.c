/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/batch_rows.h"

#include <math.h>

#include "linalg/kernels.h"

void diffmm__batch_rows_add(const struct diffmm__batch_rows *rows, size_t b, float scale,
                            float *dense)
{
    size_t row = diffmm__batch_rows_row(rows, b);
    for (int64_t e = rows->matrix.pointers[row]; e < rows->matrix.pointers[row + 1]; e++)
        dense[rows->matrix.indices[e]] +=
            rows->matrix.values ? scale * rows->matrix.values[e] : scale;
}

void diffmm__batch_rows_gather(const struct diffmm__batch_rows *rows, size_t b, float scale,
                               size_t d, const float *matrix, float *y)
{
    size_t row = diffmm__batch_rows_row(rows, b);
    for (int64_t e = rows->matrix.pointers[row]; e < rows->matrix.pointers[row + 1]; e++)
        diffmm__kernels()->add_scaled(d,
                                      rows->matrix.values ? scale * rows->matrix.values[e] : scale,
                                      matrix + (size_t)rows->matrix.indices[e] * d, y);
}

void diffmm__batch_rows_mask(const struct diffmm__batch_rows *rows, size_t b, size_t first,
                             size_t width, float *x)
{
    const struct diffmm__csr *matrix = &rows->matrix;
    size_t row = diffmm__batch_rows_row(rows, b);
    int64_t e = rows->ascending ? diffmm__csr_lower_bound(matrix, row, (int32_t)first)
                                : matrix->pointers[row];
    for (; e < matrix->pointers[row + 1]; e++) {
        size_t item = (size_t)matrix->indices[e];
        if (item >= first && item < first + width)
            x[item - first] = NAN;
        else if (rows->ascending)
            break;
    }
}

size_t diffmm__batch_rows_entries(const struct diffmm__batch_rows *rows, size_t count)
{
    size_t entries = 0;
    for (size_t b = 0; b < count; b++)
        entries += diffmm__csr_row_entries(&rows->matrix, diffmm__batch_rows_row(rows, b));

    return entries;
}

diffmm_status diffmm__batch_rows_from_dense(struct diffmm__arena *arena, size_t rows, size_t items,
                                            const float *dense, struct diffmm__batch_rows *out)
{
    size_t entries = 0;
    for (size_t i = 0; i < rows * items; i++)
        entries += dense[i] != 0.0f;
    struct diffmm__csr csr;
    diffmm__csr_take(arena, rows, items, entries, true, &csr);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    int64_t place = 0;
    for (size_t b = 0; b < rows; b++) {
        csr.pointers[b] = place;
        for (size_t i = 0; i < items; i++)
            if (dense[b * items + i] != 0.0f) {
                csr.indices[place] = (int32_t)i;
                csr.values[place++] = dense[b * items + i];
            }
    }
    csr.pointers[rows] = place;
    *out = (struct diffmm__batch_rows){.matrix = csr, .ascending = true};
    return DIFFMM_OK;
}
