/* SPDX-License-Identifier: BSD-2-Clause */
/* What the header promises of every prefix, rather than the way there; and some mergers written
 * out. */
#include <math.h>

#include "drawn_hits.h"

enum { items = 60, most = 60 };

static bool has(size_t count, const diffmm_hit *hits, int32_t item)
{
    for (size_t i = 0; i < count; i++)
        if (hits[i].item == item)
            return true;
    return false;
}

static size_t in_common(size_t count, const diffmm_hit *hits, size_t other_count,
                        const diffmm_hit *others)
{
    size_t common = 0;
    for (size_t i = 0; i < count; i++)
        common += has(other_count, others, hits[i].item);
    return common;
}

/* Percent, so that the share is exact. */
static void expect_share(size_t percent, size_t second_count, const diffmm_hit *second,
                         size_t found, const diffmm_hit *out)
{
    for (size_t n = 1; n <= found; n++) {
        size_t due = percent * n / 100, got = in_common(n, out, second_count, second);
        if (got < due && got < second_count)
            ck_abort_msg("%zu%%: %zu of the first %zu are of the second, not %zu", percent, got, n,
                         due);
    }
}

/* The hits of a list stand in its order, and with its scores where the other has not the item. */
static void expect_order(size_t count, const diffmm_hit *list, size_t other_count,
                         const diffmm_hit *other, size_t found, const diffmm_hit *out)
{
    size_t at = 0;
    for (size_t n = 0; n < found; n++) {
        if (!has(count, list, out[n].item) || has(other_count, other, out[n].item))
            continue;
        while (at < count && !same_hit(list[at], out[n]))
            at++;
        ck_assert_uint_lt(at, count);
    }
}

START_TEST(every_prefix_has_the_share)
{
    for (uint64_t seed = 0; seed < 400; seed++) {
        diffmm_hit first[most], second[most], out[2 * most];
        size_t n1 = diffmm__random_below(seed, 1, 0, most + 1), found = 77;
        size_t n2 = diffmm__random_below(seed, 2, 0, most / 2 + 1);
        size_t percent = diffmm__random_below(seed, 3, 0, 101);
        size_t room = diffmm__random_below(seed, 4, 0, 2 * most + 1);
        draw_hits(seed, items, n1, seed % 2, first);
        draw_hits(seed + 1000, items, n2, false, second);
        size_t all = n1 + n2 - in_common(n1, first, n2, second);
        mark_hits(2 * most, out);
        expect_success(
            diffmm_merge_hits((double)percent / 100, n1, first, n2, second, room, out, &found));
        ck_assert_uint_eq(found, all < room ? all : room);
        expect_marked(found, 2 * most, out);
        for (size_t n = 0; n < found; n++)
            ck_assert(!has(n, out, out[n].item) &&
                      (has(n1, first, out[n].item) || has(n2, second, out[n].item)));
        expect_share(percent, n2, second, found, out);
        expect_order(n1, first, n2, second, found, out);
        expect_order(n2, second, n1, first, found, out);
    }
}
END_TEST

static void expect_items(double share, size_t count, const int32_t *wanted)
{
    const diffmm_hit first[] = {{0, 9}, {1, 8}, {2, 7}, {3, 6}, {4, 5}},
                     second[] = {{10, 4}, {3, 3}, {11, 2}};
    diffmm_hit out[8];
    size_t found;
    expect_success(diffmm_merge_hits(share, 5, first, 3, second, 8, out, &found));
    ck_assert_uint_eq(found, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(out[i].item, wanted[i]);
}

START_TEST(written_out)
{
    /* 3 is in both, and counts for the second wherever it comes from. */
    expect_items(0, 7, (const int32_t[]){0, 1, 2, 3, 4, 10, 11});
    expect_items(1, 7, (const int32_t[]){10, 3, 11, 0, 1, 2, 4});
    expect_items(.5, 7, (const int32_t[]){0, 10, 1, 3, 2, 11, 4});
    expect_items(.25, 7, (const int32_t[]){0, 1, 2, 10, 3, 4, 11});
}
END_TEST

/* No more than is due is taken from the second while the first lasts. */
START_TEST(the_first_keeps_its_share)
{
    diffmm_hit first[50], second[50], out[100];
    size_t found;
    for (int32_t i = 0; i < 50; i++) {
        first[i] = (diffmm_hit){i, (float)-i};
        second[i] = (diffmm_hit){50 + i, (float)-i};
    }
    for (size_t percent = 0; percent <= 100; percent++) {
        expect_success(
            diffmm_merge_hits((double)percent / 100, 50, first, 50, second, 50, out, &found));
        for (size_t n = 1; n <= 50; n++)
            ck_assert_uint_eq(in_common(n, out, 50, second), percent * n / 100);
    }
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_hit good[] = {{1, 2}}, below[] = {{1, 2}, {-1, 1}};
    diffmm_hit out[3];
    size_t n = 77;
    mark_hits(3, out);
    traps_off(); /* NaN is handed over */
    expect_invalid(diffmm_merge_hits(NAN, 1, good, 1, good, 3, out, &n), "share is");
    expect_invalid(diffmm_merge_hits(1.25, 1, good, 1, good, 3, out, &n), "share is 1.25");
    expect_invalid(diffmm_merge_hits(-.5, 1, good, 1, good, 3, out, &n), "share is -0.5");
    expect_invalid(diffmm_merge_hits(.5, 1, NULL, 1, good, 3, out, &n), "first");
    expect_invalid(diffmm_merge_hits(.5, 1, good, 1, NULL, 3, out, &n), "second");
    expect_invalid(diffmm_merge_hits(.5, 2, below, 1, good, 3, out, &n), "first[1].item is -1");
    expect_invalid(diffmm_merge_hits(.5, 1, good, 2, below, 3, out, &n), "second[1].item is -1");
    expect_invalid(diffmm_merge_hits(.5, SIZE_MAX, good, 1, good, 3, out, &n), "first");
    expect_invalid(diffmm_merge_hits(.5, 1, good, 1, good, 3, NULL, &n), "out");
    expect_invalid(diffmm_merge_hits(.5, 1, good, 1, good, 3, out, NULL), "found");
    ck_assert_uint_eq(n, 77);
    expect_marked(0, 3, out);
    expect_success(diffmm_merge_hits(.5, 0, NULL, 0, NULL, 0, NULL, &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_prefix_has_the_share, written_out,
                                  the_first_keeps_its_share, bad_arguments_are_named};
    return run_tests("merge_hits", tests, sizeof tests / sizeof *tests) != 0;
}
