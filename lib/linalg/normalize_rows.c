/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/normalize_rows.h"

#include <math.h>

#include "base/numbers.h"
#include "base/pool.h"
#include "linalg/kernels.h"

enum { grain = 128 };

struct normalize {
    const struct diffmm__vector_kernels *kernels;
    size_t d, x_stride, y_stride;
    const float *x;
    float *y, *norms;
};

/* ||x||, at least 1e-12; NaN or infinite if x is. */
static double norm_of(const struct diffmm__vector_kernels *kernels, size_t d, const float *x)
{
    double norm = sqrt(kernels->dot(d, x, x));
    return isless(norm, 1e-12) ? 1e-12 : norm;
}

/* y = x / norm, by multiplication with the inverse unless the norm is so large that the inverse
 * loses digits. */
static void divide(const struct diffmm__vector_kernels *kernels, size_t d, const float *x,
                   double norm, float *y)
{
    if (isless(norm, 1e37)) {
        kernels->scale_to(d, (float)(1.0 / norm), x, y);
        return;
    }
    for (size_t j = 0; j < d; j++)
        y[j] = (float)((double)x[j] / norm);
}

static void normalize_range(void *argument, size_t begin, size_t end)
{
    const struct normalize *n = argument;
    for (size_t r = begin; r < end; r++) {
        const float *x = n->x + r * n->x_stride;
        float *y = n->y + r * n->y_stride;
        double norm = norm_of(n->kernels, n->d, x);
        divide(n->kernels, n->d, x, norm, y);
        if (n->norms)
            n->norms[r] = diffmm__narrow(norm);
    }
}

void diffmm__normalize_rows(const diffmm_context *context, size_t rows, size_t d, const float *x,
                            size_t x_stride, float *y, size_t y_stride, float *norms)
{
    struct normalize n = {.kernels = diffmm__kernels(),
                          .d = d,
                          .x_stride = x_stride,
                          .y_stride = y_stride,
                          .x = x,
                          .y = y,
                          .norms = norms};
    diffmm__parallel_ranges(context, rows, grain, normalize_range, &n);
}

void diffmm__normalize_row(size_t d, float *x)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    divide(kernels, d, x, norm_of(kernels, d, x), x);
}

double diffmm__largest_norm(size_t rows, size_t d, const float *x)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    double largest = 0.0;
    for (size_t r = 0; r < rows; r++) {
        double square = kernels->dot(d, x + r * d, x + r * d);
        largest = islessequal(square, largest) || isnan(largest) ? largest : square;
    }
    return sqrt(largest);
}

struct backward {
    const struct diffmm__vector_kernels *kernels;
    size_t d;
    const float *y, *norms, *grad_y;
    float scale, keep;
    float *grad_x;
};

static void backward_range(void *argument, size_t begin, size_t end)
{
    const struct backward *b = argument;
    for (size_t r = begin; r < end; r++) {
        const float *y = b->y + r * b->d, *grad_y = b->grad_y + r * b->d;
        float *grad_x = b->grad_x + r * b->d;
        float along = (float)b->kernels->dot(b->d, y, grad_y);
        b->kernels->scale_difference(b->d, b->scale / b->norms[r], grad_y, along, y,
                                     b->keep != 0.0f, grad_x);
    }
}

void diffmm__normalize_rows_backward(const diffmm_context *context, size_t rows, size_t d,
                                     const float *y, const float *norms, const float *grad_y,
                                     float scale, float keep, float *grad_x)
{
    struct backward b = {.kernels = diffmm__kernels(),
                         .d = d,
                         .y = y,
                         .norms = norms,
                         .grad_y = grad_y,
                         .scale = scale,
                         .keep = keep,
                         .grad_x = grad_x};
    diffmm__parallel_ranges(context, rows, grain, backward_range, &b);
}
