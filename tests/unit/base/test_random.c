/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "support/failure.h"

/* The known answers published with the generator. */
START_TEST(known_answers)
{
    static const struct {
        uint64_t seed, stream, position;
        uint32_t answer[4];
    } cases[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x0370734413198a2e,
         0x85a308d3243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t draw[4];
        diffmm__random4(cases[i].seed, cases[i].stream, cases[i].position, draw);
        ck_assert_mem_eq(draw, cases[i].answer, sizeof draw);
    }
}
END_TEST

/* What a seed draws is part of the promise that the same seed gives the same bits. */
START_TEST(draws_stay)
{
    const uint64_t seed = 5, stream = UINT64_C(1) << 57 | 3;
    const uint64_t below[] = {440069, 290035, 961354, 172549};
    const uint64_t below_large[] = {4058912478665978294, 2675096392044759975, 6816401956289007925,
                                    1591481802638723298};
    const double reals[] = {0.44006817272981769, 0.29003453198630624, 0.96135206100988013};
    const int32_t shuffled[] = {2, 6, 0, 1, 3, 5, 7, 4};
    int32_t order[8];
    for (uint64_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(diffmm__random_below(seed, stream, i, 1000003), below[i]);
        ck_assert_uint_eq(diffmm__random_below(seed, stream, i, (UINT64_C(1) << 63) + 1),
                          below_large[i]);
    }
    for (uint64_t i = 0; i < 3; i++)
        ck_assert(diffmm__random_real(seed, stream, i) == reals[i]);
    diffmm__random_shuffle(seed, stream, 8, order);
    ck_assert_mem_eq(order, shuffled, sizeof order);
}
END_TEST

START_TEST(reals_are_uniform)
{
    enum { draws = 200000, cells = 64 };
    size_t count[cells] = {0};
    double sum = 0;
    for (uint64_t i = 0; i < draws; i++) {
        double x = diffmm__random_real(5, 1, i);
        if (!(x >= 0.0 && x < 1.0))
            ck_abort_msg("%g is not in [0, 1)", x);
        sum += x;
        count[(size_t)(x * cells)]++;
    }
    ck_assert(fabs(sum / draws - 0.5) < 5 * sqrt(1.0 / 12 / draws));
    /* Chi squared with 63 degrees of freedom: mean 63, deviation sqrt(126). */
    double chi = 0, expected = (double)draws / cells;
    for (size_t c = 0; c < cells; c++)
        chi += ((double)count[c] - expected) * ((double)count[c] - expected) / expected;
    ck_assert_msg(chi < 63 + 5 * sqrt(126) && chi > 63 - 5 * sqrt(126), "%g", chi);
    /* 53 random bits, not fewer: the lowest one is sometimes set. */
    bool lowest = false;
    for (uint64_t i = 0; i < 100; i++)
        lowest = lowest || fmod(diffmm__random_real(5, 2, i) * 0x1p53, 2) == 1;
    ck_assert(lowest);
}
END_TEST

static void expect_share(size_t count, size_t draws, uint64_t values, uint64_t bound)
{
    double share = (double)values / (double)bound, expected = (double)draws * share;
    ck_assert_msg(fabs((double)count - expected) <= 5 * sqrt(expected * (1 - share)),
                  "bound %zu: %zu of %zu draws fell on %zu values", (size_t)bound, count, draws,
                  (size_t)values);
}

/* How often draws fall on each third of the values, and on each remainder by three. Without the
 * rejection, remainder 0 of the bound 3 2^62 would have half of them. */
static void expect_unbiased(uint64_t seed, uint64_t bound)
{
    enum { draws = 30000 };
    size_t thirds[3] = {0}, remainders[3] = {0};
    for (uint64_t i = 0; i < draws; i++) {
        uint64_t value = diffmm__random_below(seed, 1, i, bound);
        if (value >= bound)
            ck_abort_msg("%zu is not below %zu", (size_t)value, (size_t)bound);
        thirds[(size_t)((unsigned __int128)value * 3 / bound)]++;
        remainders[value % 3]++;
    }
    for (size_t c = 0; c < 3; c++) {
        uint64_t first = (uint64_t)(((unsigned __int128)bound * c + 2) / 3);
        uint64_t end = (uint64_t)(((unsigned __int128)bound * (c + 1) + 2) / 3);
        expect_share(thirds[c], draws, end - first, bound);
        expect_share(remainders[c], draws, bound / 3 + (bound % 3 > c), bound);
    }
}

START_TEST(below_a_bound)
{
    const uint64_t half = UINT64_C(1) << 63;
    const uint64_t bounds[] = {
        1,         2, 3, 7, 1000, half >> 31, half / 2 + 1, half - 1, half, half + 1, half / 2 * 3,
        UINT64_MAX};
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        expect_unbiased(b, bounds[b]);
        for (uint64_t i = 0; i < 100; i++)
            ck_assert_uint_eq(diffmm__random_below(b, 1, i, bounds[b]),
                              diffmm__random_below(b, 1, i, bounds[b]));
    }
}
END_TEST

START_TEST(small_bounds_are_hit_evenly)
{
    enum { bound = 10, draws = 50000 };
    size_t count[bound] = {0};
    for (uint64_t i = 0; i < draws; i++)
        count[diffmm__random_below(4, 0, i, bound)]++;
    double deviation = sqrt(draws * 0.1 * 0.9);
    for (size_t v = 0; v < bound; v++)
        ck_assert(fabs((double)count[v] - draws * 0.1) < 5 * deviation);
}
END_TEST

START_TEST(shuffles_are_permutations)
{
    enum { most = 1000 };
    static const size_t counts[] = {0, 1, 2, 3, 10, most};
    static int32_t order[most], other[most];
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        bool seen[most] = {false};
        diffmm__random_shuffle(1, 2, counts[c], order);
        for (size_t i = 0; i < counts[c]; i++) {
            ck_assert(order[i] >= 0 && (size_t)order[i] < counts[c] && !seen[order[i]]);
            seen[order[i]] = true;
        }
        diffmm__random_shuffle(1, 2, counts[c], other);
        ck_assert_mem_eq(order, other, counts[c] * sizeof *order);
    }
    diffmm__random_shuffle(2, 2, most, other);
    ck_assert_mem_ne(order, other, sizeof order);
    diffmm__random_shuffle(1, 3, most, other);
    ck_assert_mem_ne(order, other, sizeof order);
}
END_TEST

START_TEST(every_permutation_is_as_likely)
{
    enum { shuffles = 24000 };
    size_t count[256] = {0};
    for (uint64_t seed = 0; seed < shuffles; seed++) {
        int32_t order[4];
        diffmm__random_shuffle(seed, 1, 4, order);
        count[order[0] + 4 * order[1] + 16 * order[2] + 64 * order[3]]++;
    }
    size_t kinds = 0;
    double deviation = sqrt(shuffles / 24.0 * 23 / 24);
    for (size_t i = 0; i < 256; i++) {
        kinds += count[i] > 0;
        ck_assert(count[i] == 0 || fabs((double)count[i] - shuffles / 24.0) < 5 * deviation);
    }
    ck_assert_uint_eq(kinds, 24);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {known_answers,
                                  draws_stay,
                                  reals_are_uniform,
                                  below_a_bound,
                                  small_bounds_are_hit_evenly,
                                  shuffles_are_permutations,
                                  every_permutation_is_as_likely};
    return run_tests("random", tests, sizeof tests / sizeof *tests) != 0;
}
