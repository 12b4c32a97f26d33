/* SPDX-License-Identifier: BSD-2-Clause */
#include "drawn_hits.h"

enum { items = 80, most_hits = 80 };

/* Count every group anew for every hit. */
static size_t naive(const int32_t *groups, size_t most, size_t count, const diffmm_hit *hits,
                    diffmm_hit *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before = 0; /* of the same group, kept or not */
        for (size_t j = 0; j < i; j++)
            before += groups[hits[j].item] == groups[hits[i].item];
        if (groups[hits[i].item] < 0 || before < most)
            out[kept++] = hits[i];
    }
    return kept;
}

START_TEST(the_first_of_each_group_stay)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        int32_t groups[items];
        diffmm_hit hits[most_hits], out[most_hits], wanted[most_hits];
        size_t count = diffmm__random_below(seed, 1, 0, most_hits + 1), found = 77;
        size_t most = 1 + diffmm__random_below(seed, 2, 0, 4);
        for (size_t i = 0; i < items; i++)
            groups[i] = (int32_t)diffmm__random_below(seed, 3, i, 12) - 1;
        draw_hits(seed, items, count, seed % 2, hits);
        size_t all = naive(groups, most, count, hits, wanted);
        size_t room = diffmm__random_below(seed, 4, 0, most_hits + 1);
        size_t expected = all < room ? all : room;
        mark_hits(most_hits, out);
        expect_success(diffmm_limit_groups(items, groups, most, count, hits, room, out, &found));
        ck_assert_uint_eq(found, expected);
        ck_assert_mem_eq(out, wanted, found * sizeof *out);
        expect_marked(found, most_hits, out);
        expect_success(diffmm_limit_groups(items, groups, most, count, hits, room, hits,
                                           &found)); /* in place */
        ck_assert_uint_eq(found, expected);
        ck_assert_mem_eq(hits, wanted, found * sizeof *out);
    }
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const int32_t groups[] = {0, -1, INT32_MAX, -2};
    const diffmm_hit hits[] = {{2, 2}, {1, 1}, {0, 0}}, beyond[] = {{0, 2}, {4, 1}},
                     wrong[] = {{3, 2}};
    diffmm_hit out[3];
    size_t n = 77;
    mark_hits(3, out);
    expect_invalid(diffmm_limit_groups(4, NULL, 1, 3, hits, 3, out, &n), "groups");
    expect_invalid(diffmm_limit_groups(4, groups, 0, 3, hits, 3, out, &n), "most is 0");
    expect_invalid(diffmm_limit_groups(4, groups, 1, 3, NULL, 3, out, &n), "hits");
    expect_invalid(diffmm_limit_groups(4, groups, 1, 3, hits, 3, NULL, &n), "out");
    expect_invalid(diffmm_limit_groups(4, groups, 1, 3, hits, 3, out, NULL), "found");
    expect_invalid(diffmm_limit_groups(4, groups, 1, 2, beyond, 3, out, &n), "hits[1].item is 4");
    expect_invalid(diffmm_limit_groups(4, groups, 1, 1, wrong, 3, out, &n), "groups[3] is -2");
    expect_invalid(diffmm_limit_groups(4, groups, 1, SIZE_MAX, hits, 3, out, &n), "hits");
    ck_assert_uint_eq(n, 77);
    expect_marked(0, 3, out);
    expect_success(diffmm_limit_groups(4, groups, SIZE_MAX, 3, hits, SIZE_MAX, out, &n));
    ck_assert_uint_eq(n, 3);
    expect_success(diffmm_limit_groups(0, NULL, 1, 0, NULL, 0, NULL, &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_first_of_each_group_stay, bad_arguments_are_named};
    return run_tests("limit_groups", tests, sizeof tests / sizeof *tests) != 0;
}
