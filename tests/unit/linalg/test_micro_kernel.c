/* SPDX-License-Identifier: BSD-2-Clause */
/* Every variant, called as BLIS calls it, against sums in double; an element has the same bits
 * wherever in a tile it lies, and nothing but the tile's part is written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/draws.h"
#include "support/failure.h"
#include "support/variants.h"

enum { most_tile = 12 * 32, most_k = 70, most_c = 2 * most_tile };

struct operands {
    float *a, *b; /* packed: no longer than what the kernel may read */
    float c[most_c];
};

static struct operands begin(const struct diffmm__micro_kernel *micro, size_t k)
{
    struct operands at;
    struct draws draws = {k + 1};
    ck_assert_uint_le(micro->rows * micro->columns, most_tile);
    at.a = malloc((k * micro->rows + 1) * sizeof *at.a);
    at.b = malloc((k * micro->columns + 1) * sizeof *at.b);
    draw_normals(&draws, k * micro->rows, 1.0, at.a);
    draw_normals(&draws, k * micro->columns, 1.0, at.b);
    draw_normals(&draws, most_c, 1.0, at.c);
    return at;
}

static void end(struct operands *at)
{
    free(at->a);
    free(at->b);
}

/* A part of a tile, C by rows with a gap or by columns. */
static void check_part(const struct diffmm__vector_kernels *kernels, size_t m, size_t n, size_t k,
                       float alpha, float beta, int by_columns)
{
    const struct diffmm__micro_kernel *micro = kernels->micro;
    struct operands at = begin(micro, k);
    float got[most_c];
    ptrdiff_t row_step = by_columns ? 1 : (ptrdiff_t)micro->columns + 3;
    ptrdiff_t column_step = by_columns ? (ptrdiff_t)micro->rows + 3 : 1;
    memcpy(got, at.c, sizeof got);
    micro->multiply(m, n, k, alpha, at.a, at.b, beta, got, row_step, column_step);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            ptrdiff_t place = (ptrdiff_t)i * row_step + (ptrdiff_t)j * column_step;
            double want = (double)beta * (double)at.c[place], size = fabs(want);
            for (size_t p = 0; p < k; p++) {
                double term = (double)alpha * (double)at.a[p * micro->rows + i] *
                              (double)at.b[p * micro->columns + j];
                want += term;
                size += fabs(term);
            }
            ck_assert_msg(fabs((double)got[place] - want) <= 1e-5 * size,
                          "%s: %zu x %zu x %zu, element %zu, %zu", kernels->name, m, n, k, i, j);
            at.c[place] = got[place];
        }
    ck_assert_msg(memcmp(at.c, got, sizeof got) == 0, "%s: %zu x %zu x %zu: written beyond",
                  kernels->name, m, n, k);
    end(&at);
}

START_TEST(equals_a_double_loop)
{
    static const size_t depths[] = {0, 1, 2, 9, most_k};
    static const float factors[][2] = {{1, 0}, {1, 1}, {0.7f, 0.3f}};
    const struct diffmm__vector_kernels *kernels[most_variants];
    for (size_t v = 0; v < variants(kernels); v++)
        for (size_t m = 1; m <= kernels[v]->micro->rows; m++)
            for (size_t n = kernels[v]->micro->columns; n > 0; n = n * 2 / 3)
                for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
                    for (size_t f = 0; f < sizeof factors / sizeof *factors; f++)
                        for (int by_columns = 0; by_columns < 2; by_columns++)
                            check_part(kernels[v], m, n, depths[d], factors[f][0], factors[f][1],
                                       by_columns);
}
END_TEST

/* The whole tile, and each element of it alone as the first of a tile. */
START_TEST(an_element_does_not_depend_on_its_place)
{
    enum { k = 50 };
    const struct diffmm__vector_kernels *kernels[most_variants];
    for (size_t v = 0; v < variants(kernels); v++) {
        const struct diffmm__micro_kernel *micro = kernels[v]->micro;
        const size_t rows = micro->rows, columns = micro->columns;
        struct operands at = begin(micro, k);
        float whole[most_c], alone;
        memcpy(whole, at.c, sizeof whole);
        micro->multiply(rows, columns, k, 0.7f, at.a, at.b, 0.3f, whole, (ptrdiff_t)columns, 1);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                struct operands first = begin(micro, k);
                for (size_t p = 0; p < k; p++) {
                    first.a[p * rows] = at.a[p * rows + i];
                    first.b[p * columns] = at.b[p * columns + j];
                }
                alone = at.c[i * columns + j];
                micro->multiply(1, 1, k, 0.7f, first.a, first.b, 0.3f, &alone, 1, 1);
                ck_assert_msg(alone == whole[i * columns + j], "%s: %zu, %zu", kernels[v]->name, i,
                              j);
                end(&first);
            }
        end(&at);
    }
}
END_TEST

START_TEST(beta_0_overwrites_whatever_there_is)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    for (size_t v = 0; v < variants(kernels); v++) {
        const struct diffmm__micro_kernel *micro = kernels[v]->micro;
        for (size_t less = 0; less < 2; less++) {
            struct operands at = begin(micro, 5);
            for (size_t i = 0; i < most_c; i++)
                at.c[i] = NAN;
            micro->multiply(micro->rows - less, micro->columns - less, 5, 1.0f, at.a, at.b, 0.0f,
                            at.c, (ptrdiff_t)micro->columns, 1);
            for (size_t i = 0; i < micro->rows - less; i++)
                for (size_t j = 0; j < micro->columns - less; j++)
                    ck_assert(isfinite(at.c[i * micro->columns + j]));
            end(&at);
        }
    }
}
END_TEST

static void check_packing(const struct diffmm__vector_kernels *kernels, int columns, size_t n,
                          size_t k, float factor, ptrdiff_t step, ptrdiff_t k_step)
{
    const struct diffmm__micro_kernel *micro = kernels->micro;
    size_t width = columns ? micro->columns : micro->rows;
    size_t size = (n - 1) * (size_t)step + (k - 1) * (size_t)k_step + 1;
    float *x = malloc(size * sizeof *x), *out = malloc(k * width * sizeof *out);
    struct draws draws = {n + k};
    draw_normals(&draws, size, 1.0, x);
    micro->pack(width, n, k, factor, x, step, k_step, out);
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < width; i++) {
            float want = i < n ? factor * x[i * (size_t)step + p * (size_t)k_step] : 0.0f;
            ck_assert_msg(out[p * width + i] == want, "%s: %zu of %zu, %zu of %zu", kernels->name,
                          i, n, p, k);
        }
    free(x);
    free(out);
}

START_TEST(packs_rows_and_columns)
{
    enum { k = 21 };
    const struct diffmm__vector_kernels *kernels[most_variants];
    for (size_t v = 0; v < variants(kernels); v++)
        for (int columns = 0; columns < 2; columns++) {
            size_t width = columns ? kernels[v]->micro->columns : kernels[v]->micro->rows;
            for (size_t n = 1; n <= width; n++)
                for (float factor = 1.0f; factor > 0.2f; factor *= 0.5f) {
                    check_packing(kernels[v], columns, n, k, factor, 1, (ptrdiff_t)n + 2);
                    check_packing(kernels[v], columns, n, k, factor, k + 3, 1);
                    check_packing(kernels[v], columns, n, k, factor, 3, (ptrdiff_t)n * 3);
                }
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_double_loop, an_element_does_not_depend_on_its_place,
                                  beta_0_overwrites_whatever_there_is, packs_rows_and_columns};
    return run_tests("micro_kernel", tests, sizeof tests / sizeof *tests) != 0;
}
