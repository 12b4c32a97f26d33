/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/feature_directions.h"

#include <math.h>

#include "base/pool.h"
#include "linalg/gemm.h"
#include "linalg/leading_vectors.h"
#include "linalg/vectors.h"

enum { items_in_block = 2048 };

void diffmm__feature_directions_take(struct diffmm__arena *arena, size_t items, size_t width,
                                     size_t wanted, struct diffmm__feature_directions *out)
{
    size_t columns = diffmm__leading_block(width, wanted);
    struct diffmm__feature_directions d = {
        .context = arena->context, .items = items, .width = width, .wanted = wanted};
    d.block = items_in_block;
    d.mean = diffmm__arena_take(arena, width, sizeof *d.mean);
    d.right = diffmm__arena_take(arena, width * wanted, sizeof *d.right);
    d.squares = diffmm__arena_take(arena, wanted, sizeof *d.squares);
    d.centred = diffmm__arena_take(arena, d.block * width, sizeof *d.centred);
    d.z = diffmm__arena_take(arena, d.block * columns, sizeof *d.z);
    d.sum = diffmm__arena_take(arena, width * columns, sizeof *d.sum);
    d.chunks =
        diffmm__arena_take(arena, width * columns * diffmm__gemm_chunks(d.block), sizeof *d.chunks);
    *out = d;
}

static void average_columns(void *argument, size_t begin, size_t end)
{
    const struct diffmm__feature_directions *d = argument;
    for (size_t c = begin; c < end; c++) {
        double sum = 0.0;
        for (size_t i = 0; i < d->items; i++)
            sum += (double)d->features[i * d->width + c] / (double)d->items;
        d->mean[c] = (float)sum;
    }
}

/* The mean is rounded to a float, so that a column of equal values becomes exactly 0. */
static void find_mean_and_scale(struct diffmm__feature_directions *d)
{
    double most = 0.0;
    diffmm__parallel_ranges(d->context, d->width, 16, average_columns, d);
    for (size_t i = 0; i < d->items; i++)
        for (size_t c = 0; c < d->width; c++)
            most = fmax(most, fabs((double)d->features[i * d->width + c] - (double)d->mean[c]));
    d->scale = most > 0.0 ? 1.0 / most : 0.0;
}

struct block {
    const struct diffmm__feature_directions *directions;
    const float *features;
};

static void centre_range(void *argument, size_t begin, size_t end)
{
    const struct block *b = argument;
    const struct diffmm__feature_directions *d = b->directions;
    for (size_t i = begin; i < end; i++)
        for (size_t c = 0; c < d->width; c++) {
            size_t k = i * d->width + c;
            d->centred[k] = (float)(((double)b->features[k] - (double)d->mean[c]) * d->scale);
        }
}

/* d->centred, of up to d->block rows. */
static void centre(const struct diffmm__feature_directions *d, size_t rows, const float *features)
{
    struct block b = {.directions = d, .features = features};
    diffmm__parallel_ranges(d->context, rows, 64, centre_range, &b);
}

static size_t rows_from(const struct diffmm__feature_directions *d, size_t rows, size_t first)
{
    return rows - first < d->block ? rows - first : d->block;
}

/* y = F^T F x, streamed over blocks of items:
 *     y = sum over blocks of F_b^T (F_b x). */
static void multiply(void *argument, size_t columns, const float *x, float *y)
{
    const struct diffmm__feature_directions *d = argument;
    struct diffmm__matrix centred = diffmm__plain(d->centred, d->width);
    struct diffmm__matrix centred_transposed = diffmm__transposed(d->centred, d->width);
    diffmm__vector_clear(d->context, d->width * columns, y);
    for (size_t first = 0; first < d->items; first += d->block) {
        size_t rows = rows_from(d, d->items, first);
        centre(d, rows, d->features + first * d->width);
        diffmm__gemm(d->context, rows, columns, d->width, 1.0f, centred, diffmm__plain(x, columns),
                     0.0f, d->z, columns);
        diffmm__gemm_split_k(d->context, d->width, columns, rows, centred_transposed,
                             diffmm__plain(d->z, columns), d->sum, d->chunks);
        diffmm__vector_add_scaled(d->context, d->width * columns, 1.0f, d->sum, y);
    }
}

diffmm_status diffmm__feature_directions_find(struct diffmm__feature_directions *d,
                                              const float *features, uint64_t seed, uint64_t stream)
{
    const double negligible = 1e-6; /* of the largest square: rounding errors of floats */
    struct diffmm__leading leading = {.rows = d->width,
                                      .wanted = d->wanted,
                                      .product = multiply,
                                      .argument = d,
                                      .seed = seed,
                                      .stream = stream};
    d->features = features;
    d->found = 0;
    find_mean_and_scale(d);
    diffmm_status status =
        diffmm__leading_vectors(d->context, &leading, d->right, d->wanted, d->squares);
    while (!status && d->found < d->wanted && d->squares[d->found] > negligible * d->squares[0])
        d->found++;
    return status;
}

size_t diffmm__feature_directions_bytes(size_t width, size_t wanted)
{
    return diffmm__leading_bytes(width, wanted);
}

void diffmm__feature_directions_project(const struct diffmm__feature_directions *d, size_t rows,
                                        const float *features, float *out, size_t stride)
{
    for (size_t first = 0; first < rows; first += d->block) {
        size_t now = rows_from(d, rows, first);
        centre(d, now, features + first * d->width);
        diffmm__gemm(d->context, now, d->found, d->width, 1.0f, diffmm__plain(d->centred, d->width),
                     diffmm__plain(d->right, d->wanted), 0.0f, out + first * stride, stride);
    }
}
