/* SPDX-License-Identifier: BSD-2-Clause */
/* Subspace iteration with Rayleigh and Ritz's projection and a shift (Rutishauser, Simultaneous
 * iteration method for symmetric matrices, 1970; Halko, Martinsson and Tropp, Finding structure with
 * randomness, 2011). Of a block X of orthonormal columns, a third more than wanted:
 *     Y = A X,   X^T Y = W diag(theta) W^T,   X <- X W,   Y <- Y W,
 *     X <- orthonormal columns of Y - (theta_last / 2) X.
 * The shift is the filter of Chebyshev of first degree: it damps eigenvalues between 0 and
 * theta_last evenly, and so favours those above it. */
#include "linalg/leading_vectors.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "linalg/normal.h"
#include "linalg/orthonormal.h"
#include "linalg/symmetric_eigen.h"
#include "linalg/vectors.h"

/* Rows that are rotated at a time. */
enum { rotated_rows = 2048 };

struct work {
    const diffmm_context *context;
    size_t rows, block;
    float *x, *y;              /* rows x block */
    float *projected, *chunks; /* X^T Y; and what its product needs */
    float *rotation, *rotated; /* W^T; and rows of X before they are rotated */
    double *matrix, *values, *scratch;
};

size_t diffmm__leading_block(size_t rows, size_t wanted)
{
    size_t block = wanted + wanted / 3 + 8;
    return block < rows ? block : rows;
}

static void take(struct diffmm__arena *arena, size_t rows, size_t wanted, struct work *w)
{
    size_t n = diffmm__leading_block(rows, wanted), square = n * n;
    size_t at_once = rows < rotated_rows ? rows : rotated_rows;
    w->rows = rows;
    w->block = n;
    w->x = diffmm__arena_take(arena, rows * n, sizeof *w->x);
    w->y = diffmm__arena_take(arena, rows * n, sizeof *w->y);
    w->projected = diffmm__arena_take(arena, square, sizeof *w->projected);
    w->chunks =
        diffmm__arena_take(arena, diffmm__gemm_symmetric_scratch(n, rows), sizeof *w->chunks);
    w->rotation = diffmm__arena_take(arena, square, sizeof *w->rotation);
    w->rotated = diffmm__arena_take(arena, at_once * n, sizeof *w->rotated);
    w->matrix = diffmm__arena_take(arena, square, sizeof *w->matrix);
    w->values = diffmm__arena_take(arena, n, sizeof *w->values);
    w->scratch = diffmm__arena_take(arena, diffmm__symmetric_eigen_scratch(n), sizeof *w->scratch);
}

struct draw {
    uint64_t seed, stream;
    float *x;
    size_t count;
};

enum { draws = 64 * 512 };

static void draw_range(void *argument, size_t part, size_t worker)
{
    (void)worker;
    const struct draw *d = argument;
    size_t begin = part * draws, count = d->count - begin < draws ? d->count - begin : draws;
    diffmm__normal_draws(d->seed, d->stream, begin / 64, count, d->x + begin);
}

/* The orthonormal columns of A times a random matrix. */
static diffmm_status start(struct work *w, const struct diffmm__leading *leading)
{
    struct draw draw = {leading->seed, leading->stream, w->y, w->rows * w->block};
    diffmm__parallel(w->context, (draw.count + draws - 1) / draws, draw_range, &draw);
    leading->product(leading->argument, w->block, w->y, w->x);
    return diffmm__orthonormal_columns(w->context, w->rows, w->block, leading->seed,
                                       leading->stream + 1, w->x, NULL);
}

/* x <- x W. */
static void rotate(struct work *w, float *x)
{
    size_t n = w->block;
    for (size_t first = 0; first < w->rows; first += rotated_rows) {
        size_t rows = w->rows - first < rotated_rows ? w->rows - first : rotated_rows;
        diffmm__vector_copy(w->context, rows * n, x + first * n, w->rotated);
        diffmm__gemm(w->context, rows, n, n, 1.0f, diffmm__plain(w->rotated, n),
                     diffmm__transposed(w->rotation, n), 0.0f, x + first * n, n);
    }
}

/* From X and Y = A X to Ritz vectors and their products. */
static diffmm_status project(struct work *w)
{
    size_t n = w->block;
    diffmm__gemm_symmetric(w->context, n, w->rows, w->x, w->y, w->projected, w->chunks);
    for (size_t i = 0; i < n * n; i++)
        w->matrix[i] = (double)w->projected[i];
    if (!diffmm__symmetric_eigen(w->context, n, w->matrix, w->values, w->scratch))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "the matrix whose leading vectors are sought is not finite");
    for (size_t i = 0; i < n * n; i++)
        w->rotation[i] = (float)w->matrix[i];
    rotate(w, w->x);
    rotate(w, w->y);
    return DIFFMM_OK;
}

static double sum_of(size_t count, const double *values)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static diffmm_status iterate(struct work *w, const struct diffmm__leading *leading)
{
    const double tolerance = 1e-6;
    diffmm_status status = start(w, leading);
    double before = 0.0;
    for (size_t products = 1; !status; products++) {
        leading->product(leading->argument, w->block, w->x, w->y);
        if ((status = project(w)))
            break;
        double sum = sum_of(leading->wanted, w->values);
        if (w->block == w->rows || products + 1 >= DIFFMM__LEADING_PRODUCTS ||
            sum - before <= tolerance * sum)
            break;
        before = sum;
        double shift = fmax(w->values[w->block - 1], 0.0) / 2.0;
        diffmm__vector_add_scaled(w->context, w->rows * w->block, (float)-shift, w->x, w->y);
        float *next = w->y;
        w->y = w->x;
        w->x = next;
        status = diffmm__orthonormal_columns(w->context, w->rows, w->block, leading->seed,
                                             leading->stream + 1, w->x, NULL);
    }
    return status;
}

diffmm_status diffmm__leading_vectors(const diffmm_context *context,
                                      const struct diffmm__leading *leading, float *vectors,
                                      size_t stride, double *values)
{
    struct work w = {.context = context};
    struct diffmm__arena arena = diffmm__arena_on(context);
    size_t wanted = leading->wanted;
    take(&arena, leading->rows, wanted, &w);
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : iterate(&w, leading);
    for (size_t r = 0; r < leading->rows && !status; r++)
        memcpy(vectors + r * stride, w.x + r * w.block, wanted * sizeof *vectors);
    if (values && !status)
        memcpy(values, w.values, wanted * sizeof *values);
    diffmm__arena_end(&arena);
    return status;
}

size_t diffmm__leading_bytes(size_t rows, size_t wanted)
{
    struct diffmm__arena arena = diffmm__arena_measure();
    struct work w = {0};
    take(&arena, rows, wanted, &w);
    return diffmm__size_sum(arena.bytes,
                            diffmm__orthonormal_bytes(rows, diffmm__leading_block(rows, wanted)));
}

/* In each iteration: two rounds of Gram-Schmidt (4 I n^2), the projection (I n^2), the two rotations
 * (4 I n^2), and the small matrix's eigenvectors (about 9 n^3). */
double diffmm__leading_flops(size_t rows, size_t wanted)
{
    double n = (double)diffmm__leading_block(rows, wanted);
    return (DIFFMM__LEADING_PRODUCTS - 1) * n * n * (9.0 * (double)rows + 9.0 * n);
}
