/* SPDX-License-Identifier: BSD-2-Clause */
/* One user's top-20 in floats alone, after a first pass, and so on all threads: medians, one way
 * after the other in each round. The items are an untrained model's, whose coordinates are nearly
 * independent: with a trained one's, the first pass leaves out more (bench_scale.c). */
#include <stdio.h>

#include "bench_scoring.h"
#include "samples.h"

enum { rounds = 5, FLAT = 0, FIRST_PASS, ON_THREADS, WAYS };

static void rank_some(const diffmm_scorer *scorer, size_t threads, size_t calls,
                      struct samples *seconds)
{
    diffmm_query query = {.struct_size = sizeof query, .count = SCORING_COUNT, .threads = threads};
    diffmm_hit hits[SCORING_COUNT];
    for (size_t call = 0; call < calls; call++) {
        size_t found;
        double start = bench_now();
        bench_check(
            diffmm_recommend(scorer, (int32_t)(call % SCORING_USERS), &query, hits, &found));
        samples_add(seconds, bench_now() - start);
    }
}

static void search_at(const struct scoring_settings *settings, size_t items)
{
    diffmm_context *context = bench_context(settings->threads);
    diffmm_scorer *scorer = scoring_scorer(context, items);
    size_t threads = diffmm_context_threads(context), calls = settings->quick ? 5 : SCORING_USERS;
    struct samples seconds[WAYS] = {{0}}, making = {0};
    diffmm_scorer_info info = {.struct_size = sizeof info};
    for (size_t round = 0; round < (settings->quick ? 1 : rounds); round++) {
        bench_check(diffmm_scorer_set_search(scorer, DIFFMM_SEARCH_FLAT));
        rank_some(scorer, 0, calls, &seconds[FLAT]);
        double start = bench_now();
        bench_check(diffmm_scorer_set_search(scorer, DIFFMM_SEARCH_FIRST_PASS));
        samples_add(&making, bench_now() - start);
        rank_some(scorer, 0, calls, &seconds[FIRST_PASS]);
        rank_some(scorer, threads, calls, &seconds[ON_THREADS]);
    }
    bench_check(diffmm_scorer_describe(scorer, &info));
    double flat = samples_median(&seconds[FLAT]), pass = samples_median(&seconds[FIRST_PASS]);
    double shared = samples_median(&seconds[ON_THREADS]);
    printf("%9zu %9.3f %9.3f %7.2f %9.3f %7.2f %6zu %9.1f %9.3f\n", items, 1e3 * flat, 1e3 * pass,
           flat / pass, 1e3 * shared, flat / shared, info.head_dimensions,
           1e-6 * (double)info.search_bytes, samples_median(&making));
    for (size_t way = 0; way < WAYS; way++)
        samples_end(&seconds[way]);
    samples_end(&making);
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
}

void scoring_search(const struct scoring_settings *settings)
{
    static const size_t sizes[] = {6710, 16384, 100000, 1000000};
    printf("one user's top-20, milliseconds, in floats alone and after a first pass\n"
           "%9s %9s %9s %7s %9s %7s %6s %9s %9s\n",
           "items", "floats", "pass", "ratio", "threads", "ratio", "head", "MB", "s to make");
    if (settings->quick) {
        search_at(settings, 2000);
        return;
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        if (sizes[s] <= settings->largest)
            search_at(settings, sizes[s]);
}
