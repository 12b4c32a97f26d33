/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranking: all users' top-20, and the all-ranking evaluation, against the rate of the one product
 * users x d x items; then a single user's top-20 (scoring_latency.c). The embeddings are an
 * untrained model's: the work does not depend on their values. */
#include "bench_scoring.h"

#include <stdio.h>
#include <stdlib.h>

#include "data.h"
#include "sgemm_rate.h"

struct subject {
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_model *model;
    diffmm_scorer *scorer;
    size_t users, items, d, threads;
};

static void begin(struct subject *subject, const struct scoring_settings *settings)
{
    const struct bench_shape *shape = settings->quick ? &bench_quick : &bench_tiktok;
    *subject = (struct subject){.context = bench_context(settings->threads)};
    subject->dataset = bench_data(subject->context, shape, 2);
    diffmm_options *options;
    bench_check(diffmm_options_create(subject->context, &options));
    bench_check(diffmm_options_preset(options, shape->preset));
    bench_check(diffmm_model_create(subject->dataset, options, &subject->model));
    diffmm_options_destroy(options);
    bench_check(diffmm_model_forward(subject->model));
    bench_check(diffmm_scorer_create(subject->model, &subject->scorer));
    subject->users = diffmm_model_users(subject->model);
    subject->items = diffmm_model_items(subject->model);
    subject->d = diffmm_model_dimensions(subject->model);
    subject->threads = diffmm_context_threads(subject->context);
    bench_describe(subject->dataset, shape->title, bench_folder(shape));
    printf("%s\nd = %zu, %zu threads, medians of %zu runs\n", diffmm_build_info(), subject->d,
           subject->threads, settings->runs);
}

static void end(struct subject *subject)
{
    diffmm_scorer_destroy(subject->scorer);
    diffmm_model_destroy(subject->model);
    diffmm_dataset_destroy(subject->dataset);
    diffmm_context_destroy(subject->context);
}

static void rank_all(const struct subject *subject, diffmm_hit *hits, size_t *found,
                     struct samples *seconds)
{
    diffmm_query query = {.struct_size = sizeof query, .count = SCORING_COUNT};
    double start = bench_now();
    bench_check(diffmm_recommend_users(subject->scorer, subject->users, NULL, &query, hits, found));
    samples_add(seconds, bench_now() - start);
}

static diffmm_metrics evaluate(const struct subject *subject, struct samples *seconds)
{
    size_t cutoff = SCORING_COUNT;
    diffmm_metrics metrics;
    double start = bench_now();
    bench_check(diffmm_evaluate(subject->context, subject->dataset, DIFFMM_TEST, subject->d,
                                diffmm_model_user_embeddings(subject->model),
                                diffmm_model_item_embeddings(subject->model), 1, &cutoff,
                                &metrics));
    samples_add(seconds, bench_now() - start);
    return metrics;
}

static void print_row(const struct subject *subject, const char *name, size_t users,
                      const struct samples *seconds, double rate)
{
    double gflop = 2e-9 * (double)users * (double)subject->items * (double)subject->d;
    double median = samples_median(seconds);
    printf("%-16s %7zu %9.4f %10.0f %8.2f %9.1f %13.1f %8.1f %%\n", name, users, median,
           (double)users / median, gflop, gflop / median, rate, 100.0 * gflop / median / rate);
}

static void all_users(const struct subject *subject, size_t runs)
{
    size_t users = subject->users;
    diffmm_hit *hits = bench_take(users * SCORING_COUNT, sizeof *hits);
    size_t *found = bench_take(users, sizeof *found);
    diffmm_metrics metrics = {0};
    struct samples ranking = {0}, evaluation = {0}, rates = {0};
    for (size_t run = 0; run < runs; run++) {
        rank_all(subject, hits, found, &ranking);
        metrics = evaluate(subject, &evaluation);
        sgemm_rate(users, subject->d, subject->items, subject->threads, 1, &rates);
    }
    double rate = samples_median(&rates);
    printf("%-16s %7s %9s %10s %8s %9s %13s %10s\n", "ranking", "users", "seconds", "users/s",
           "GFLOP", "GFLOP/s", "sgemm GFLOP/s", "share");
    print_row(subject, "top-20", users, &ranking, rate);
    print_row(subject, "test evaluation", metrics.users, &evaluation, rate);
    printf("(sgemm: %zu x %zu x %zu)\n", users, subject->d, subject->items);
    samples_end(&ranking);
    samples_end(&evaluation);
    samples_end(&rates);
    free(hits);
    free(found);
}

int main(int argc, char **argv)
{
    struct scoring_settings settings = {0};
    const struct bench_option options[] = {
        {"--threads", NULL, &settings.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--runs", NULL, &settings.runs, 1, 1000, "runs over all users (default 7)"},
        {"--largest", NULL, &settings.largest, 1000, 10000000,
         "most items in the table of one user's top-20 (default 1000000, which takes some GB)"},
        {"--quick", &settings.quick, NULL, 0, 0, "small shapes: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (settings.runs == 0)
        settings.runs = settings.quick ? 1 : 7;
    if (settings.largest == 0)
        settings.largest = 1000000;
    struct subject subject;
    begin(&subject, &settings);
    all_users(&subject, settings.runs);
    end(&subject);
    scoring_latency(&settings);
    scoring_search(&settings);
    scoring_options(&settings);
    return 0;
}
