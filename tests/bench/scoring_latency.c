/* SPDX-License-Identifier: BSD-2-Clause */
/* One user's top-20, call by call: median and 99th percentile, against the time of reading an
 * array as large as the item matrix once (on one thread, and on all), and how many times a call
 * asks the allocator for memory. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_scoring.h"
#include "data.h"
#include "memory_rate.h"

enum { items_per_user = 12, rounds = 5 };

/* Memory from malloc, counted. */
static void *counting_allocate(size_t size, void *user_data)
{
    atomic_size_t *count = user_data;
    atomic_fetch_add(count, 1);
    return malloc(size);
}

static void counting_release(void *pointer, void *user_data)
{
    (void)user_data;
    free(pointer);
}

static diffmm_context *counting_context(size_t threads, atomic_size_t *count)
{
    diffmm_context_settings settings = {.struct_size = sizeof settings,
                                        .threads = threads,
                                        .allocate = counting_allocate,
                                        .release = counting_release,
                                        .allocator_data = count};
    diffmm_context *context;
    bench_check(diffmm_context_create(&settings, &context));
    return context;
}

/* The model it is made from is gone afterwards. */
diffmm_scorer *scoring_scorer(diffmm_context *context, size_t items)
{
    diffmm_model *model = bench_sparse_model(context, SCORING_USERS, items, items_per_user);
    diffmm_scorer *scorer;
    bench_check(diffmm_scorer_create(model, &scorer));
    diffmm_model_destroy(model);
    return scorer;
}

static void rank_some(const diffmm_scorer *scorer, size_t calls, struct samples *seconds)
{
    diffmm_query query = {.struct_size = sizeof query, .count = SCORING_COUNT};
    diffmm_hit hits[SCORING_COUNT];
    for (size_t call = 0; call < calls; call++) {
        size_t found;
        double start = bench_now();
        bench_check(
            diffmm_recommend(scorer, (int32_t)(call % SCORING_USERS), &query, hits, &found));
        samples_add(seconds, bench_now() - start);
        if (found != SCORING_COUNT)
            bench_fail("%zu items found instead of %d", found, SCORING_COUNT);
    }
}

static void latency_at(const struct scoring_settings *settings, size_t items)
{
    atomic_size_t allocations;
    atomic_init(&allocations, 0);
    diffmm_context *context = counting_context(settings->threads, &allocations);
    diffmm_scorer *scorer = scoring_scorer(context, items);
    size_t threads = diffmm_context_threads(context);
    size_t floats = items * diffmm_scorer_dimensions(scorer);
    /* So many calls that the 99th percentile is one, and no more than some seconds of them. */
    size_t calls = settings->quick ? 10 : 200000000 / items / rounds;
    calls = calls < 40 ? 40 : calls > 400 ? 400 : calls;

    struct samples latency = {0}, read_one = {0}, read_all = {0}, warm_up = {0};
    rank_some(scorer, 1, &warm_up);
    size_t before = atomic_load(&allocations);
    for (size_t round = 0; round < rounds; round++) {
        rank_some(scorer, calls, &latency);
        memory_read(floats, 1, calls / 4, &read_one);
        memory_read(floats, threads, calls / 4, &read_all);
    }
    size_t asked = atomic_load(&allocations) - before;
    double median = samples_median(&latency), one = samples_median(&read_one);
    double all = samples_median(&read_all);
    printf("%9zu %9.3f %9.3f %11.3f %7.2f %11.3f %7.2f %12zu\n", items, 1e3 * median,
           1e3 * samples_percentile(&latency, 0.99), 1e3 * one, median / one, 1e3 * all,
           median / all, asked);
    samples_end(&latency);
    samples_end(&read_one);
    samples_end(&read_all);
    samples_end(&warm_up);
    diffmm_scorer_destroy(scorer);
    diffmm_context_destroy(context);
}

void scoring_latency(const struct scoring_settings *settings)
{
    static const size_t sizes[] = {6710, 100000, 1000000};
    printf("one user's top-20, milliseconds, against one read of the item matrix\n"
           "%9s %9s %9s %11s %7s %11s %7s %12s\n",
           "items", "median", "99 %", "read, one", "ratio", "read, all", "ratio", "allocations");
    if (settings->quick) {
        latency_at(settings, 2000);
        return;
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        if (sizes[s] <= settings->largest)
            latency_at(settings, sizes[s]);
    printf("(read, one and all: on one thread and on all; allocations: in all measured calls)\n");
}
