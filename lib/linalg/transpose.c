/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/transpose.h"

#include "base/pool.h"

struct transpose {
    size_t columns, x_stride, y_stride;
    const float *x;
    float *y;
};

/* In squares that fit into the first-level cache, on both sides. */
static void transpose_range(void *argument, size_t begin, size_t end)
{
    const struct transpose *t = argument;
    enum { square = 32 };
    for (size_t c0 = 0; c0 < t->columns; c0 += square) {
        size_t c1 = c0 + square < t->columns ? c0 + square : t->columns;
        for (size_t r = begin; r < end; r++)
            for (size_t c = c0; c < c1; c++)
                t->y[c * t->y_stride + r] = t->x[r * t->x_stride + c];
    }
}

void diffmm__transpose(const diffmm_context *context, size_t rows, size_t columns, const float *x,
                       size_t x_stride, float *y, size_t y_stride)
{
    struct transpose t = {
        .columns = columns, .x_stride = x_stride, .y_stride = y_stride, .x = x, .y = y};
    diffmm__parallel_ranges(context, rows, 32, transpose_range, &t);
}
