/* SPDX-License-Identifier: BSD-2-Clause */
#include <float.h>
#include <math.h>

#include "base/streams.h"
#include "drawn_hits.h"

enum { items = 100, most = 100 };

/* score + temperature g, by the logarithm of the C library. */
static double key_of(double temperature, uint64_t seed, uint64_t stream, diffmm_hit hit)
{
    uint32_t draw[4];
    diffmm__random4(seed, diffmm__stream_exploration(stream), (uint64_t)hit.item, draw);
    uint64_t bits = (uint64_t)draw[0] << 32 | draw[1];
    double u = ((double)(bits >> 12) + 0.5) / 0x1p52;
    return (double)hit.score - temperature * log(-log(u));
}

/* Descending keys, all above those of the hits that are left. Two logarithms may differ by a few
 * units in the last place. */
static void expect_largest(double temperature, uint64_t seed, uint64_t stream, size_t count,
                           const diffmm_hit *hits, size_t found, const diffmm_hit *out)
{
    double least = INFINITY;
    for (size_t n = 0; n < found; n++) {
        double key = key_of(temperature, seed, stream, out[n]);
        ck_assert_double_le(key, least + 1e-12 * (1 + temperature));
        least = key;
    }
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        for (size_t n = 0; n < found; n++)
            times += same_hit(out[n], hits[i]);
        ck_assert_uint_le(times, 1);
        if (times == 0)
            ck_assert_double_le(key_of(temperature, seed, stream, hits[i]),
                                least + 1e-12 * (1 + temperature));
    }
}

START_TEST(the_largest_keys)
{
    static const double temperatures[] = {0, .01, 1, 30, 1e30};
    for (uint64_t seed = 0; seed < 100; seed++) {
        double temperature = temperatures[seed % 5], scratch[most];
        diffmm_hit hits[most], out[most];
        size_t count = 1 + diffmm__random_below(seed, 1, 0, most), found = 77;
        size_t wanted = 1 + diffmm__random_below(seed, 2, 0, most);
        draw_hits(seed, items, count, false, hits);
        mark_hits(most, out);
        expect_success(
            diffmm_explore(temperature, seed, 5 * seed, count, hits, wanted, scratch, out, &found));
        ck_assert_uint_eq(found, wanted < count ? wanted : count);
        expect_marked(found, most, out);
        if (temperature <= 30)
            expect_largest(temperature, seed, 5 * seed, count, hits, found, out);
    }
}
END_TEST

/* How often an item is drawn first, and before another one, is what the formulas say. */
START_TEST(probabilities)
{
    enum { n = 5, draws = 40000 };
    const diffmm_hit hits[n] = {{7, 2}, {3, 1.5f}, {4, 1}, {0, -.5f}, {9, -1}};
    const double temperature = 1.5;
    size_t first[10] = {0}, before = 0, found;
    double scratch[n], sum = 0;
    for (uint64_t stream = 0; stream < draws; stream++) {
        diffmm_hit out[n];
        expect_success(diffmm_explore(temperature, 11, stream, n, hits, n, scratch, out, &found));
        first[out[0].item]++;
        for (size_t i = 0; out[i].item != 4; i++) /* 0 before 4 */
            before += out[i].item == 0;
    }
    for (size_t i = 0; i < n; i++)
        sum += exp((double)hits[i].score / temperature);
    for (size_t i = 0; i < n; i++) {
        double p = exp((double)hits[i].score / temperature) / sum;
        double deviation = sqrt(p * (1 - p) / draws);
        ck_assert_double_le(fabs((double)first[hits[i].item] / draws - p), 4 * deviation);
    }
    double p = 1 / (1 + exp(1.5 / temperature));
    ck_assert_double_le(fabs((double)before / draws - p), 4 * sqrt(p * (1 - p) / draws));
}
END_TEST

/* The draws of a seed, which stay as they are on every machine and in every version. */
START_TEST(golden)
{
    static const int32_t wanted[3][8] = {
        {1, 4, 36, 0, 25, 16, 9, 49}, {16, 0, 4, 25, 1, 9, 36, 49}, {4, 0, 16, 49, 9, 1, 25, 36}};
    diffmm_hit hits[8], out[8];
    double scratch[8];
    size_t found;
    for (int32_t i = 0; i < 8; i++)
        hits[i] = (diffmm_hit){.item = i * i, .score = 1 - .25f * (float)i};
    const uint64_t streams[] = {0, 1, (UINT64_C(1) << 56) - 1};
    for (size_t s = 0; s < 3; s++) {
        expect_success(
            diffmm_explore(1, UINT64_MAX - s, streams[s], 8, hits, 8, scratch, out, &found));
        for (size_t i = 0; i < 8; i++)
            ck_assert_int_eq(out[i].item, wanted[s][i]);
    }
}
END_TEST

/* An item's draw does not depend on the other hits or their order. */
START_TEST(other_hits_change_nothing)
{
    diffmm_hit hits[most], out[most], part[most];
    double scratch[most];
    size_t found, kept = 0;
    draw_hits(3, items, most, false, hits);
    expect_success(diffmm_explore(2, 5, 6, most, hits, most, scratch, out, &found));
    for (size_t i = most; i-- > 0;)
        if (hits[i].item % 3)
            part[kept++] = hits[i];
    diffmm_hit some[most];
    expect_success(diffmm_explore(2, 5, 6, kept, part, kept, scratch, some, &found));
    for (size_t i = 0, n = 0; i < most; i++)
        if (out[i].item % 3)
            ck_assert(same_hit(some[n++], out[i]));
    expect_success(diffmm_explore(2, 5, 7, most, hits, most, scratch, part, &found));
    ck_assert_mem_ne(part, out, sizeof out);
    expect_success(diffmm_explore(2, 6, 6, most, hits, most, scratch, part, &found));
    ck_assert_mem_ne(part, out, sizeof out);
}
END_TEST

START_TEST(no_temperature)
{
    diffmm_hit hits[most], out[most];
    double scratch[most];
    size_t found;
    draw_hits(4, items, most, true, hits);
    expect_success(diffmm_explore(0, 5, 6, most, hits, 30, scratch, out, &found));
    ck_assert_uint_eq(found, 30);
    ck_assert_mem_eq(out, hits, 30 * sizeof *out);
    expect_success(diffmm_explore((double)FLT_MAX, 5, 6, most, hits, 30, scratch, out, &found));
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_hit good[] = {{1, 2}, {3, 1}}, below[] = {{-1, 2}},
                     infinite[] = {{1, 2}, {3, INFINITY}};
    const uint64_t large = UINT64_C(1) << 56;
    double s[2];
    diffmm_hit out[2];
    size_t n = 77;
    mark_hits(2, out);
    traps_off(); /* NaN is handed over */
    expect_invalid(diffmm_explore(-1, 1, 1, 2, good, 2, s, out, &n), "temperature is -1");
    expect_invalid(diffmm_explore(NAN, 1, 1, 2, good, 2, s, out, &n), "temperature");
    expect_invalid(diffmm_explore(INFINITY, 1, 1, 2, good, 2, s, out, &n), "temperature is inf");
    expect_invalid(diffmm_explore(1, 1, large, 2, good, 2, s, out, &n), "stream");
    expect_invalid(diffmm_explore(1, 1, 1, 2, NULL, 2, s, out, &n), "hits");
    expect_invalid(diffmm_explore(1, 1, 1, 1, below, 2, s, out, &n), "hits[0].item is -1");
    expect_invalid(diffmm_explore(1, 1, 1, SIZE_MAX, good, 2, s, out, &n), "hits");
    expect_failure(diffmm_explore(1, 1, 1, 2, infinite, 2, s, out, &n), DIFFMM_ERROR_NUMERIC,
                   "hits[1].score");
    expect_invalid(diffmm_explore(1, 1, 1, 2, good, 2, NULL, out, &n), "scratch");
    expect_invalid(diffmm_explore(1, 1, 1, 2, good, 2, s, NULL, &n), "out");
    expect_invalid(diffmm_explore(1, 1, 1, 2, good, 2, s, out, NULL), "found");
    ck_assert_uint_eq(n, 77);
    expect_marked(0, 2, out);
    expect_success(diffmm_explore(1, 1, 1, 0, NULL, 2, NULL, out, &n));
    ck_assert_uint_eq(n, 0);
    expect_success(diffmm_explore(1, 1, 1, 2, good, 0, NULL, NULL, &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_largest_keys, probabilities,
                                  golden,           other_hits_change_nothing,
                                  no_temperature,   bad_arguments_are_named};
    return run_tests("explore", tests, sizeof tests / sizeof *tests) != 0;
}
