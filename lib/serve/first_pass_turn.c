/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/first_pass_turn.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/symmetric_eigen.h"

enum {
    sampled = 16384, /* rows and vectors for the second moments */
    terms = 32       /* of a sum at a time: rounding grows with them, and with the number of sums */
};

struct finding {
    const diffmm_context *context;
    size_t d;
    float *rows, *moments, *chunks;
    double *row_moments, *vector_moments, *values, *scratch;
};

/* Second moments of rows all over a matrix. */
static void find_moments(const struct finding *f, size_t count, size_t stride, const float *x,
                         double *moments)
{
    size_t d = f->d, taken = count < sampled ? count : sampled;
    for (size_t i = 0; i < taken; i++)
        memcpy(f->rows + i * d, x + i * count / taken * stride, d * sizeof *x);
    diffmm__gemm_symmetric(f->context, d, taken, f->rows, f->rows, f->moments, f->chunks);
    for (size_t e = 0; e < d * d; e++)
        moments[e] = (double)f->moments[e] / (double)taken;
}

/* The exponent of D_j = 2^k: the coordinate's size in vectors over that in rows, and the root. */
static int exponent_of(double row_moment, double vector_moment)
{
    enum { most = 20 };
    if (!(row_moment > 0.0) || !(vector_moment > 0.0))
        return 0;
    double exponent = rint(0.25 * (log2(vector_moment) - log2(row_moment)));
    return (int)fmin(fmax(exponent, -most), most);
}

static double trace(size_t d, const double *a)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += a[j * (d + 1)];
    return sum;
}

/* V from the moments of D x and of D^-1 q, each divided by its trace. */
static void find_rotation(const struct finding *f, const int *exponents, float *rotation)
{
    size_t d = f->d;
    double *rows = f->row_moments, *vectors = f->vector_moments;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            rows[i * d + j] = ldexp(rows[i * d + j], exponents[i] + exponents[j]);
            vectors[i * d + j] = ldexp(vectors[i * d + j], -exponents[i] - exponents[j]);
        }
    double of_rows = trace(d, rows), of_vectors = trace(d, vectors);
    for (size_t e = 0; e < d * d; e++)
        rows[e] = (of_rows > 0.0 ? rows[e] / of_rows : 0.0) +
                  (of_vectors > 0.0 ? vectors[e] / of_vectors : 0.0);
    /* Where the eigenvectors cannot be had, V is the unit matrix: it decides how fast the first pass
     * is, and nothing else. */
    if (!diffmm__symmetric_eigen(f->context, d, rows, f->values, f->scratch))
        for (size_t e = 0; e < d * d; e++)
            rows[e] = e % (d + 1) == 0 ? 1.0 : 0.0;
    for (size_t e = 0; e < d * d; e++)
        rotation[e] = (float)rows[e];
}

/* |V V^T - 1|, by the norm of Frobenius, which is no smaller than the norm of the matrix. */
static double departure(size_t d, const float *rotation)
{
    double sum = 0.0;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double lanes[8] = {i == j ? -1.0 : 0.0}, product = 0.0;
            for (size_t k = 0; k < d; k++)
                lanes[k % 8] += (double)rotation[i * d + k] * (double)rotation[j * d + k];
            for (size_t lane = 0; lane < 8; lane++)
                product += lanes[lane];
            sum += (i == j ? 1.0 : 2.0) * product * product;
        }
    return sqrt(sum);
}

/* Of what is computed in floats, with u = 2^-24, relative to |D^-1 q| |D x|: turning a row, sums of
 * 32 terms that are added up, (32 + d / 32) u for each of d coordinates, so sqrt(d) times that
 * (Cauchy and Schwarz; |V| by Frobenius is sqrt(d)); turning a vector, with sums in doubles,
 * 2 sqrt(d) u; a score d u; a bound some 20 u. */
static double rounding(size_t d)
{
    double n = (double)d, sums = (double)(terms + d / terms + 1);
    return 1.1 * 0x1p-24 * (sums * sqrt(n) + 2.0 * sqrt(n) + n + 64.0);
}

diffmm_status diffmm__first_pass_turn_find(const diffmm_context *context,
                                           const struct diffmm__first_pass_input *input,
                                           struct diffmm__first_pass_turn *turn)
{
    size_t d = input->d, most = input->rows > input->vectors ? input->rows : input->vectors;
    size_t taken = most < sampled ? most : sampled;
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct finding f = {.context = context, .d = d};
    int *exponents = diffmm__arena_take(&arena, d, sizeof *exponents);
    f.rows = diffmm__arena_take(&arena, taken * d, sizeof *f.rows);
    f.moments = diffmm__arena_take(&arena, d * d, sizeof *f.moments);
    f.chunks =
        diffmm__arena_take(&arena, diffmm__gemm_symmetric_scratch(d, taken), sizeof *f.chunks);
    f.row_moments = diffmm__arena_take(&arena, d * d, sizeof *f.row_moments);
    f.vector_moments = diffmm__arena_take_zero(&arena, d * d, sizeof *f.vector_moments);
    f.values = diffmm__arena_take(&arena, d, sizeof *f.values);
    f.scratch = diffmm__arena_take(&arena, diffmm__symmetric_eigen_scratch(d), sizeof *f.scratch);
    bool good = !arena.failed;
    if (good) {
        find_moments(&f, input->rows, input->stride, input->x, f.row_moments);
        if (input->vectors > 0)
            find_moments(&f, input->vectors, input->vector_stride, input->vector, f.vector_moments);
        for (size_t j = 0; j < d; j++)
            exponents[j] = exponent_of(f.row_moments[j * (d + 1)], f.vector_moments[j * (d + 1)]);
        find_rotation(&f, exponents, turn->of_rows);
        turn->slack = departure(d, turn->of_rows) + rounding(d);
        /* Scaling by powers of two rounds nothing. */
        for (size_t e = 0; e < d * d; e++) {
            turn->of_vectors[e] = ldexpf(turn->of_rows[e], -exponents[e % d]);
            turn->of_rows[e] = ldexpf(turn->of_rows[e], exponents[e % d]);
        }
    }
    diffmm__arena_end(&arena);
    return good ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

void diffmm__first_pass_turn_rows(const struct diffmm__first_pass_turn *turn, size_t rows, size_t d,
                                  const float *x, size_t stride, float *out)
{
    for (size_t k = 0; k < d; k += terms) {
        size_t now = d - k < terms ? d - k : terms;
        diffmm__gemm_serial(rows, d, now, 1.0f, diffmm__plain(x + k, stride),
                            diffmm__transposed(turn->of_rows + k, d), k > 0 ? 1.0f : 0.0f, out, d);
    }
}

void diffmm__first_pass_turn_vector(const struct diffmm__first_pass_turn *turn, size_t d,
                                    const float *vector, float *out)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    for (size_t j = 0; j < d; j++)
        out[j] = (float)kernels->dot(d, turn->of_vectors + j * d, vector);
}
