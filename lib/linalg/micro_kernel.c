/* SPDX-License-Identifier: BSD-2-Clause */
/* The tile's sums stay in registers, together with a row of b and a factor of a: enough sums to
 * hide the latency of a fused multiply-add, and enough rows and columns that loads keep up. */
#include "linalg/micro_kernel.h"

#include "linalg/lanes.h"

#if DIFFMM__VECTOR_BYTES == 64
enum { tile_rows = 16, tile_vectors = 1 };
#elif DIFFMM__VECTOR_BYTES == 32
enum { tile_rows = 6, tile_vectors = 2 };
#elif defined(__aarch64__)
enum { tile_rows = 8, tile_vectors = 3 };
#else
enum { tile_rows = 4, tile_vectors = 2 };
#endif
enum { tile_columns = tile_vectors * part_floats };

static void update(const vector sum[tile_rows][tile_vectors], float alpha, float beta, float *c,
                   ptrdiff_t row_step)
{
    for (size_t i = 0; i < tile_rows; i++, c += row_step)
        for (size_t v = 0; v < tile_vectors; v++) {
            vector *place = (vector *)(c + v * part_floats);
            vector value = alpha * sum[i][v];
            if (beta != 0.0f)
                value += beta * *place;
            *place = value;
        }
}

/* Update a part of a tile, or a tile whose rows have gaps, by way of a whole one without gaps. */
static void update_part(const vector sum[tile_rows][tile_vectors], size_t m, size_t n, float alpha,
                        float beta, float *c, ptrdiff_t row_step, ptrdiff_t column_step)
{
    float whole[tile_rows * tile_columns] = {0};
    if (beta != 0.0f)
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++)
                whole[i * tile_columns + j] =
                    c[(ptrdiff_t)i * row_step + (ptrdiff_t)j * column_step];
    update(sum, alpha, beta, whole, tile_columns);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            c[(ptrdiff_t)i * row_step + (ptrdiff_t)j * column_step] = whole[i * tile_columns + j];
}

static void kernel_tile(size_t m, size_t n, size_t k, float alpha, const float *restrict a,
                        const float *restrict b, float beta, float *c, ptrdiff_t row_step,
                        ptrdiff_t column_step)
{
    enum { ahead = 8 * tile_columns };
    vector sum[tile_rows][tile_vectors];
    for (size_t i = 0; i < tile_rows; i++)
        for (size_t v = 0; v < tile_vectors; v++)
            sum[i][v] = (vector){0};
    for (size_t i = 0; i < m; i++)
        __builtin_prefetch(c + (ptrdiff_t)i * row_step, 1);
    for (; k > 0; k--, a += tile_rows, b += tile_columns) {
        vector row[tile_vectors];
        for (size_t v = 0; v < tile_vectors; v++)
            row[v] = *(const vector *)(b + v * part_floats);
        __builtin_prefetch(b + ahead);
        for (size_t i = 0; i < tile_rows; i++)
            for (size_t v = 0; v < tile_vectors; v++)
                sum[i][v] = fused_part(a[i], row[v], sum[i][v]);
    }
    if (m == tile_rows && n == tile_columns && column_step == 1)
        update(sum, alpha, beta, c, row_step);
    else
        update_part(sum, m, n, alpha, beta, c, row_step, column_step);
}

/* Called with constant width. */
static inline __attribute__((always_inline)) void pack_width(size_t width, size_t n, size_t k,
                                                             float factor, const float *restrict x,
                                                             ptrdiff_t step, ptrdiff_t k_step,
                                                             float *restrict out)
{
    if (n < width || factor != 1.0f)
        for (; k > 0; k--, x += k_step, out += width)
            for (size_t i = 0; i < width; i++)
                out[i] = i < n ? factor * x[(ptrdiff_t)i * step] : 0.0f;
    else if (step == 1)
        for (; k > 0; k--, x += k_step, out += width)
            memcpy(out, x, width * sizeof *out);
    else
        for (; k > 0; k--, x += k_step, out += width)
            for (size_t i = 0; i < width; i++)
                out[i] = x[(ptrdiff_t)i * step];
}

static void kernel_pack(size_t width, size_t n, size_t k, float factor, const float *x,
                        ptrdiff_t step, ptrdiff_t k_step, float *out)
{
    if (width == tile_rows)
        pack_width(tile_rows, n, k, factor, x, step, k_step, out);
    else
        pack_width(tile_columns, n, k, factor, x, step, k_step, out);
}

extern const struct diffmm__micro_kernel DIFFMM__PASTE(diffmm__micro_kernel_, DIFFMM__VARIANT);
const struct diffmm__micro_kernel DIFFMM__PASTE(diffmm__micro_kernel_, DIFFMM__VARIANT) = {
    .rows = tile_rows,
    .columns = tile_columns,
    .multiply = kernel_tile,
    .pack = kernel_pack,
};
