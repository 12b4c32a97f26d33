/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/batch_rows.h"

#include "linalg/kernels.h"

void diffmm__batch_rows_add(const struct diffmm__batch_rows *rows, size_t b, float scale,
                            float *dense)
{
    size_t row = diffmm__batch_rows_row(rows, b);
    for (int64_t e = rows->pointers[row]; e < rows->pointers[row + 1]; e++)
        dense[rows->items[e]] += rows->values ? scale * rows->values[e] : scale;
}

void diffmm__batch_rows_gather(const struct diffmm__batch_rows *rows, size_t b, float scale,
                               size_t d, const float *matrix, float *y)
{
    size_t row = diffmm__batch_rows_row(rows, b);
    for (int64_t e = rows->pointers[row]; e < rows->pointers[row + 1]; e++)
        diffmm__kernels()->add_scaled(d, rows->values ? scale * rows->values[e] : scale,
                                      matrix + (size_t)rows->items[e] * d, y);
}

size_t diffmm__batch_rows_entries(const struct diffmm__batch_rows *rows, size_t count)
{
    size_t entries = 0;
    for (size_t b = 0; b < count; b++) {
        size_t row = diffmm__batch_rows_row(rows, b);
        entries += (size_t)(rows->pointers[row + 1] - rows->pointers[row]);
    }
    return entries;
}

diffmm_status diffmm__batch_rows_from_dense(struct diffmm__arena *arena, size_t rows, size_t items,
                                            const float *dense, struct diffmm__batch_rows *out)
{
    size_t entries = 0;
    for (size_t i = 0; i < rows * items; i++)
        entries += dense[i] != 0.0f;
    int64_t *pointers = diffmm__arena_take(arena, rows + 1, sizeof *pointers);
    int32_t *columns = diffmm__arena_take(arena, entries, sizeof *columns);
    float *values = diffmm__arena_take(arena, entries, sizeof *values);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    int64_t place = 0;
    for (size_t b = 0; b < rows; b++) {
        pointers[b] = place;
        for (size_t i = 0; i < items; i++)
            if (dense[b * items + i] != 0.0f) {
                columns[place] = (int32_t)i;
                values[place++] = dense[b * items + i];
            }
    }
    pointers[rows] = place;
    *out = (struct diffmm__batch_rows){
        .pointers = pointers, .items = columns, .values = values, .ascending = true};
    return DIFFMM_OK;
}
