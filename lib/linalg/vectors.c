/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/vectors.h"

#include <string.h>

#include "base/pool.h"
#include "linalg/kernels.h"

enum { grain = 32768 };

struct copy {
    const float *x;
    float *y;
};

static void copy_range(void *argument, size_t begin, size_t end)
{
    const struct copy *c = argument;
    memcpy(c->y + begin, c->x + begin, (end - begin) * sizeof *c->y);
}

void diffmm__vector_copy(const diffmm_context *context, size_t n, const float *x, float *y)
{
    struct copy c = {.x = x, .y = y};
    diffmm__parallel_ranges(context, n, grain, copy_range, &c);
}

static void clear_range(void *argument, size_t begin, size_t end)
{
    const struct copy *c = argument;
    memset(c->y + begin, 0, (end - begin) * sizeof *c->y);
}

void diffmm__vector_clear(const diffmm_context *context, size_t n, float *y)
{
    struct copy c = {.y = y};
    diffmm__parallel_ranges(context, n, grain, clear_range, &c);
}

struct add {
    float scale;
    const float *x;
    float *y;
};

static void add_range(void *argument, size_t begin, size_t end)
{
    const struct add *a = argument;
    diffmm__kernels()->add_scaled(end - begin, a->scale, a->x + begin, a->y + begin);
}

void diffmm__vector_add_scaled(const diffmm_context *context, size_t n, float scale, const float *x,
                               float *y)
{
    struct add a = {.scale = scale, .x = x, .y = y};
    diffmm__parallel_ranges(context, n, grain, add_range, &a);
}

struct dot {
    size_t n, first; /* the first stretch */
    const float *x, *y;
    double *sums;
};

static void dot_stretch(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct dot *d = argument;
    size_t stretch = d->first + index, begin = stretch * DIFFMM__DOT_STRETCH,
           length = d->n - begin < DIFFMM__DOT_STRETCH ? d->n - begin : DIFFMM__DOT_STRETCH;
    d->sums[stretch] = diffmm__kernels()->dot(length, d->x + begin, d->y + begin);
}

void diffmm__vector_dot_stretches(const diffmm_context *context, size_t n, const float *x,
                                  const float *y, size_t first, size_t end, double *sums)
{
    struct dot d = {.n = n, .first = first, .x = x, .y = y, .sums = sums};
    diffmm__parallel(context, end - first, dot_stretch, &d);
}

double diffmm__vector_dot(const diffmm_context *context, size_t n, const float *x, const float *y)
{
    enum { stretches = 256, most = stretches * DIFFMM__DOT_STRETCH }; /* at a time */
    double total = 0.0, sums[stretches];
    for (size_t first = 0; first < n; first += most) {
        size_t now = n - first < most ? n - first : most,
               count = (now + DIFFMM__DOT_STRETCH - 1) / DIFFMM__DOT_STRETCH;
        diffmm__vector_dot_stretches(context, now, x + first, y + first, 0, count, sums);
        for (size_t s = 0; s * DIFFMM__DOT_STRETCH < now; s++)
            total += sums[s];
    }
    return total;
}
