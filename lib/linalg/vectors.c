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

/* The number of stretches whose partial sums are kept at a time. */
enum { stretch = grain, stretches = 256 };

struct dot {
    const float *x, *y;
    double sums[stretches];
};

static void dot_range(void *argument, size_t begin, size_t end)
{
    struct dot *d = argument;
    d->sums[begin / stretch] = diffmm__kernels()->dot(end - begin, d->x + begin, d->y + begin);
}

double diffmm__vector_dot(const diffmm_context *context, size_t n, const float *x, const float *y)
{
    double total = 0.0;
    for (size_t first = 0; first < n; first += (size_t)stretch * stretches) {
        size_t now =
            n - first < (size_t)stretch * stretches ? n - first : (size_t)stretch * stretches;
        struct dot d = {.x = x + first, .y = y + first};
        diffmm__parallel_ranges(context, now, stretch, dot_range, &d);
        for (size_t s = 0; s * stretch < now; s++)
            total += d.sums[s];
    }
    return total;
}
