/* SPDX-License-Identifier: BSD-2-Clause */
#include "cold_start/least_squares.h"

#include <string.h>

#include "base/memory.h"
#include "linalg/gemm.h"

enum { most_steps = 100, patience = 10 };

static const double tolerance = 1.01;

/* One solution under way; matrices are D x d unless noted. */
struct descent {
    const struct diffmm__least_squares *problem;
    size_t rows; /* the first so many items are learnt from */
    struct diffmm__arena arena;
    float *w, *residual, *direction, *image; /* image: Z^T Z direction */
    float *product;                          /* items x d */
    float *chunks;
    double *square, *next, *curvature; /* d: |residual|^2, the same after the step, p^T Z^T Z p */
};

static bool begin(struct descent *s, const struct diffmm__least_squares *problem, size_t rows)
{
    size_t size = problem->features * problem->d;
    *s = (struct descent){
        .problem = problem, .rows = rows, .arena = diffmm__arena_on(problem->context)};
    s->w = diffmm__arena_take_zero(&s->arena, size, sizeof(float));
    s->residual = diffmm__arena_take(&s->arena, size, sizeof(float));
    s->direction = diffmm__arena_take(&s->arena, size, sizeof(float));
    s->image = diffmm__arena_take(&s->arena, size, sizeof(float));
    s->product = diffmm__arena_take(&s->arena, problem->items * problem->d, sizeof(float));
    s->chunks =
        diffmm__arena_take(&s->arena, size, diffmm__gemm_chunks(problem->items) * sizeof(float));
    s->square = diffmm__arena_take(&s->arena, problem->d, sizeof(double));
    s->next = diffmm__arena_take(&s->arena, problem->d, sizeof(double));
    s->curvature = diffmm__arena_take(&s->arena, problem->d, sizeof(double));
    return !s->arena.failed;
}

/* sum_r x[r][c] y[r][c] for each column c. */
static void dot_columns(size_t rows, size_t d, const float *x, const float *y, double *out)
{
    memset(out, 0, d * sizeof *out);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < d; c++)
            out[c] += (double)x[r * d + c] * (double)y[r * d + c];
}

/* Z^T x for an x of rows x d. */
static void multiply_transposed(struct descent *s, const float *x, float *out)
{
    size_t features = s->problem->features, d = s->problem->d;
    diffmm__gemm_split_k(s->problem->context, features, d, s->rows,
                         diffmm__transposed(s->problem->z, features), diffmm__plain(x, d), out,
                         s->chunks);
}

/* Z x for an x of D x d, for `count` items from `first` on. */
static void multiply(struct descent *s, size_t first, size_t count, const float *x, float *out)
{
    size_t features = s->problem->features, d = s->problem->d;
    diffmm__gemm(s->problem->context, count, d, features, 1.0f,
                 diffmm__plain(s->problem->z + first * features, features), diffmm__plain(x, d),
                 0.0f, out, d);
}

static void start(struct descent *s)
{
    size_t features = s->problem->features, d = s->problem->d;
    multiply_transposed(s, s->problem->y, s->residual);
    memcpy(s->direction, s->residual, features * d * sizeof *s->direction);
    dot_columns(features, d, s->residual, s->residual, s->square);
}

static double ratio(double over, double under)
{
    return under > 0.0 ? over / under : 0.0;
}

static void step(struct descent *s)
{
    size_t features = s->problem->features, d = s->problem->d;
    multiply(s, 0, s->rows, s->direction, s->product);
    multiply_transposed(s, s->product, s->image);
    dot_columns(features, d, s->direction, s->image, s->curvature);
    for (size_t r = 0; r < features; r++)
        for (size_t c = 0; c < d; c++) {
            size_t i = r * d + c;
            double length = ratio(s->square[c], s->curvature[c]);
            s->w[i] += (float)(length * (double)s->direction[i]);
            s->residual[i] -= (float)(length * (double)s->image[i]);
        }
    dot_columns(features, d, s->residual, s->residual, s->next);
    for (size_t r = 0; r < features; r++)
        for (size_t c = 0; c < d; c++) {
            size_t i = r * d + c;
            s->direction[i] =
                s->residual[i] + (float)(ratio(s->next[c], s->square[c]) * (double)s->direction[i]);
        }
    memcpy(s->square, s->next, d * sizeof *s->square);
}

/* Squared error on the items held out. */
static double held_error(struct descent *s)
{
    const struct diffmm__least_squares *problem = s->problem;
    const float *y = problem->y + s->rows * problem->d;
    double sum = 0.0;
    multiply(s, s->rows, problem->held, s->w, s->product);
    for (size_t i = 0; i < problem->held * problem->d; i++) {
        double difference = (double)y[i] - (double)s->product[i];
        sum += difference * difference;
    }
    return sum;
}

/* Solve without the items held out, whose error decides the number of steps; `map` is W after
 * these. Whenever the error is within the tolerance of the least so far, W is kept: so the last W
 * kept is within the tolerance of the least error of all. */
static diffmm_status find_steps(const struct diffmm__least_squares *problem, float *map,
                                size_t *steps)
{
    struct descent s;
    if (!begin(&s, problem, problem->items - problem->held)) {
        diffmm__arena_end(&s.arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    start(&s);
    double least = held_error(&s);
    size_t size = problem->features * problem->d;
    memset(map, 0, size * sizeof *map);
    *steps = 0;
    for (size_t t = 1; t <= most_steps && t <= *steps + patience; t++) {
        step(&s);
        double error = held_error(&s);
        least = error < least ? error : least;
        if (error <= tolerance * least) {
            memcpy(map, s.w, size * sizeof *map);
            *steps = t;
        }
    }
    diffmm__arena_end(&s.arena);
    return DIFFMM_OK;
}

diffmm_status diffmm__least_squares_solve(const struct diffmm__least_squares *problem, float *map,
                                          float *held_map)
{
    size_t steps;
    struct descent s;
    diffmm_status status = find_steps(problem, held_map, &steps);
    if (status)
        return status;
    if (!begin(&s, problem, problem->items)) {
        diffmm__arena_end(&s.arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    start(&s);
    for (size_t t = 0; t < steps; t++)
        step(&s);
    memcpy(map, s.w, problem->features * problem->d * sizeof *map);
    diffmm__arena_end(&s.arena);
    return DIFFMM_OK;
}
