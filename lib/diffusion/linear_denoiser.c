/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/linear_denoiser.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/symmetric_eigen.h"

enum { block_rows = 1024 };

/* Rows are summed up in blocks of users, or items. */
struct fit {
    const diffmm_context *context;
    const struct diffmm__basis *basis;
    struct diffmm__batch_rows users;
    size_t first;      /* of the block */
    float *block;      /* block_rows x rank */
    float *squares;    /* q: of each item */
    float *gram, *own; /* Z^T Z and D */
    double *system;    /* what is inverted, then its eigenvectors as rows */
    double *values, *scratch, *turned;
};

static void take(struct diffmm__arena *arena, size_t items, size_t rank, struct fit *f)
{
    f->block = diffmm__arena_take(arena, block_rows * rank, sizeof *f->block);
    f->squares = diffmm__arena_take_zero(arena, items, sizeof *f->squares);
    f->gram = diffmm__arena_take_zero(arena, rank * rank, sizeof *f->gram);
    f->own = diffmm__arena_take_zero(arena, rank * rank, sizeof *f->own);
    f->system = diffmm__arena_take(arena, rank * rank, sizeof *f->system);
    f->values = diffmm__arena_take(arena, rank, sizeof *f->values);
    f->scratch =
        diffmm__arena_take(arena, diffmm__symmetric_eigen_scratch(rank), sizeof *f->scratch);
    f->turned = diffmm__arena_take(arena, rank * rank, sizeof *f->turned);
}

size_t diffmm__linear_denoiser_bytes(size_t items, size_t rank)
{
    struct diffmm__arena measured = diffmm__arena_measure();
    struct fit f;
    take(&measured, items, rank, &f);
    return measured.bytes;
}

/* gram += block^T block. */
static void add_block(const struct fit *f, size_t rows, float *gram)
{
    size_t rank = f->basis->rank;
    diffmm__gemm(f->context, rank, rank, rows, 1.0f, diffmm__transposed(f->block, rank),
                 diffmm__plain(f->block, rank), 1.0f, gram, rank);
}

static void coordinates_range(void *argument, size_t begin, size_t end)
{
    const struct fit *f = argument;
    size_t rank = f->basis->rank;
    memset(f->block + begin * rank, 0, (end - begin) * rank * sizeof *f->block);
    for (size_t b = begin; b < end; b++)
        diffmm__basis_add_row(f->basis, &f->users, f->first + b, 1.0f, f->block + b * rank);
}

static size_t rows_of_block(const struct fit *f, size_t total)
{
    return total - f->first < block_rows ? total - f->first : block_rows;
}

static void add_users(struct fit *f)
{
    const struct diffmm__csr *train = &f->users.matrix;
    for (f->first = 0; f->first < train->rows; f->first += block_rows) {
        size_t rows = rows_of_block(f, train->rows);
        diffmm__parallel_ranges(f->context, rows, 16, coordinates_range, f);
        add_block(f, rows, f->gram);
    }
}

static void add_squares(struct fit *f)
{
    const struct diffmm__csr *train = &f->users.matrix;
    for (size_t u = 0; u < train->rows; u++) {
        float weight = diffmm__basis_row_weight(f->basis, diffmm__csr_row_entries(train, u));
        for (int64_t e = train->pointers[u]; e < train->pointers[u + 1]; e++) {
            float x = diffmm__basis_entry(f->basis, train, e, weight);
            f->squares[train->indices[e]] += x * x;
        }
    }
}

static void add_items(struct fit *f)
{
    const struct diffmm__basis *basis = f->basis;
    size_t rank = basis->rank;
    for (f->first = 0; f->first < basis->items; f->first += block_rows) {
        size_t rows = rows_of_block(f, basis->items);
        memcpy(f->block, basis->values + f->first * rank, rows * rank * sizeof *f->block);
        for (size_t i = 0; i < rows; i++)
            diffmm__kernels()->scale(rank, sqrtf(f->squares[f->first + i]), f->block + i * rank);
        add_block(f, rows, f->own);
    }
}

/* Means over the steps. */
struct steps {
    double signal, kept, noise; /* of sqrt(abar), abar and 1 - abar */
};

static struct steps mean_steps(const diffmm_schedule *schedule)
{
    struct steps mean = {0};
    for (size_t t = 0; t < schedule->steps; t++) {
        double abar = schedule->values[DIFFMM_SCHEDULE_ALPHA_BAR][t];
        mean.signal += sqrt(abar) / (double)schedule->steps;
        mean.kept += abar / (double)schedule->steps;
        mean.noise += (1.0 - abar) / (double)schedule->steps;
    }
    return mean;
}

/* out = signal system^-1 C, by the eigenvectors V, as rows: V^T diag(1 / values) V C. */
static void solve(const struct fit *f, double signal, float *out)
{
    size_t rank = f->basis->rank;
    for (size_t j = 0; j < rank; j++) {
        double *row = f->turned + j * rank;
        memset(row, 0, rank * sizeof *row);
        /* What is not above rounding errors is a direction that no user has. */
        if (f->values[j] <= 1e-7 * f->values[0])
            continue;
        for (size_t k = 0; k < rank; k++) {
            double factor = signal / f->values[j] * f->system[j * rank + k];
            for (size_t l = 0; l < rank; l++)
                row[l] += factor * ((double)f->gram[k * rank + l] - (double)f->own[k * rank + l]);
        }
    }
    for (size_t k = 0; k < rank; k++) {
        memset(f->scratch, 0, rank * sizeof *f->scratch);
        for (size_t j = 0; j < rank; j++)
            for (size_t l = 0; l < rank; l++)
                f->scratch[l] += f->system[j * rank + k] * f->turned[j * rank + l];
        for (size_t l = 0; l < rank; l++)
            out[k * rank + l] = (float)f->scratch[l];
    }
}

static diffmm_status compute(struct fit *f, const diffmm_schedule *schedule, double dropout,
                             float *out)
{
    size_t rank = f->basis->rank;
    struct steps mean = mean_steps(schedule);
    double rest = 1.0 - dropout;
    add_users(f);
    add_squares(f);
    add_items(f);
    for (size_t i = 0; i < rank * rank; i++)
        f->system[i] = mean.kept * ((double)f->gram[i] + (1.0 / rest - 1.0) * (double)f->own[i]);
    for (size_t j = 0; j < rank; j++)
        f->system[j * rank + j] += (double)f->users.matrix.rows * mean.noise / rest;
    if (!diffmm__symmetric_eigen(f->context, rank, f->system, f->values, f->scratch))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the linear denoiser's system is not finite");
    solve(f, mean.signal, out);
    return DIFFMM_OK;
}

diffmm_status diffmm__linear_denoiser_fit(const diffmm_context *context,
                                          const struct diffmm__basis *basis,
                                          const struct diffmm__csr *train,
                                          const diffmm_schedule *schedule, double dropout,
                                          float *out)
{
    struct fit f = {.context = context, .basis = basis, .users = {.matrix = *train}};
    struct diffmm__arena arena = diffmm__arena_on(context);
    take(&arena, basis->items, basis->rank, &f);
    diffmm_status status =
        arena.failed ? DIFFMM_ERROR_NO_MEMORY : compute(&f, schedule, dropout, out);
    diffmm__arena_end(&arena);
    return status;
}
