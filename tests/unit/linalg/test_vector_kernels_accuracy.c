/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions and draws of the kernels against their definitions, over all that they take. */
#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "support/failure.h"
#include "support/ulps.h"
#include "support/variants.h"

/* 4096 floats with the given sign and exponent bits, the ends of their range among them. */
enum { mantissas = 4096 };

static void draw_exponent(uint32_t top, float x[mantissas])
{
    for (uint32_t i = 0; i < mantissas; i++) {
        uint32_t draw[4];
        diffmm__random4(8, top, i, draw);
        uint32_t mantissa = i == 0 ? 0 : i == 1 ? 0x7fffff : draw[0] & 0x7fffff;
        uint32_t bits = top << 23 | mantissa;
        memcpy(&x[i], &bits, sizeof bits);
    }
}

/* The largest error of a function over all floats from `first` to `last`, of both signs. */
static double largest_error(void (*function)(size_t, const float *, float *),
                            double (*exact)(double), float first, float last)
{
    static float x[mantissas], y[mantissas];
    double largest = 0;
    size_t measured = 0;
    traps_off(); /* all floats, NaN and infinity among them */
    for (uint32_t top = 0; top < 512; top++) {
        draw_exponent(top, x);
        function(mantissas, x, y);
        for (size_t i = 0; i < mantissas; i++) {
            if (!(x[i] >= first && x[i] <= last))
                continue;
            measured++;
            double error = ulps(y[i], exact((double)x[i]));
            if (!(error <= largest))
                largest = error;
        }
    }
    ck_assert_uint_gt(measured, 0);
    return largest;
}

START_TEST(exp_within_its_bound)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    double error = largest_error(kernels->exp, exp, -INFINITY, 88.7228f);
    ck_assert_msg(error <= 2, "%g ulp", error);
}
END_TEST

START_TEST(tanh_within_its_bound)
{
    double error = largest_error(diffmm__kernels()->tanh, tanh, -INFINITY, INFINITY);
    ck_assert_msg(error <= 2, "%g ulp", error);
}
END_TEST

START_TEST(log_within_its_bound)
{
    double error = largest_error(diffmm__kernels()->log, log, 0x1p-126f, 0x1.fffffep127f);
    ck_assert_msg(error <= 2, "%g ulp", error);
}
END_TEST

static float one(void (*function)(size_t, const float *, float *), float x)
{
    float y = 77;
    function(1, &x, &y);
    return y;
}

/* `function` over all finite floats of both signs up to `last`. */
static void expect_no_trap(void (*function)(size_t, const float *, float *), float last)
{
    static float x[mantissas], y[mantissas];
    for (uint32_t top = 0; top < 512; top++) {
        draw_exponent(top, x);
        if (top % 256 == 255) /* NaN and infinity */
            continue;
        for (size_t i = 0; i < mantissas; i++)
            x[i] = x[i] < last ? x[i] : 0.5f;
        for (size_t n = mantissas - 17; n < mantissas; n += 4)
            function(n, x, y);
        ck_assert(isfinite(y[0]));
    }
}

/* Every test runs with traps, so that this one fails by SIGFPE. */
START_TEST(finite_input_raises_nothing)
{
    const struct diffmm__vector_kernels *all[most_variants];
    size_t count = variants(all);
    static float x[mantissas], y[mantissas];
    for (size_t v = 0; v < count; v++) {
        expect_no_trap(all[v]->exp, 88.7f);
        expect_no_trap(all[v]->tanh, INFINITY);
        for (uint32_t top = 0; top < 255; top++) {
            draw_exponent(top, x);
            draw_exponent(254 - top, y);
            for (size_t n = 0; n < 40; n++) {
                all[v]->dot(n, x, x);
                all[v]->dot(n, x, y);
                all[v]->tanh_backward(n, (const float[64]){1, -1}, y);
            }
            ck_assert(isfinite(all[v]->dot(mantissas, x, x)));
            all[v]->bias_tanh(mantissas, x, y);
            ck_assert(fabsf(y[17]) <= 1.0f);
        }
    }
}
END_TEST

START_TEST(values_at_the_ends)
{
    traps_off(); /* infinity is asked for and answered */
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    ck_assert(one(kernels->exp, 0.0f) == 1.0f && one(kernels->exp, -0.0f) == 1.0f);
    ck_assert(one(kernels->exp, 88.7228f) < INFINITY);
    ck_assert(one(kernels->exp, 88.7229f) == INFINITY && one(kernels->exp, 3e38f) == INFINITY);
    ck_assert(one(kernels->exp, INFINITY) == INFINITY && one(kernels->exp, -INFINITY) == 0.0f);
    ck_assert(one(kernels->exp, -103.97f) == 0x1p-149f && one(kernels->exp, -103.98f) == 0.0f);
    ck_assert(one(kernels->exp, -3e38f) == 0.0f && isnan(one(kernels->exp, NAN)));
    ck_assert(one(kernels->exp, 1e-45f) == 1.0f);
    ck_assert(one(kernels->tanh, 0.0f) == 0.0f && one(kernels->tanh, -0.0f) == 0.0f);
    ck_assert(!signbit(one(kernels->tanh, -0.0f)));
    ck_assert(one(kernels->tanh, INFINITY) == 1.0f && one(kernels->tanh, -INFINITY) == -1.0f);
    ck_assert(one(kernels->tanh, 1e-45f) == 1e-45f && one(kernels->tanh, -3e38f) == -1.0f);
    ck_assert(isnan(one(kernels->tanh, NAN)));
    ck_assert(one(kernels->log, 1.0f) == 0.0f);
}
END_TEST

static bool near(double got, double want, double bound)
{
    return fabs(got - want) <= bound;
}

START_TEST(bits_are_philoxs)
{
    enum { blocks = 21 };
    static const uint64_t positions[] = {0, 5, UINT64_C(0xfffffff) - 3, UINT64_C(1) << 59};
    const struct diffmm__vector_kernels *all[most_variants];
    size_t count = variants(all);
    static uint32_t bits[blocks * 64 + 1];
    for (size_t v = 0; v < count; v++)
        for (size_t p = 0; p < 4; p++) {
            bits[blocks * 64] = 77;
            all[v]->bits(11, 12, positions[p], blocks, bits);
            size_t wrong = 0;
            for (size_t b = 0; b < blocks; b++)
                for (size_t j = 0; j < 16; j++) {
                    uint32_t draw[4];
                    diffmm__random4(11, 12, (positions[p] + b) * 16 + j, draw);
                    for (size_t c = 0; c < 4; c++)
                        wrong += bits[b * 64 + c * 16 + j] != draw[c];
                }
            ck_assert_uint_eq(wrong, 0);
            ck_assert_uint_eq(bits[blocks * 64], 77);
        }
}
END_TEST

/* sqrt(-2 log u) times the cosine and sine of a turn, from 24 of the bits and 26 of the next. */
static void box_muller(uint32_t first, uint32_t second, double *x, double *y, double *radius)
{
    *radius = sqrt(-2 * log(((double)(first >> 8) + 1) * 0x1p-24));
    double angle = ((double)(second >> 30) + (double)(second << 2 >> 8) * 0x1p-24 - 0.5) * acos(0);
    *x = *radius * cos(angle);
    *y = *radius * sin(angle);
}

START_TEST(normals_are_made_of_the_bits)
{
    enum { blocks = 2005, values = blocks * 64 };
    static float normals[values + 1];
    static uint32_t bits[values];
    normals[values] = 77;
    diffmm__kernels()->normal(21, 22, 0, blocks, normals);
    ck_assert(normals[values] == 77);
    diffmm__kernels()->bits(21, 22, 0, blocks, bits);
    double largest = 0;
    for (size_t i = 0; i < values; i++) {
        /* 16 first words of pairs, then 16 second ones. */
        size_t first = i / 32 * 32 + i % 16;
        double x, y, radius;
        box_muller(bits[first], bits[first + 16], &x, &y, &radius);
        double want = i / 16 % 2 ? y : x, error = fabs((double)normals[i] - want) / radius;
        if (!(error <= largest) && radius > 0)
            largest = error;
    }
    ck_assert_msg(largest < 4 * 0x1p-24, "%g", largest / 0x1p-24);
}
END_TEST

START_TEST(tails_of_normals)
{
    enum { blocks = 1 << 14, chunk = 64 * 64 };
    static float normals[chunk];
    size_t above[6] = {0}, below[6] = {0};
    for (size_t b = 0; b < blocks; b += 64) {
        diffmm__kernels()->normal(31, 1, b, 64, normals);
        for (size_t i = 0; i < chunk; i++) {
            /* The largest there can be is sqrt(48 log 2). */
            if (!(fabsf(normals[i]) < 5.77f))
                ck_abort_msg("%g", (double)normals[i]);
            for (size_t k = 0; k < 6; k++) {
                above[k] += normals[i] > (float)k;
                below[k] += normals[i] < -(float)k;
            }
        }
    }
    const double draws = 64.0 * blocks;
    for (size_t k = 0; k < 6; k++) {
        double expected = draws * erfc((double)k / sqrt(2)) / 2, deviation = sqrt(expected);
        ck_assert(near((double)above[k], expected, 5 * deviation));
        ck_assert(near((double)below[k], expected, 5 * deviation));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {exp_within_its_bound,         tanh_within_its_bound,
                                  log_within_its_bound,         finite_input_raises_nothing,
                                  values_at_the_ends,           bits_are_philoxs,
                                  normals_are_made_of_the_bits, tails_of_normals};
    return run_tests("vector_kernels_accuracy", tests, sizeof tests / sizeof *tests) != 0;
}
