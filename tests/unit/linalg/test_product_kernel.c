/* SPDX-License-Identifier: BSD-2-Clause */
/* Every variant, whatever BLIS knows of this processor, against sums in double. Those with a fused multiply-add have
 * the same bits; a row has the same bits whatever rows are computed with it; nothing is written outside of C. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/draws.h"
#include "support/failure.h"
#include "support/variants.h"

enum { most_m = 130, most_n = 80, most_k = 1100, gap = 3 };
enum { c_size = most_m * (most_n + gap) };

static struct {
    float a[most_m * most_k], b[most_k * most_n], c[c_size], got[c_size], first[c_size],
        rest[c_size];
} at;

static void draw(uint64_t seed)
{
    struct draws draws = {seed};
    draw_normals(&draws, sizeof at.a / sizeof(float), 1.0, at.a);
    draw_normals(&draws, sizeof at.b / sizeof(float), 1.0, at.b);
    draw_normals(&draws, c_size, 1.0, at.c);
}

struct product {
    size_t m, n, k;
    float alpha, beta;
    bool a_transposed, b_transposed, lower;
};

static struct product scaled(size_t m, size_t n, size_t k, float alpha, float beta)
{
    return (struct product){.m = m, .n = n, .k = k, .alpha = alpha, .beta = beta};
}

static struct product triangle(size_t n, size_t k)
{
    return (struct product){.m = n, .n = n, .k = k, .alpha = 1.0f, .lower = true};
}

static struct diffmm__matrix operand(const float *data, size_t rows, size_t columns,
                                     bool transposed)
{
    return transposed ? diffmm__transposed(data, rows) : diffmm__plain(data, columns);
}

static double element(const float *data, size_t rows, size_t columns, bool transposed, size_t row,
                      size_t column)
{
    return (double)(transposed ? data[column * rows + row] : data[row * columns + column]);
}

static void multiply(const struct diffmm__vector_kernels *kernels, struct product p)
{
    memcpy(at.got, at.c, sizeof at.got);
    kernels->product->multiply(p.m, p.n, p.k, p.alpha, operand(at.a, p.m, p.k, p.a_transposed),
                               operand(at.b, p.k, p.n, p.b_transposed), p.beta, at.got, p.n + gap,
                               p.lower);
}

/* The element's sum in double, and that of the magnitudes of its terms. */
static double sum_terms(struct product p, size_t i, size_t j, double *magnitude)
{
    double sum = (double)p.beta * (double)at.c[i * (p.n + gap) + j];
    *magnitude = fabs(sum);
    for (size_t q = 0; q < p.k; q++) {
        double term = (double)p.alpha * element(at.a, p.m, p.k, p.a_transposed, i, q) *
                      element(at.b, p.k, p.n, p.b_transposed, q, j);
        sum += term;
        *magnitude += fabs(term);
    }
    return sum;
}

static void check_element(const struct diffmm__vector_kernels *kernels, struct product p, size_t i,
                          size_t j, float got)
{
    double magnitude, want = sum_terms(p, i, j, &magnitude);
    if (!(fabs((double)got - want) <= 1e-5 * magnitude))
        ck_abort_msg("%s: %zu x %zu x %zu, element %zu, %zu: %g, not %g", kernels->name, p.m, p.k,
                     p.n, i, j, (double)got, want);
}

/* Above the diagonal, with `lower`, an element may have been computed or not. What is left of C after the elements
 * is as it was. */
static void check(const struct diffmm__vector_kernels *kernels, struct product p)
{
    multiply(kernels, p);
    memcpy(at.rest, at.got, sizeof at.rest);
    for (size_t i = 0; i < p.m; i++)
        for (size_t j = 0; j < p.n; j++) {
            size_t place = i * (p.n + gap) + j;
            if (!p.lower || j <= i || at.got[place] != at.c[place])
                check_element(kernels, p, i, j, at.got[place]);
            at.rest[place] = at.c[place];
        }
    ck_assert_msg(memcmp(at.rest, at.c, sizeof at.c) == 0, "%s: %zu x %zu x %zu: written beyond",
                  kernels->name, p.m, p.k, p.n);
}

static void check_variants(struct product p)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    size_t count = variants(kernels);
    draw(p.m + p.n + p.k);
    for (size_t v = 0; v < count; v++) {
        check(kernels[v], p);
        if (v == 1)
            memcpy(at.first, at.got, sizeof at.got);
        else if (v > 1 && !p.lower)
            ck_assert_msg(memcmp(at.first, at.got, sizeof at.got) == 0, "%s and %s differ",
                          kernels[1]->name, kernels[v]->name);
    }
}

static void each_transpose(struct product p)
{
    for (int both = 0; both < 4; both++) {
        p.a_transposed = both % 2;
        p.b_transposed = both / 2;
        check_variants(p);
    }
}

/* Tiles of every height and width, whole and in part, and blocks of terms. */
START_TEST(equals_a_double_loop)
{
    static const size_t depths[] = {0, 1, 2, 7, 70, DIFFMM__PRODUCT_TERMS + 1};
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
        for (size_t m = 1; m <= 26; m += 1 + d)
            each_transpose(scaled(m, 1 + 5 * m % 37, depths[d], 1.0f, 0.0f));
    for (size_t n = 1; n <= 66; n += 13)
        each_transpose(scaled(13, n, 31, 0.7f, 0.3f));
    each_transpose(scaled(most_m, most_n, most_k, 1.0f, 1.0f));
    each_transpose(scaled(most_m, 33, 2 * DIFFMM__PRODUCT_TERMS, -2.0f, 0.5f));
}
END_TEST

START_TEST(the_lower_triangle)
{
    for (size_t n = 1; n <= most_n; n += 11)
        each_transpose(triangle(n, 40));
    each_transpose(triangle(most_n, DIFFMM__PRODUCT_TERMS + 44));
}
END_TEST

/* A as it stands, transposed, and transposed with room. */
enum { ways = 3 };

static struct diffmm__matrix rows_of(const float *a, size_t m, size_t k, size_t row, int way,
                                     float *room)
{
    struct diffmm__matrix rows =
        way > 0 ? diffmm__transposed(a + row, m) : diffmm__plain(a + row * k, k);
    rows.room = way == 2 ? room : NULL;
    return rows;
}

/* With more rows than a block holds, in either way of packing. */
START_TEST(a_row_does_not_depend_on_the_others)
{
    enum { m = 1100, n = 35, k = DIFFMM__PRODUCT_TERMS + 44 };
    const struct diffmm__vector_kernels *kernels[most_variants];
    float *a = malloc(m * k * sizeof *a), *c = malloc(m * n * sizeof *c), alone[n];
    float *room = malloc(DIFFMM__PRODUCT_ROOM * sizeof *room);
    struct draws draws = {5};
    draw_normals(&draws, m * k, 1.0, a);
    draw(6);
    for (size_t v = 0; v < variants(kernels); v++)
        for (int way = 0; way < ways; way++) {
            kernels[v]->product->multiply(m, n, k, 1.0f, rows_of(a, m, k, 0, way, room),
                                          diffmm__plain(at.b, n), 0.0f, c, n, false);
            for (size_t row = 0; row < m; row += 7) {
                kernels[v]->product->multiply(1, n, k, 1.0f,
                                              rows_of(a, m, k, row, way == 2 ? 1 : way, NULL),
                                              diffmm__plain(at.b, n), 0.0f, alone, n, false);
                ck_assert_msg(memcmp(alone, c + row * n, sizeof alone) == 0, "%s: row %zu",
                              kernels[v]->name, row);
            }
        }
    free(a);
    free(c);
    free(room);
}
END_TEST

START_TEST(beta_0_overwrites_whatever_there_is)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    struct product p = scaled(25, 37, 5, 1.0f, 0.0f);
    for (size_t v = 0; v < variants(kernels); v++) {
        draw(v);
        for (size_t i = 0; i < c_size; i++)
            at.c[i] = NAN;
        multiply(kernels[v], p);
        for (size_t i = 0; i < p.m; i++)
            for (size_t j = 0; j < p.n; j++)
                ck_assert(isfinite(at.got[i * (p.n + gap) + j]));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_double_loop, the_lower_triangle,
                                  a_row_does_not_depend_on_the_others,
                                  beta_0_overwrites_whatever_there_is};
    return run_tests("product_kernel", tests, sizeof tests / sizeof *tests) != 0;
}
