/* SPDX-License-Identifier: BSD-2-Clause */
/* What one user's call takes: with each restriction of a query, and the other calls of serving.
 * Median and 99th percentile in microseconds, call by call. */
#include <stdio.h>
#include <stdlib.h>

#include "bench_scoring.h"
#include "data.h"
#include "samples.h"

enum { list_size = 1000, touched = 10, most_calls = 400 };

/* What the calls take turns with. */
struct calls {
    const diffmm_scorer *scorer;
    size_t items;
    int32_t *ascending; /* list_size numbers, spread over all items */
    int32_t mixed[touched];
    uint8_t *allowed; /* every second item or so */
    float *embedding;
};

static struct calls begin(const diffmm_scorer *scorer)
{
    size_t items = diffmm_scorer_items(scorer), bytes = (items + 7) / 8;
    struct calls calls = {.scorer = scorer, .items = items};
    calls.ascending = bench_take(list_size, sizeof *calls.ascending);
    calls.allowed = bench_take(bytes, 1);
    calls.embedding = bench_take(diffmm_scorer_dimensions(scorer), sizeof *calls.embedding);
    for (size_t i = 0; i < list_size; i++)
        calls.ascending[i] = (int32_t)(i * items / list_size);
    for (size_t i = 0; i < touched; i++)
        calls.mixed[i] = (int32_t)(bench_random(i) % items);
    for (size_t i = 0; i < bytes; i++)
        calls.allowed[i] = (uint8_t)bench_random(i);
    return calls;
}

static void end(struct calls *calls)
{
    free(calls->ascending);
    free(calls->allowed);
    free(calls->embedding);
}

static void recommend(const struct calls *calls, int32_t user, const diffmm_query *query)
{
    diffmm_hit hits[SCORING_COUNT];
    size_t found;
    bench_check(diffmm_recommend(calls->scorer, user, query, hits, &found));
}

static void plain(const struct calls *calls, int32_t user)
{
    recommend(calls, user, &(diffmm_query){.struct_size = sizeof(diffmm_query), .count = 20});
}

static void excluding(const struct calls *calls, int32_t user)
{
    recommend(calls, user,
              &(diffmm_query){.struct_size = sizeof(diffmm_query),
                              .count = 20,
                              .exclude = calls->ascending,
                              .exclude_count = list_size});
}

static void candidates(const struct calls *calls, int32_t user)
{
    recommend(calls, user,
              &(diffmm_query){.struct_size = sizeof(diffmm_query),
                              .count = 20,
                              .candidates = calls->ascending,
                              .candidate_count = list_size});
}

static void bitmap(const struct calls *calls, int32_t user)
{
    recommend(calls, user,
              &(diffmm_query){.struct_size = sizeof(diffmm_query),
                              .count = 20,
                              .allowed = calls->allowed,
                              .allowed_size = (calls->items + 7) / 8});
}

static int keep_odd(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    (void)user;
    (void)user_data;
    *keep = item % 2;
    return 0;
}

static void callback(const struct calls *calls, int32_t user)
{
    recommend(
        calls, user,
        &(diffmm_query){.struct_size = sizeof(diffmm_query), .count = 20, .filter = keep_odd});
}

static void min_score(const struct calls *calls, int32_t user)
{
    recommend(calls, user,
              &(diffmm_query){.struct_size = sizeof(diffmm_query),
                              .count = 20,
                              .has_min_score = 1,
                              .min_score = 0.0f});
}

static void new_user(const struct calls *calls, int32_t user)
{
    (void)user;
    bench_check(
        diffmm_fold_in(calls->scorer, DIFFMM_NEW_USER, touched, calls->mixed, calls->embedding));
}

static void known_user(const struct calls *calls, int32_t user)
{
    bench_check(diffmm_fold_in(calls->scorer, user, touched, calls->mixed, calls->embedding));
}

static void explain(const struct calls *calls, int32_t user)
{
    diffmm_explanation explanation = {.struct_size = sizeof explanation};
    bench_check(
        diffmm_explain(calls->scorer, user, 0, NULL, calls->mixed[user % touched], &explanation));
}

static void similar(const struct calls *calls, int32_t user)
{
    diffmm_query query = {.struct_size = sizeof query, .count = SCORING_COUNT};
    diffmm_hit hits[SCORING_COUNT];
    size_t found;
    bench_check(diffmm_similar_items(calls->scorer, user, DIFFMM_COSINE, &query, hits, &found));
}

static const struct {
    const char *name;
    void (*call)(const struct calls *calls, int32_t user);
} kinds[] = {
    {"top-20", plain},
    {"  1,000 excluded", excluding},
    {"  1,000 candidates", candidates},
    {"  a bitmap of half the items", bitmap},
    {"  a callback for half the items", callback},
    {"  a least score", min_score},
    {"fold in a new user, 10 items", new_user},
    {"a known user, 10 more items", known_user},
    {"explain one score", explain},
    {"20 similar items, cosine", similar},
};

static void options_at(const struct scoring_settings *settings, size_t items)
{
    diffmm_context *context = bench_context(settings->threads);
    diffmm_scorer *scorer = scoring_scorer(context, items);
    struct calls calls = begin(scorer);
    size_t count = settings->quick ? 5 : 100000000 / items;
    count = count < 40 ? 40 : count > most_calls ? most_calls : count;
    printf("%zu items\n", items);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        struct samples seconds = {0};
        for (size_t call = 0; call <= count; call++) {
            double start = bench_now();
            kinds[kind].call(&calls, (int32_t)(call % SCORING_USERS));
            if (call > 0) /* the first one warms up */
                samples_add(&seconds, bench_now() - start);
        }
        printf("  %-34s %11.2f %11.2f\n", kinds[kind].name, 1e6 * samples_median(&seconds),
               1e6 * samples_percentile(&seconds, 0.99));
        samples_end(&seconds);
    }
    end(&calls);
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
}

void scoring_options(const struct scoring_settings *settings)
{
    static const size_t sizes[] = {6710, 100000, 1000000};
    printf("one user's calls, microseconds\n  %-34s %11s %11s\n", "", "median", "99 %");
    if (settings->quick) {
        options_at(settings, 2000);
        return;
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        if (sizes[s] <= settings->largest)
            options_at(settings, sizes[s]);
}
