/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/random.h"
#include "linalg/topk.h"
#include "support/failure.h"

enum { most = 700 };

static int best_first(const void *a, const void *b)
{
    const struct diffmm__ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The naive strategy: sort everything. */
static size_t sorted(size_t count, const float *scores, struct diffmm__ranked *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(scores[i]))
            out[kept++] = (struct diffmm__ranked){.index = (int32_t)i, .score = scores[i]};
    qsort(out, kept, sizeof *out, best_first);
    return kept;
}

/* Few distinct values, so that there are ties; some infinite, some NaN. */
static void draw(uint64_t seed, size_t count, float *scores)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t kind = diffmm__random_below(seed, 1, i, 40);
        scores[i] = kind == 0   ? NAN
                    : kind == 1 ? INFINITY
                    : kind == 2 ? -INFINITY
                                : (float)diffmm__random_below(seed, 2, i, 1 + seed % 50) - 10;
    }
}

static void expect_first(const struct diffmm__topk *topk, size_t found,
                         const struct diffmm__ranked *all, size_t all_count)
{
    ck_assert_uint_eq(found, topk->capacity < all_count ? topk->capacity : all_count);
    for (size_t i = 0; i < found; i++) {
        ck_assert_int_eq(topk->entries[i].index, all[i].index);
        ck_assert(topk->entries[i].score == all[i].score);
    }
}

START_TEST(equals_a_full_sort)
{
    static float scores[most];
    static struct diffmm__ranked all[most], entries[most];
    for (uint64_t seed = 0; seed < 60; seed++) {
        size_t count = (size_t)diffmm__random_below(seed, 3, 0, most);
        draw(seed, count, scores);
        size_t all_count = sorted(count, scores, all);
        const size_t capacities[] = {0, 1, 2, 7, 20, count, most};
        for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
            struct diffmm__topk topk = diffmm__topk_begin(entries, capacities[c]);
            size_t tile = 1 + (size_t)diffmm__random_below(seed, 4, c, 100);
            for (size_t at = 0; at < count; at += tile)
                diffmm__topk_push(&topk, at, count - at < tile ? count - at : tile, scores + at);
            expect_first(&topk, diffmm__topk_finish(&topk), all, all_count);
        }
    }
}
END_TEST

START_TEST(the_order_of_the_stream_does_not_matter)
{
    static float scores[most], shuffled[most];
    static int32_t order[most];
    static struct diffmm__ranked all[most], entries[most];
    for (uint64_t seed = 0; seed < 40; seed++) {
        size_t count = 1 + (size_t)diffmm__random_below(seed, 3, 0, most);
        draw(seed, count, scores);
        size_t all_count = sorted(count, scores, all);
        diffmm__random_shuffle(seed, 5, count, order);
        for (size_t i = 0; i < count; i++)
            shuffled[i] = scores[order[i]];
        struct diffmm__topk topk = diffmm__topk_begin(entries, 15);
        diffmm__topk_push_indices(&topk, order, count / 2, shuffled);
        diffmm__topk_push_indices(&topk, order + count / 2, count - count / 2,
                                  shuffled + count / 2);
        expect_first(&topk, diffmm__topk_finish(&topk), all, all_count);
    }
}
END_TEST

START_TEST(zeros_of_either_sign_tie)
{
    const float scores[] = {-0.0f, 0.0f, -0.0f, 0.0f};
    struct diffmm__ranked entries[2];
    struct diffmm__topk topk = diffmm__topk_begin(entries, 2);
    diffmm__topk_push(&topk, 0, 4, scores);
    ck_assert_uint_eq(diffmm__topk_finish(&topk), 2);
    ck_assert(entries[0].index == 0 && entries[1].index == 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_full_sort, the_order_of_the_stream_does_not_matter,
                                  zeros_of_either_sign_tie};
    return run_tests("topk", tests, sizeof tests / sizeof *tests) != 0;
}
