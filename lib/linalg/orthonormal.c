/* SPDX-License-Identifier: BSD-2-Clause */
/* Block Gram-Schmidt: a panel of columns is freed of its parts along the columns before it, by two
 * products, and then made orthonormal by Cholesky's factor of its Gram matrix, in double:
 *     P <- P - Q (Q^T P),   P^T P = L L^T,   P <- P L^-T.
 * A column that loses more than half of its norm in a round carries rounding errors of that loss
 * into the next round, which removes them ("twice is enough": Parlett, The Symmetric Eigenvalue
 * Problem, 6.9). */
#include "linalg/orthonormal.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "linalg/gemm.h"
#include "linalg/normal.h"

/* Columns in a panel; and rows that one task sums up, at most `most_parts` parts. */
enum { panel = 32, least_rows = 512, most_parts = 64 };

struct work {
    const diffmm_context *context;
    size_t rows, columns, part_rows, parts;
    float *x;
    size_t first, width;                                /* the panel */
    float *along, *along_scratch;                       /* Q^T P: first x width */
    double *grams;                                      /* panel x panel for each part */
    double factor[panel][panel], inverse[panel][panel]; /* L, and L^-T */
    bool dependent[panel];
    uint64_t seed, stream, position; /* of the next random column */
    size_t replaced;
};

static void take(struct diffmm__arena *arena, size_t rows, size_t columns, struct work *w)
{
    size_t before = columns > panel ? columns - panel : 0, chunks = diffmm__gemm_chunks(rows);
    w->part_rows = (rows + most_parts - 1) / most_parts;
    w->part_rows = w->part_rows < least_rows ? least_rows : w->part_rows;
    w->parts = (rows + w->part_rows - 1) / w->part_rows;
    w->along = diffmm__arena_take(arena, before * panel, sizeof *w->along);
    w->along_scratch = diffmm__arena_take(arena, before * panel * chunks, sizeof *w->along);
    w->grams = diffmm__arena_take(arena, w->parts * panel * panel, sizeof *w->grams);
}

static void remove_parts_along_columns_before(struct work *w)
{
    struct diffmm__matrix before = diffmm__plain(w->x, w->columns);
    struct diffmm__matrix before_transposed = diffmm__transposed(w->x, w->columns);
    if (w->first == 0)
        return;
    diffmm__gemm_split_k(w->context, w->first, w->width, w->rows, before_transposed,
                         diffmm__plain(w->x + w->first, w->columns), w->along, w->along_scratch);
    diffmm__gemm(w->context, w->rows, w->width, w->first, -1.0f, before,
                 diffmm__plain(w->along, w->width), 1.0f, w->x + w->first, w->columns);
}

/* The lower triangle of P^T P for a part of the rows. Products of floats are exact in double. */
static void gram_of_part(void *argument, size_t part, size_t worker)
{
    (void)worker;
    const struct work *w = argument;
    size_t begin = part * w->part_rows;
    size_t end = w->rows - begin < w->part_rows ? w->rows : begin + w->part_rows;
    double *gram = w->grams + part * panel * panel;
    memset(gram, 0, sizeof(double[panel * panel]));
    for (size_t r = begin; r < end; r++) {
        double row[panel];
        for (size_t c = 0; c < w->width; c++)
            row[c] = (double)w->x[r * w->columns + w->first + c];
        for (size_t i = 0; i < w->width; i++)
            for (size_t j = 0; j <= i; j++)
                gram[i * panel + j] += row[i] * row[j];
    }
}

static void compute_gram(struct work *w)
{
    diffmm__parallel(w->context, w->parts, gram_of_part, w);
    for (size_t part = 1; part < w->parts; part++)
        for (size_t i = 0; i < (size_t)panel * panel; i++)
            w->grams[i] += w->grams[part * panel * panel + i];
}

/* The square of a column's norm before the round (Pythagoras). */
static double square_before(const struct work *w, size_t j)
{
    double sum = w->grams[j * panel + j];
    for (size_t k = 0; k < w->first; k++) {
        double part = (double)w->along[k * w->width + j];
        sum += part * part;
    }
    return sum;
}

/* Cholesky's factor, without rows and columns of those that are dependent. Returns whether no
 * column lost more than half of its norm. */
static bool factorize(struct work *w)
{
    const double tolerance = 1e-5;
    bool settled = true;
    memset(w->factor, 0, sizeof w->factor);
    for (size_t j = 0; j < w->width; j++) {
        for (size_t i = 0; i <= j; i++) {
            double sum = w->grams[j * panel + i];
            for (size_t k = 0; k < i; k++)
                sum -= w->factor[j][k] * w->factor[i][k];
            if (i < j)
                w->factor[j][i] = w->dependent[i] ? 0.0 : sum / w->factor[i][i];
            else
                w->factor[j][j] = sum;
        }
        double left = w->factor[j][j], before = square_before(w, j);
        w->dependent[j] = !(isgreater(left, tolerance * tolerance * before) && isfinite(before));
        settled = settled && !w->dependent[j] && left >= 0.25 * before;
        w->factor[j][j] = w->dependent[j] ? 1.0 : sqrt(left);
        for (size_t k = 0; w->dependent[j] && k < j; k++)
            w->factor[j][k] = 0.0;
    }
    return settled;
}

/* L^-T, with zeros in the columns of those that are dependent. */
static void invert(struct work *w)
{
    memset(w->inverse, 0, sizeof w->inverse);
    for (size_t k = 0; k < w->width; k++)
        for (size_t j = k; j < w->width; j++) {
            double sum = j == k;
            for (size_t i = k; i < j; i++)
                sum -= w->factor[j][i] * w->inverse[k][i];
            w->inverse[k][j] = sum / w->factor[j][j];
        }
    for (size_t j = 0; j < w->width; j++)
        w->inverse[j][j] = w->dependent[j] ? 0.0 : w->inverse[j][j];
}

/* P <- P L^-T, row by row. */
static void multiply_rows(void *argument, size_t begin, size_t end)
{
    const struct work *w = argument;
    for (size_t r = begin; r < end; r++) {
        float *row = w->x + r * w->columns + w->first;
        double product[panel] = {0.0};
        for (size_t k = 0; k < w->width; k++) {
            double value = w->dependent[k] ? 0.0 : (double)row[k];
            for (size_t j = k / 8 * 8; j < panel; j++) /* above the diagonal, in whole vectors */
                product[j] += value * w->inverse[k][j];
        }
        for (size_t j = 0; j < w->width; j++)
            row[j] = (float)product[j];
    }
}

static void draw_column(struct work *w, size_t column)
{
    enum { block = 64 };
    float draws[block];
    for (size_t r = 0; r < w->rows; r++) {
        if (r % block == 0)
            diffmm__normal_draws(w->seed, w->stream, w->position++, block, draws);
        w->x[r * w->columns + column] = draws[r % block];
    }
}

static void replace_dependent(struct work *w)
{
    for (size_t j = 0; j < w->width; j++)
        if (w->dependent[j]) {
            draw_column(w, w->first + j);
            w->replaced++;
        }
}

/* Rounds end by themselves, since the rows are no fewer than the columns: a random column is within
 * 1e-5 of a span of lower dimension less than once in 10^4 times. */
static void treat_panel(struct work *w)
{
    enum { most = 30 };
    bool settled = false;
    for (size_t round = 0; round < most && !settled; round++) {
        remove_parts_along_columns_before(w);
        compute_gram(w);
        settled = factorize(w);
        invert(w);
        diffmm__parallel_ranges(w->context, w->rows, 256, multiply_rows, w);
        replace_dependent(w);
    }
}

diffmm_status diffmm__orthonormal_columns(const diffmm_context *context, size_t rows,
                                          size_t columns, uint64_t seed, uint64_t stream, float *x,
                                          size_t *replaced)
{
    struct work w = {.context = context,
                     .rows = rows,
                     .columns = columns,
                     .x = x,
                     .seed = seed,
                     .stream = stream};
    struct diffmm__arena arena = diffmm__arena_on(context);
    take(&arena, rows, columns, &w);
    for (; !arena.failed && w.first < columns; w.first += panel) {
        w.width = columns - w.first < panel ? columns - w.first : panel;
        treat_panel(&w);
    }
    if (replaced)
        *replaced = w.replaced;
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    diffmm__arena_end(&arena);
    return status;
}

size_t diffmm__orthonormal_bytes(size_t rows, size_t columns)
{
    struct diffmm__arena arena = diffmm__arena_measure();
    struct work w = {0};
    take(&arena, rows, columns, &w);
    return arena.bytes;
}
