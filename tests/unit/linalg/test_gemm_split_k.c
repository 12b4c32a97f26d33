/* SPDX-License-Identifier: BSD-2-Clause */
/* Products whose sum over k is cut into chunks (split-k): general and symmetric ones. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/gemm.h"
#include "linalg/normal.h"
#include "support/failure.h"

enum { context_count = 3 };
static diffmm_context *contexts[context_count]; /* of 1, 2, 4 threads */

static void begin(void)
{
    for (size_t i = 0; i < context_count; i++)
        expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = (size_t)1 << i},
                                             &contexts[i]));
}

static void end(void)
{
    for (size_t i = 0; i < context_count; i++)
        diffmm_context_destroy(contexts[i]);
}

/* B = A W for a diagonal W: then A^T B is symmetric. */
static void fill(size_t n, size_t k, float *a, float *b)
{
    float *weights = malloc(k * sizeof *weights);
    diffmm__normal_draws(9, 1, 0, n * k, a);
    diffmm__normal_draws(9, 2, 0, k, weights);
    for (size_t t = 0; t < k; t++)
        for (size_t i = 0; i < n; i++)
            b[t * n + i] = weights[t] * a[t * n + i];
    free(weights);
}

static void check(size_t n, size_t k)
{
    float *a = malloc(n * k * sizeof *a), *b = malloc(n * k * sizeof *b);
    float *c = malloc(n * n * sizeof *c), *again = malloc(n * n * sizeof *again);
    float *scratch = malloc(diffmm__gemm_symmetric_scratch(n, k) * sizeof *scratch);
    fill(n, k, a, b);
    diffmm__gemm_symmetric(NULL, n, k, a, b, c, scratch);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double want = 0.0, size = 0.0;
            for (size_t t = 0; t < k; t++) {
                want += (double)a[t * n + i] * (double)b[t * n + j];
                size += fabs((double)a[t * n + i] * (double)b[t * n + j]);
            }
            ck_assert_msg(fabs((double)c[i * n + j] - want) <= 1e-5 * size,
                          "n %zu, k %zu: %zu, %zu", n, k, i, j);
            ck_assert(c[i * n + j] == c[j * n + i]);
        }
    for (size_t i = 0; i < context_count; i++) {
        diffmm__gemm_symmetric(contexts[i], n, k, a, b, again, scratch);
        ck_assert(memcmp(c, again, n * n * sizeof *c) == 0);
    }
    free(scratch);
    free(again);
    free(c);
    free(b);
    free(a);
}

START_TEST(a_gram_matrix_is_the_plain_sum_and_symmetric)
{
    check(1, 1);
    check(5, 3);
    check(17, 100);
    check(40, 511);
    check(33, 1024);
    check(24, 3000);
}
END_TEST

START_TEST(no_terms_give_zeros)
{
    float c[4] = {1, 2, 3, 4}, scratch[4], nothing[1] = {0};
    diffmm__gemm_symmetric(NULL, 2, 0, nothing, nothing, c, scratch);
    for (size_t i = 0; i < 4; i++)
        ck_assert(c[i] == 0.0f);
}
END_TEST

/* All transposes of a product by split-k against sums in double, and for 1, 2 and 4 threads. */
static void check_split(size_t m, size_t n, size_t k, bool a_transposed, bool b_transposed)
{
    float *a = malloc(m * k * sizeof *a), *b = malloc(n * k * sizeof *b);
    float *c = malloc(m * n * sizeof *c), *again = malloc(m * n * sizeof *again);
    float *scratch = malloc(diffmm__gemm_chunks(k) * m * n * sizeof *scratch);
    diffmm__normal_draws(9, 3, 0, m * k, a);
    diffmm__normal_draws(9, 4, 0, n * k, b);
    struct diffmm__matrix x = a_transposed ? diffmm__transposed(a, m) : diffmm__plain(a, k);
    struct diffmm__matrix y = b_transposed ? diffmm__transposed(b, k) : diffmm__plain(b, n);
    diffmm__gemm_split_k(NULL, m, n, k, x, y, c, scratch);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double want = 0.0, size = 0.0;
            for (size_t t = 0; t < k; t++) {
                double left = (double)a[a_transposed ? t * m + i : i * k + t];
                double right = (double)b[b_transposed ? j * k + t : t * n + j];
                want += left * right;
                size += fabs(left * right);
            }
            ck_assert_msg(fabs((double)c[i * n + j] - want) <= 1e-5 * size,
                          "%zu x %zu x %zu: %zu, %zu", m, n, k, i, j);
        }
    for (size_t i = 0; i < context_count; i++) {
        diffmm__gemm_split_k(contexts[i], m, n, k, x, y, again, scratch);
        ck_assert(memcmp(c, again, m * n * sizeof *c) == 0);
    }
    free(scratch);
    free(again);
    free(c);
    free(b);
    free(a);
}

START_TEST(split_k_is_the_plain_sum)
{
    static const size_t depths[] = {1, 100, 1024, 2500};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        check_split(7, 5, depths[i], false, false);
        check_split(8, 24, depths[i], true, false);
        check_split(13, 8, depths[i], true, true);
        check_split(3, 17, depths[i], false, true);
    }
}
END_TEST

/* A chunk's product computed as several has the bits of one, whichever operand is transposed. */
static void check_blocks(size_t m, size_t n, size_t k)
{
    float *a = malloc(m * k * sizeof *a), *b = malloc(n * k * sizeof *b);
    float *whole = malloc(m * n * sizeof *whole), *blocks = malloc(m * n * sizeof *blocks);
    diffmm__normal_draws(9, 1, 0, m * k, a);
    diffmm__normal_draws(9, 2, 0, n * k, b);
    diffmm__gemm_serial(m, n, k, 1.0f, diffmm__transposed(a, m), diffmm__plain(b, n), 0.0f, whole,
                        n);
    size_t calls = 0;
    for (size_t t = 0, count; t < k; t += count, calls++) {
        count = diffmm__gemm_next_terms(k - t);
        ck_assert_uint_le(count, diffmm__gemm_most_terms());
        diffmm__gemm_serial(m, n, count, 1.0f, diffmm__transposed(a + t * m, m),
                            diffmm__plain(b + t * n, n), t == 0 ? 0.0f : 1.0f, blocks, n);
    }
    ck_assert_mem_eq(whole, blocks, m * n * sizeof *whole);
    ck_assert(calls > 1 || k <= diffmm__gemm_most_terms());
    free(blocks);
    free(whole);
    free(b);
    free(a);
}

START_TEST(blocks_of_a_sum)
{
    static const size_t sums[] = {1, 255, 256, 257, 700, 1281, 5000};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        check_blocks(16, 48, sums[i]);
        check_blocks(67, 5, sums[i]);
        check_blocks(3, 300, sums[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_gram_matrix_is_the_plain_sum_and_symmetric, no_terms_give_zeros,
                                  split_k_is_the_plain_sum, blocks_of_a_sum};
    begin();
    int failed = run_tests("gemm_split_k", tests, sizeof tests / sizeof *tests);
    end();
    return failed != 0;
}
