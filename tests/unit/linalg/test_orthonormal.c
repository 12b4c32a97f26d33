/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/orthonormal.h"

#include <math.h>
#include <stdlib.h>

#include "support/contexts.h"
#include "support/draws.h"
#include "support/failing.h"

struct matrix {
    size_t rows, columns;
    float *x;
};

static struct matrix begin(size_t rows, size_t columns, uint64_t seed)
{
    struct matrix m = {rows, columns, malloc((rows * columns + 1) * sizeof(float))};
    struct draws draws = {seed};
    ck_assert_ptr_nonnull(m.x);
    draw_normals(&draws, rows * columns, 1.0, m.x);
    return m;
}

static struct matrix copy_of(const struct matrix *m)
{
    struct matrix copy = begin(m->rows, m->columns, 0);
    memcpy(copy.x, m->x, m->rows * m->columns * sizeof *m->x);
    return copy;
}

static double product(const struct matrix *a, size_t i, const struct matrix *b, size_t j)
{
    double sum = 0.0;
    for (size_t r = 0; r < a->rows; r++)
        sum += (double)a->x[r * a->columns + i] * (double)b->x[r * b->columns + j];
    return sum;
}

static size_t orthonormalize(struct matrix *m)
{
    size_t replaced = 77;
    expect_success(diffmm__orthonormal_columns(NULL, m->rows, m->columns, 4, 5, m->x, &replaced));
    return replaced;
}

static void expect_orthonormal(const struct matrix *m)
{
    for (size_t i = 0; i < m->columns; i++)
        for (size_t j = 0; j <= i; j++) {
            double value = product(m, i, m, j);
            if (!(fabs(value - (i == j)) < 1e-6))
                ck_abort_msg("%zu x %zu: columns %zu and %zu have the product %.9g", m->rows,
                             m->columns, i, j, value);
        }
}

/* Column j of `original` lies in the span of the first j + 1 columns of `m`, within `tolerance` of
 * its norm. */
static void expect_spanned(const struct matrix *m, const struct matrix *original, size_t j,
                           double tolerance)
{
    double square = product(original, j, original, j), inside = 0.0;
    for (size_t i = 0; i <= j; i++) {
        double part = product(m, i, original, j);
        inside += part * part;
    }
    if (!(fabs(square - inside) <= 2.0 * tolerance * square))
        ck_abort_msg("column %zu: %.9g of %.9g is spanned", j, inside, square);
}

START_TEST(spans_what_was_there)
{
    static const size_t shapes[][2] = {{1, 1},   {5, 1},     {7, 7},    {40, 31},   {40, 32},
                                       {40, 33}, {100, 100}, {600, 70}, {3000, 64}, {70, 65}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct matrix m = begin(shapes[s][0], shapes[s][1], s), original = copy_of(&m);
        ck_assert_uint_eq(orthonormalize(&m), 0);
        expect_orthonormal(&m);
        for (size_t j = 0; j < m.columns; j++)
            expect_spanned(&m, &original, j, 2e-6);
        free(m.x);
        free(original.x);
    }
}
END_TEST

/* Each column is the one before it and a thousandth of another: the condition number of such a
 * matrix is far beyond what floats hold. */
START_TEST(holds_for_nearly_dependent_columns)
{
    struct matrix m = begin(500, 80, 3);
    for (size_t r = 0; r < m.rows; r++)
        for (size_t j = 1; j < m.columns; j++)
            m.x[r * m.columns + j] = m.x[r * m.columns + j - 1] + 1e-3f * m.x[r * m.columns + j];
    struct matrix original = copy_of(&m);
    ck_assert_uint_eq(orthonormalize(&m), 0);
    expect_orthonormal(&m);
    for (size_t j = 0; j < m.columns; j++)
        expect_spanned(&m, &original, j, 2e-6);
    free(m.x);
    free(original.x);
}
END_TEST

/* Columns of 1e-20 and 1e20, whose squares are no floats. */
START_TEST(norms_may_be_of_any_size)
{
    struct matrix m = begin(300, 40, 8), same = copy_of(&m);
    for (size_t r = 0; r < m.rows; r++)
        for (size_t j = 0; j < m.columns; j++)
            m.x[r * m.columns + j] *= j % 3 == 0 ? 0x1p-60f : j % 3 == 1 ? 0x1p60f : 1.0f;
    ck_assert_uint_eq(orthonormalize(&m), 0);
    expect_orthonormal(&m);
    orthonormalize(&same);
    for (size_t j = 0; j < m.columns; j++)
        ck_assert_double_eq_tol(fabs(product(&m, j, &same, j)), 1.0, 1e-5);
    free(m.x);
    free(same.x);
}
END_TEST

/* Zero columns, equal ones, sums of others; in the first panel and in later ones. */
START_TEST(dependent_columns_are_replaced)
{
    struct matrix m = begin(400, 100, 6);
    static const size_t zero[] = {0, 50, 99}, equal[] = {7, 40, 41, 77};
    for (size_t r = 0; r < m.rows; r++) {
        float *row = m.x + r * m.columns;
        for (size_t k = 0; k < sizeof zero / sizeof *zero; k++)
            row[zero[k]] = 0.0f;
        for (size_t k = 0; k < sizeof equal / sizeof *equal; k++)
            row[equal[k]] = 3.0f * row[equal[k] - 2];
        row[90] = row[3] + row[60] - row[89];
    }
    struct matrix original = copy_of(&m);
    ck_assert_uint_eq(orthonormalize(&m), 8);
    expect_orthonormal(&m);
    for (size_t j = 0; j < m.columns; j++)
        expect_spanned(&m, &original, j, 2e-6);
    free(m.x);
    free(original.x);
}
END_TEST

/* As many columns as rows, most of which are zero: what is random fills the whole space. */
START_TEST(random_columns_fill_the_space)
{
    static const size_t sizes[] = {1, 2, 33, 120};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct matrix m = begin(sizes[s], sizes[s], 1);
        memset(m.x, 0, m.rows * m.columns * sizeof *m.x);
        m.x[0] = 2.0f;
        ck_assert_uint_eq(orthonormalize(&m), m.columns - 1);
        expect_orthonormal(&m);
        ck_assert_float_eq(m.x[0], 1.0f);
        free(m.x);
    }
}
END_TEST

START_TEST(a_column_that_is_not_finite_is_replaced)
{
    traps_off(); /* NaN goes in */
    struct matrix m = begin(200, 50, 1), original = copy_of(&m);
    m.x[3 * m.columns + 5] = NAN;
    m.x[3 * m.columns + 45] = INFINITY;
    ck_assert_uint_eq(orthonormalize(&m), 2);
    expect_orthonormal(&m);
    for (size_t j = 0; j < m.columns; j++)
        if (j != 5 && j != 45)
            expect_spanned(&m, &original, j, 2e-6);
    free(m.x);
    free(original.x);
}
END_TEST

static void orthonormalize_into(diffmm_context *context, void *argument, void *out)
{
    const struct matrix *m = argument;
    memcpy(out, m->x, m->rows * m->columns * sizeof *m->x);
    expect_success(diffmm__orthonormal_columns(context, m->rows, m->columns, 4, 5, out, NULL));
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    struct matrix m = begin(5000, 90, 2);
    for (size_t r = 0; r < m.rows; r++)
        m.x[r * m.columns + 70] = m.x[r * m.columns + 2];
    expect_same_bits(m.rows * m.columns * sizeof *m.x, orthonormalize_into, &m);
    free(m.x);
}
END_TEST

static diffmm_status without_memory(void *context)
{
    struct matrix m = begin(50, 40, 2);
    diffmm_status status = diffmm__orthonormal_columns(context, m.rows, m.columns, 1, 1, m.x, NULL);
    free(m.x);
    return status;
}

START_TEST(survives_no_memory)
{
    expect_survives_no_memory(without_memory);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {spans_what_was_there,
                                  holds_for_nearly_dependent_columns,
                                  norms_may_be_of_any_size,
                                  dependent_columns_are_replaced,
                                  random_columns_fill_the_space,
                                  a_column_that_is_not_finite_is_replaced,
                                  any_number_of_threads_gives_the_same_bits,
                                  survives_no_memory};
    return run_tests("orthonormal", tests, sizeof tests / sizeof *tests) != 0;
}
