/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/symmetric_eigen.h"

#include <math.h>
#include <stdlib.h>

#include "support/contexts.h"
#include "support/draws.h"

struct problem {
    size_t n;
    double *matrix, *vectors, *values, *scratch;
};

static struct problem begin(size_t n)
{
    struct problem p = {.n = n};
    p.matrix = calloc(n * n + 1, sizeof *p.matrix);
    p.vectors = calloc(n * n + 1, sizeof *p.vectors);
    p.values = calloc(n + 1, sizeof *p.values);
    p.scratch = calloc(diffmm__symmetric_eigen_scratch(n) + 1, sizeof *p.scratch);
    ck_assert(p.matrix && p.vectors && p.values && p.scratch);
    return p;
}

static void end(struct problem *p)
{
    free(p->matrix);
    free(p->vectors);
    free(p->values);
    free(p->scratch);
}

static void set(struct problem *p, size_t r, size_t c, double value)
{
    p->matrix[r * p->n + c] = p->matrix[c * p->n + r] = value;
}

static bool solve(diffmm_context *context, struct problem *p)
{
    memcpy(p->vectors, p->matrix, p->n * p->n * sizeof *p->vectors);
    for (size_t r = 0; r < p->n; r++) /* what is not to be read */
        for (size_t c = r + 1; c < p->n; c++)
            p->vectors[r * p->n + c] = 1e10;
    return diffmm__symmetric_eigen(context, p->n, p->vectors, p->values, p->scratch);
}

/* A v = value v within rounding errors of the largest value; orthonormal rows; descending. */
static void expect_solved(const struct problem *p)
{
    size_t n = p->n;
    double most = 0.0, tolerance = 4e-16 * (double)(n + 20);
    for (size_t j = 0; j < n; j++)
        most = fmax(most, fabs(p->values[j]));
    for (size_t j = 0; j < n; j++) {
        const double *v = p->vectors + j * n;
        ck_assert(j == 0 || p->values[j - 1] >= p->values[j]);
        for (size_t r = 0; r < n; r++) {
            double sum = 0.0, product = 0.0;
            for (size_t c = 0; c < n; c++) {
                sum += p->matrix[r * n + c] * v[c];
                product += p->vectors[r * n + c] * v[c];
            }
            if (fabs(sum - p->values[j] * v[r]) > tolerance * most)
                ck_abort_msg("n %zu: value %zu is wrong by %.3g in row %zu", n, j,
                             sum - p->values[j] * v[r], r);
            if (fabs(product - (r == j)) > tolerance)
                ck_abort_msg("n %zu: rows %zu and %zu have the product %.3g", n, r, j, product);
        }
    }
}

START_TEST(solves_random_matrices)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 7, 16, 33, 100, 217};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct problem p = begin(sizes[s]);
        struct draws draws = {s};
        for (size_t r = 0; r < p.n; r++)
            for (size_t c = 0; c <= r; c++)
                set(&p, r, c, draw_normal(&draws));
        ck_assert(solve(NULL, &p));
        expect_solved(&p);
        end(&p);
    }
}
END_TEST

/* The matrix of second differences has the values 2 - 2 cos(pi k / (n + 1)). */
START_TEST(finds_known_values)
{
    const double pi = 3.14159265358979323846;
    struct problem p = begin(60);
    for (size_t i = 0; i < p.n; i++) {
        set(&p, i, i, 2.0);
        if (i > 0)
            set(&p, i, i - 1, -1.0);
    }
    ck_assert(solve(NULL, &p));
    expect_solved(&p);
    for (size_t k = 0; k < p.n; k++) {
        double value = 2.0 - 2.0 * cos(pi * (double)(p.n - k) / (double)(p.n + 1));
        ck_assert_double_eq_tol(p.values[k], value, 1e-14);
    }
    end(&p);
}
END_TEST

/* Zero; the unit matrix; a diagonal; equal entries (one value but 0); blocks that do not touch; a
 * wide range of values. */
START_TEST(solves_degenerate_matrices)
{
    for (int kind = 0; kind < 6; kind++) {
        struct problem p = begin(20);
        for (size_t r = 0; r < p.n; r++)
            for (size_t c = 0; c <= r; c++)
                set(&p, r, c,
                    kind == 0   ? 0.0
                    : kind == 1 ? r == c
                    : kind == 2 ? (r == c ? (double)(r % 7) - 3.0 : 0.0)
                    : kind == 3 ? 1.0
                    : kind == 4 ? (r / 5 == c / 5 ? 1.0 + (double)(r == c) : 0.0)
                                : pow(10.0, -(double)(r + c)));
        ck_assert(solve(NULL, &p));
        expect_solved(&p);
        if (kind == 3) {
            ck_assert_double_eq_tol(p.values[0], 20.0, 1e-13);
            ck_assert_double_eq_tol(p.values[19], 0.0, 1e-13);
        }
        end(&p);
    }
}
END_TEST

/* Squares of these entries are no doubles. */
START_TEST(solves_at_any_scale)
{
    static const double scales[] = {1e-200, 1e250};
    for (size_t s = 0; s < 2; s++) {
        struct problem p = begin(12), scaled = begin(12);
        struct draws draws = {9};
        for (size_t r = 0; r < p.n; r++)
            for (size_t c = 0; c <= r; c++) {
                set(&p, r, c, draw_normal(&draws));
                set(&scaled, r, c, p.matrix[r * p.n + c] * scales[s]);
            }
        ck_assert(solve(NULL, &p) && solve(NULL, &scaled));
        for (size_t j = 0; j < p.n; j++)
            ck_assert_double_eq_tol(scaled.values[j] / scales[s], p.values[j], 1e-13);
        end(&p);
        end(&scaled);
    }
}
END_TEST

START_TEST(tells_of_what_is_not_finite)
{
    traps_off(); /* NaN goes in */
    struct problem p = begin(9);
    for (size_t r = 0; r < p.n; r++)
        set(&p, r, r, 1.0);
    set(&p, 4, 2, NAN);
    ck_assert(!solve(NULL, &p));
    end(&p);
}
END_TEST

static void solve_into(diffmm_context *context, void *argument, void *out)
{
    struct problem *p = argument;
    double *result = out;
    ck_assert(solve(context, p));
    memcpy(result, p->vectors, p->n * p->n * sizeof *result);
    memcpy(result + p->n * p->n, p->values, p->n * sizeof *result);
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    struct problem p = begin(150);
    struct draws draws = {5};
    for (size_t r = 0; r < p.n; r++)
        for (size_t c = 0; c <= r; c++)
            set(&p, r, c, draw_normal(&draws));
    expect_same_bits((p.n + 1) * p.n * sizeof *p.vectors, solve_into, &p);
    end(&p);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        solves_random_matrices,      finds_known_values,
        solves_degenerate_matrices,  solves_at_any_scale,
        tells_of_what_is_not_finite, any_number_of_threads_gives_the_same_bits};
    return run_tests("symmetric_eigen", tests, sizeof tests / sizeof *tests) != 0;
}
