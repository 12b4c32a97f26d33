/* SPDX-License-Identifier: BSD-2-Clause */
/* Naive rankings: compute all scores, leave some out, sort. And a scorer to rank with. */
#ifndef DIFFMM_TESTS_NAIVE_RANKING_H
#define DIFFMM_TESTS_NAIVE_RANKING_H

#include <stdbool.h>
#include <stdlib.h>

#include <diffmm/recommend.h>

#include "support/failing.h"
#include "support/failure.h"
#include "support/small_model.h"

enum { ranking_users = 53, ranking_items = 700, ranking_most = 900 };

/* How scorers of tests search: each of these tests runs in all ways. */
static diffmm_search ranking_search;

struct ranking_world {
    struct failing allocations;
    diffmm_context *context;
    diffmm_scorer *scorer;
};

/* With ties: embeddings of few distinct values. */
static inline void ranking_begin(struct ranking_world *world, size_t threads, size_t d, bool ties)
{
    memset(world, 0, sizeof *world);
    world->context = failing_context(&world->allocations, threads);
    diffmm_model *model = small_model(world->context, ranking_users, ranking_items, d, false);
    for (size_t i = 0; ties && i < (ranking_users + ranking_items) * d; i++)
        model->final[i] = (float)diffmm__random_below(5, 5, i, 3) - 1;
    expect_success(diffmm_scorer_create(model, &world->scorer));
    expect_success(diffmm_scorer_set_search(world->scorer, ranking_search));
    diffmm_model_destroy(model);
}

static inline void ranking_end(struct ranking_world *world)
{
    diffmm_scorer_destroy(world->scorer);
    diffmm_context_destroy(world->context);
}

static inline int best_first(const void *a, const void *b)
{
    const diffmm_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* `count` scores; `seen` are left out. Returns how many hits there should be in `out`, which has
 * room for `count`. */
static inline size_t naive_ranking(size_t count, const float *scores, size_t seen_count,
                                   const int32_t *seen, int32_t user, const diffmm_query *query,
                                   diffmm_hit *out)
{
    bool *allowed = malloc(count);
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        allowed[i] = query->candidates == NULL;
    for (size_t i = 0; i < query->candidate_count; i++)
        allowed[query->candidates[i]] = true;
    for (size_t i = 0; i < query->exclude_count; i++)
        allowed[query->exclude[i]] = false;
    for (size_t i = 0; i < seen_count; i++)
        allowed[seen[i]] = false;
    for (size_t i = 0; i < count; i++) {
        int32_t keep = !query->allowed || query->allowed[i / 8] & 1 << i % 8;
        if (keep && query->filter)
            (void)query->filter(user, (int32_t)i, &keep, query->filter_data);
        if (keep && allowed[i] && (!query->has_min_score || scores[i] >= query->min_score))
            out[found++] = (diffmm_hit){.item = (int32_t)i, .score = scores[i]};
    }
    qsort(out, found, sizeof *out, best_first);
    free(allowed);
    return found < query->count ? found : query->count;
}

/* The hits of a known user are those of the naive ranking. */
static inline void expect_ranking(const diffmm_scorer *scorer, int32_t user,
                                  const diffmm_query *query, const diffmm_hit *hits, size_t found)
{
    static float scores[ranking_items];
    static diffmm_hit wanted[ranking_items];
    const int32_t *seen;
    size_t seen_count;
    expect_success(diffmm_score(scorer, user, ranking_items, NULL, scores));
    expect_success(diffmm_scorer_seen(scorer, user, &seen, &seen_count));
    size_t count = naive_ranking(ranking_items, scores, query->include_seen ? 0 : seen_count, seen,
                                 user, query, wanted);
    ck_assert_uint_eq(found, count);
    for (size_t i = 0; i < count; i++)
        if (hits[i].item != wanted[i].item || hits[i].score != wanted[i].score)
            ck_abort_msg("hit %zu of user %d is item %d, not %d", i, user, hits[i].item,
                         wanted[i].item);
}

/* Lists in any order, with repetition, or ascending; a bitmap; a least score. `total` numbers. */
struct drawn_query {
    diffmm_query query;
    int32_t exclude[ranking_most], candidates[ranking_most];
    uint8_t allowed[ranking_items / 8 + 1];
};

static inline int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static inline const int32_t *draw_list(uint64_t seed, uint64_t stream, size_t total, size_t *count,
                                       int32_t list[ranking_most])
{
    static const size_t lengths[] = {0, 1, 10, 255, 257, ranking_most};
    *count = lengths[diffmm__random_below(seed, stream, 0, 6)];
    for (size_t i = 0; i < *count; i++)
        list[i] = (int32_t)diffmm__random_below(seed, stream + 1, i, total);
    if (diffmm__random_below(seed, stream + 2, 0, 2))
        qsort(list, *count, sizeof *list, ascending);
    return list;
}

static inline void draw_query(uint64_t seed, size_t total, struct drawn_query *out)
{
    static const size_t counts[] = {1, 5, 20, 200, ranking_items, 5000};
    diffmm_query *query = &out->query;
    memset(out, 0, sizeof *out);
    query->struct_size = seed % 2 ? sizeof *query : 0;
    query->count = counts[diffmm__random_below(seed, 1, 0, 6)];
    query->include_seen = (int32_t)diffmm__random_below(seed, 2, 0, 2);
    query->exclude = draw_list(seed, 10, total, &query->exclude_count, out->exclude);
    if (diffmm__random_below(seed, 3, 0, 2))
        query->candidates = draw_list(seed, 20, total, &query->candidate_count, out->candidates);
    if (diffmm__random_below(seed, 4, 0, 2)) {
        query->allowed = out->allowed;
        query->allowed_size = (total + 7) / 8;
        for (size_t i = 0; i < query->allowed_size; i++)
            out->allowed[i] = (uint8_t)diffmm__random_below(seed, 5, i, 256);
    }
    if (diffmm__random_below(seed, 6, 0, 3) == 0) {
        query->has_min_score = 1;
        query->min_score = (float)diffmm__random_below(seed, 7, 0, 5) - 2;
    }
}

/* Run tests in floats alone, and after a first pass. */
static inline int run_in_all_ways(const char *name, const TTest *const *tests, size_t count)
{
    ranking_search = DIFFMM_SEARCH_FLAT;
    int failed = run_tests(name, tests, count);
    ranking_search = DIFFMM_SEARCH_FIRST_PASS;
    return failed | run_tests(name, tests, count);
}

#endif
