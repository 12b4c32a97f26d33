/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/leading_vectors.h"

#include <math.h>
#include <stdlib.h>

#include "linalg/orthonormal.h"
#include "support/contexts.h"
#include "support/draws.h"
#include "support/failing.h"

/* A = V diag(values) V^T with known orthonormal V, as a product. */
struct planted {
    size_t rows, count;
    float *vectors; /* rows x count */
    double values[64];
    size_t products, columns; /* how many there were, and the columns of the last */
};

static struct planted begin(size_t rows, size_t count)
{
    struct planted p = {.rows = rows, .count = count, .vectors = malloc(rows * count * 4)};
    struct draws draws = {rows};
    ck_assert_ptr_nonnull(p.vectors);
    draw_normals(&draws, rows * count, 1.0, p.vectors);
    expect_success(diffmm__orthonormal_columns(NULL, rows, count, 1, 2, p.vectors, NULL));
    return p;
}

static void multiply(void *argument, size_t columns, const float *x, float *y)
{
    struct planted *p = argument;
    double *inner = calloc(p->count * columns, sizeof *inner);
    ck_assert_ptr_nonnull(inner);
    for (size_t r = 0; r < p->rows; r++)
        for (size_t k = 0; k < p->count; k++)
            for (size_t c = 0; c < columns; c++)
                inner[k * columns + c] += p->values[k] * (double)p->vectors[r * p->count + k] *
                                          (double)x[r * columns + c];
    for (size_t r = 0; r < p->rows; r++)
        for (size_t c = 0; c < columns; c++) {
            double sum = 0.0;
            for (size_t k = 0; k < p->count; k++)
                sum += (double)p->vectors[r * p->count + k] * inner[k * columns + c];
            y[r * columns + c] = (float)sum;
        }
    free(inner);
    p->products++;
    p->columns = columns;
}

static struct diffmm__leading problem(struct planted *p, size_t wanted)
{
    return (struct diffmm__leading){
        .rows = p->rows, .wanted = wanted, .product = multiply, .argument = p, .seed = 3};
}

static double inner_product(size_t rows, const float *a, size_t a_stride, const float *b,
                            size_t b_stride)
{
    double sum = 0.0;
    for (size_t r = 0; r < rows; r++)
        sum += (double)a[r * a_stride] * (double)b[r * b_stride];
    return sum;
}

/* Values 100, 90, .. 10 and then 30 of 1 and less: the first ten are found, in their order, to the
 * precision of floats; rows of the result have a gap. */
START_TEST(finds_what_was_planted)
{
    enum { wanted = 10, stride = 13 };
    struct planted p = begin(150, 40);
    for (size_t k = 0; k < p.count; k++)
        p.values[k] = k < wanted ? 100.0 - 10.0 * (double)k : 1.0 / (double)(k - wanted + 1);
    struct diffmm__leading leading = problem(&p, wanted);
    float vectors[150 * stride];
    double values[wanted];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        vectors[i] = 7.0f;
    expect_success(diffmm__leading_vectors(NULL, &leading, vectors, stride, values));
    ck_assert_uint_le(p.products, DIFFMM__LEADING_PRODUCTS);
    ck_assert_uint_eq(p.columns, diffmm__leading_block(150, wanted));
    for (size_t k = 0; k < wanted; k++) {
        ck_assert_double_eq_tol(values[k], p.values[k], 2e-4);
        double cosine = inner_product(p.rows, vectors + k, stride, p.vectors + k, p.count);
        ck_assert_double_eq_tol(fabs(cosine), 1.0, 1e-5);
    }
    for (size_t r = 0; r < p.rows; r++)
        for (size_t c = wanted; c < stride; c++)
            ck_assert(vectors[r * stride + c] == 7.0f);
    free(p.vectors);
}
END_TEST

/* A falling spectrum without a gap: the sum of the values is nearly the best one. */
START_TEST(captures_the_energy_of_a_flat_spectrum)
{
    enum { wanted = 20 };
    struct planted p = begin(300, 64);
    double best = 0.0, sum = 0.0, values[wanted];
    for (size_t k = 0; k < p.count; k++) {
        p.values[k] = 1.0 / sqrt((double)k + 1.0);
        best += k < wanted ? p.values[k] : 0.0;
    }
    struct diffmm__leading leading = problem(&p, wanted);
    float *vectors = malloc(p.rows * wanted * sizeof *vectors);
    expect_success(diffmm__leading_vectors(NULL, &leading, vectors, wanted, values));
    for (size_t k = 0; k < wanted; k++)
        sum += values[k];
    ck_assert_double_le(sum, best * (1.0 + 1e-5));
    ck_assert_double_ge(sum, best * (1.0 - 2e-3));
    free(vectors);
    free(p.vectors);
}
END_TEST

/* Nothing; one direction; and all of them wanted. */
START_TEST(completes_what_is_not_there)
{
    static const size_t counts[] = {0, 1, 9};
    enum { rows = 9 };
    for (size_t c = 0; c < 3; c++)
        for (size_t wanted = 1; wanted <= rows; wanted++) {
            struct planted p = begin(rows, rows);
            for (size_t k = 0; k < rows; k++)
                p.values[k] = k < counts[c] ? 2.0 : 0.0;
            struct diffmm__leading leading = problem(&p, wanted);
            float vectors[rows * rows];
            double values[rows];
            expect_success(diffmm__leading_vectors(NULL, &leading, vectors, wanted, values));
            for (size_t i = 0; i < wanted; i++) {
                ck_assert_double_eq_tol(values[i], p.values[i], 1e-5);
                for (size_t j = 0; j <= i; j++)
                    ck_assert_double_eq_tol(
                        inner_product(rows, vectors + i, wanted, vectors + j, wanted), i == j,
                        1e-6);
            }
            free(p.vectors);
        }
}
END_TEST

static void not_finite(void *argument, size_t columns, const float *x, float *y)
{
    (void)x;
    for (size_t i = 0; i < *(const size_t *)argument * columns; i++)
        y[i] = NAN;
}

START_TEST(tells_of_what_is_not_finite)
{
    traps_off(); /* NaN is multiplied */
    size_t rows = 30;
    float vectors[30 * 4];
    struct diffmm__leading leading = {
        .rows = rows, .wanted = 4, .product = not_finite, .argument = &rows};
    expect_failure(diffmm__leading_vectors(NULL, &leading, vectors, 4, NULL), DIFFMM_ERROR_NUMERIC,
                   "not finite");
}
END_TEST

static void find_into(diffmm_context *context, void *argument, void *out)
{
    struct diffmm__leading leading = problem(argument, 30);
    expect_success(diffmm__leading_vectors(context, &leading, out, 30, NULL));
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    struct planted p = begin(2500, 64);
    for (size_t k = 0; k < p.count; k++)
        p.values[k] = 1.0 / ((double)k + 1.0);
    expect_same_bits(p.rows * 30 * sizeof *p.vectors, find_into, &p);
    free(p.vectors);
}
END_TEST

static diffmm_status without_memory(void *context)
{
    struct planted p = begin(40, 8);
    for (size_t k = 0; k < p.count; k++)
        p.values[k] = 1.0;
    struct diffmm__leading leading = problem(&p, 5);
    float vectors[40 * 5];
    diffmm_status status = diffmm__leading_vectors(context, &leading, vectors, 5, NULL);
    free(p.vectors);
    return status;
}

START_TEST(survives_no_memory)
{
    expect_survives_no_memory(without_memory);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {finds_what_was_planted,
                                  captures_the_energy_of_a_flat_spectrum,
                                  completes_what_is_not_there,
                                  tells_of_what_is_not_finite,
                                  any_number_of_threads_gives_the_same_bits,
                                  survives_no_memory};
    return run_tests("leading_vectors", tests, sizeof tests / sizeof *tests) != 0;
}
