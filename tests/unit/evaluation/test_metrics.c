/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdbool.h>

#include <diffmm/metrics.h>

#include "base/random.h"
#include "support/failure.h"

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-15;
}

START_TEST(top_k_by_hand)
{
    const float scores[] = {1, 3, NAN, 3, -INFINITY, 2};
    const int32_t exclude[] = {0, 0, 5};
    int32_t indices[6];
    float values[6];
    size_t found;
    expect_success(diffmm_top_k(6, scores, 0, NULL, 6, indices, values, &found));
    const int32_t all[] = {1, 3, 5, 0, 4};
    ck_assert_uint_eq(found, 5);
    ck_assert_mem_eq(indices, all, sizeof all);
    ck_assert(values[0] == 3 && values[2] == 2 && values[4] == -INFINITY);
    expect_success(diffmm_top_k(6, scores, 3, exclude, 2, indices, NULL, &found));
    ck_assert(found == 2 && indices[0] == 1 && indices[1] == 3);
    expect_success(diffmm_top_k(6, scores, 3, exclude, 1000000000, indices, values, &found));
    ck_assert(found == 3 && indices[2] == 4);
    expect_success(diffmm_top_k(0, NULL, 0, NULL, 3, indices, values, &found));
    ck_assert_uint_eq(found, 0);
    expect_success(diffmm_top_k(6, scores, 0, NULL, 0, NULL, NULL, &found));
    ck_assert_uint_eq(found, 0);
}
END_TEST

START_TEST(top_k_equals_repeated_maximum)
{
    enum { most = 150 };
    float scores[most], values[most];
    int32_t exclude[most], indices[most];
    bool gone[most];
    for (uint64_t seed = 0; seed < 50; seed++) {
        size_t count = 1 + (size_t)diffmm__random_below(seed, 1, 0, most), excluded = 0, found;
        for (size_t i = 0; i < count; i++) {
            scores[i] = (float)diffmm__random_below(seed, 2, i, 20);
            gone[i] = diffmm__random_below(seed, 3, i, 4) == 0;
            if (gone[i])
                exclude[excluded++] = (int32_t)i;
        }
        size_t wanted = (size_t)diffmm__random_below(seed, 4, 0, most);
        expect_success(
            diffmm_top_k(count, scores, excluded, exclude, wanted, indices, values, &found));
        ck_assert_uint_eq(found, wanted < count - excluded ? wanted : count - excluded);
        for (size_t k = 0; k < found; k++) {
            size_t best = most;
            for (size_t i = 0; i < count; i++)
                if (!gone[i] && (best == most || scores[i] > scores[best]))
                    best = i;
            ck_assert_int_eq(indices[k], (int32_t)best);
            ck_assert(values[k] == scores[best]);
            gone[best] = true;
        }
    }
}
END_TEST

START_TEST(top_k_refuses_bad_arguments)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const float scores[] = {1, 2, 3};
    const int32_t falling[] = {1, 0}, outside[] = {0, 3}, negative[] = {-1};
    int32_t indices[3] = {77};
    float values[3] = {77};
    size_t found = 77;
    expect_failure(diffmm_top_k(3, NULL, 0, NULL, 1, indices, values, &found), bad, "scores");
    expect_failure(diffmm_top_k(3, scores, 1, NULL, 1, indices, values, &found), bad, "exclude");
    expect_failure(diffmm_top_k(3, scores, 0, NULL, 1, NULL, values, &found), bad, "indices");
    expect_failure(diffmm_top_k(3, scores, 0, NULL, 1, indices, values, NULL), bad, "found");
    expect_failure(diffmm_top_k(3, scores, 2, falling, 1, indices, values, &found), bad,
                   "exclude[1] is 0");
    expect_failure(diffmm_top_k(3, scores, 2, outside, 1, indices, values, &found), bad,
                   "exclude[1] is 3");
    expect_failure(diffmm_top_k(3, scores, 1, negative, 1, indices, values, &found), bad,
                   "exclude[0] is -1");
    expect_failure(diffmm_top_k((size_t)INT32_MAX + 1, scores, 0, NULL, 1, indices, values, &found),
                   bad, "score_count");
    ck_assert(indices[0] == 77 && values[0] == 77 && found == 77);
}
END_TEST

START_TEST(ranking_metrics_by_hand)
{
    const int32_t ranked[] = {7, 3, 9, 1, 4}, held[] = {1, 2, 3};
    diffmm_metrics m;
    /* Hits at ranks 1 and 3. */
    double gain = 1 / log2(3) + 1 / log2(5), ideal = 1 + 1 / log2(3) + 1 / log2(4);
    expect_success(diffmm_ranking_metrics(5, ranked, 3, held, 5, &m));
    ck_assert(m.cutoff == 5 && m.users == 1);
    ck_assert(near(m.recall, 2.0 / 3) && near(m.precision, 2.0 / 5) && near(m.ndcg, gain / ideal));
    /* A shorter cutoff: the ideal is shorter too. */
    expect_success(diffmm_ranking_metrics(5, ranked, 3, held, 2, &m));
    ck_assert(near(m.recall, 1.0 / 3) && near(m.precision, 0.5));
    ck_assert(near(m.ndcg, 1 / log2(3) / (1 + 1 / log2(3))));
    /* Fewer ranked than the cutoff: precision still divides by K. */
    expect_success(diffmm_ranking_metrics(2, ranked, 3, held, 20, &m));
    ck_assert(near(m.recall, 1.0 / 3) && near(m.precision, 0.05));
    ck_assert(near(m.ndcg, 1 / log2(3) / ideal));
    expect_success(diffmm_ranking_metrics(0, NULL, 3, held, 20, &m));
    ck_assert(m.recall == 0 && m.precision == 0 && m.ndcg == 0);
    /* Perfect. */
    expect_success(diffmm_ranking_metrics(3, held, 3, held, 3, &m));
    ck_assert(m.recall == 1 && m.precision == 1 && m.ndcg == 1);
}
END_TEST

START_TEST(a_held_out_item_counts_once)
{
    enum { many = 1000 };
    const int32_t ranked[] = {7, 3, 9, 1, 4}, held[] = {1, 1, 1, 2, 3, 3}, same[] = {5, 5};
    static int32_t falling[many];
    diffmm_metrics once, m;
    expect_success(diffmm_ranking_metrics(5, ranked, 3, (int32_t[]){1, 2, 3}, 4, &once));
    expect_success(diffmm_ranking_metrics(5, ranked, 6, held, 4, &m));
    ck_assert_mem_eq(&m, &once, sizeof m);
    expect_success(diffmm_ranking_metrics(1, same, 2, same, 1, &m));
    ck_assert(m.recall == 1 && m.precision == 1 && m.ndcg == 1);
    /* A long ranking, longer than K, of the largest numbers there are. */
    for (int32_t i = 0; i < many; i++)
        falling[i] = INT32_MAX - i;
    expect_success(diffmm_ranking_metrics(many, falling, 1, falling, 20, &m));
    ck_assert(m.recall == 1 && m.ndcg == 1);
}
END_TEST

START_TEST(a_ranking_is_of_distinct_items)
{
    enum { many = 1000 };
    const int32_t twice[] = {3, 1, 3, 2}, held[] = {1, 2, 3}, outside[] = {3, -7};
    static int32_t falling[many];
    diffmm_metrics m = {.cutoff = 77};
    expect_invalid(diffmm_ranking_metrics(4, twice, 3, held, 4, &m),
                   "ranked[2] is 3, as is ranked[0]: an item has one rank");
    expect_invalid(diffmm_ranking_metrics(2, (int32_t[]){3, 3}, 3, held, 4, &m),
                   "ranked[1] is 3, as is ranked[0]");
    expect_invalid(diffmm_ranking_metrics(4, twice, 3, held, 1, &m),
                   "ranked[2] is 3"); /* beyond K */
    expect_invalid(diffmm_ranking_metrics(2, outside, 3, held, 4, &m), "ranked[1] is -7");
    for (int32_t i = 0; i < many; i++)
        falling[i] = many - i;
    falling[many - 1] = falling[many / 2];
    expect_invalid(diffmm_ranking_metrics(many, falling, 3, held, 20, &m),
                   "ranked[999] is 500, as is ranked[500]");
    ck_assert_uint_eq(m.cutoff, 77);
}
END_TEST

START_TEST(ranking_metrics_refuse_bad_arguments)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t ranked[] = {1}, held[] = {1, 2}, falling[] = {2, 1}, negative[] = {-1};
    diffmm_metrics m = {.cutoff = 77};
    expect_failure(diffmm_ranking_metrics(1, NULL, 2, held, 5, &m), bad, "ranked");
    expect_failure(diffmm_ranking_metrics(1, ranked, 2, NULL, 5, &m), bad, "held");
    expect_failure(diffmm_ranking_metrics(1, ranked, 2, held, 5, NULL), bad, "out");
    expect_failure(diffmm_ranking_metrics(1, ranked, 0, held, 5, &m), bad, "held_count");
    expect_failure(diffmm_ranking_metrics(1, ranked, 2, held, 0, &m), bad, "cutoff");
    expect_failure(diffmm_ranking_metrics(1, ranked, 2, falling, 5, &m), bad, "held[1] is 1");
    expect_failure(diffmm_ranking_metrics(1, ranked, 1, negative, 5, &m), bad, "held[0] is -1");
    ck_assert_uint_eq(m.cutoff, 77);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {top_k_by_hand,
                                  top_k_equals_repeated_maximum,
                                  top_k_refuses_bad_arguments,
                                  ranking_metrics_by_hand,
                                  a_held_out_item_counts_once,
                                  a_ranking_is_of_distinct_items,
                                  ranking_metrics_refuse_bad_arguments};
    return run_tests("metrics", tests, sizeof tests / sizeof *tests) != 0;
}
