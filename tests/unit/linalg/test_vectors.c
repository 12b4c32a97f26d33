/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "linalg/normal.h"
#include "linalg/vectors.h"
#include "support/failure.h"

enum { most = 300007 };

static const size_t lengths[] = {0, 1, 17, 32767, 32768, 32769, 65536, 100000, most};
enum { length_count = sizeof lengths / sizeof *lengths };

/* The context of a round: none, then 1, 2 and 4 threads. */
static diffmm_context *context_of(size_t round)
{
    diffmm_context *context = NULL;
    const diffmm_context_settings settings = {.threads = round ? (size_t)1 << (round - 1) : 0};
    if (round > 0)
        expect_success(diffmm_context_create(&settings, &context));
    return context;
}

START_TEST(adds_scaled)
{
    static float x[most], y[most], sum[most + 1];
    diffmm__normal_draws(1, 0, 0, most, x);
    diffmm__normal_draws(2, 0, 0, most, y);
    for (size_t round = 0; round < 4; round++) {
        diffmm_context *context = context_of(round);
        for (size_t l = 0; l < length_count; l++) {
            memcpy(sum, y, sizeof y);
            sum[most] = 77;
            diffmm__vector_add_scaled(context, lengths[l], -1.7f, x, sum);
            size_t wrong = 0;
            for (size_t i = 0; i < most; i++) {
                float added = -1.7f * x[i];
                wrong += sum[i] != (i < lengths[l] ? y[i] + added : y[i]);
            }
            ck_assert(wrong == 0 && sum[most] == 77);
        }
        diffmm_context_destroy(context);
    }
}
END_TEST

START_TEST(dots_in_a_fixed_order)
{
    static float x[most], y[most];
    static double first[length_count];
    diffmm__normal_draws(3, 0, 0, most, x);
    diffmm__normal_draws(4, 0, 0, most, y);
    for (size_t round = 0; round < 4; round++) {
        diffmm_context *context = context_of(round);
        for (size_t l = 0; l < length_count; l++) {
            double got = diffmm__vector_dot(context, lengths[l], x, y), sum = 0, magnitude = 0;
            for (size_t i = 0; i < lengths[l]; i++) {
                sum += (double)x[i] * (double)y[i];
                magnitude += fabs((double)x[i] * (double)y[i]);
            }
            ck_assert(fabs(got - sum) <= 36 * 0x1p-24 * magnitude);
            if (round == 0)
                first[l] = got;
            ck_assert_mem_eq(&got, &first[l], sizeof got);
        }
        diffmm_context_destroy(context);
    }
}
END_TEST

/* More stretches than partial sums are kept for at a time. */
START_TEST(dot_of_a_very_long_vector)
{
    const size_t n = (size_t)32768 * 256 + 32768 + 5;
    float *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[i] = 1;
    for (size_t round = 0; round < 4; round += 2) {
        diffmm_context *context = context_of(round);
        ck_assert(diffmm__vector_dot(context, n, x, x) == (double)n);
        diffmm_context_destroy(context);
    }
    x[n - 1] = 3;
    x[(size_t)32768 * 256] = 2;
    ck_assert(diffmm__vector_dot(NULL, n, x, x) == (double)n + 8 + 3);
    free(x);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {adds_scaled, dots_in_a_fixed_order, dot_of_a_very_long_vector};
    return run_tests("vectors", tests, sizeof tests / sizeof *tests) != 0;
}
