/* SPDX-License-Identifier: BSD-2-Clause */
/* How good is a user who is folded in? A tenth of the users is hidden from training entirely; each
 * is then folded in from its training items, and its test items are looked for among the best 20:
 * beside the same users in a training that knew them, and beside popularity. --preset and --set say
 * how is trained. */
#include <stdio.h>
#include <stdlib.h>

#include "common.h"
#include "data.h"
#include "samples.h"
#include "settings.h"

enum { best = 20 };

struct fold_in_settings {
    size_t threads, epochs, seed, share;
    bool quick;
    struct bench_settings given;
};

struct hidden {
    bool *is_hidden;      /* per user */
    size_t count, tested; /* users, and those with test items */
};

static struct hidden hide(const diffmm_dataset *data, const struct fold_in_settings *settings)
{
    size_t users = diffmm_dataset_users(data);
    struct hidden hidden = {.is_hidden = bench_take(users, sizeof(bool))};
    for (size_t u = 0; u < users; u++) {
        const int32_t *items;
        size_t count;
        if (bench_random((uint64_t)settings->seed << 32 | u) % 100 >= settings->share)
            continue;
        hidden.is_hidden[u] = true;
        hidden.count++;
        bench_check(diffmm_dataset_row(data, DIFFMM_TEST, (int32_t)u, &items, &count));
        hidden.tested += count > 0;
    }
    return hidden;
}

static diffmm_scorer *train(diffmm_dataset *data, const char *preset,
                            const struct fold_in_settings *settings, diffmm_context *context)
{
    diffmm_options *options;
    diffmm_trainer *trainer;
    diffmm_scorer *scorer;
    bench_check(diffmm_options_create(context, &options));
    bench_settings_apply(&settings->given, preset, options);
    bench_check(diffmm_options_set_integer(options, "epochs", (int64_t)settings->epochs));
    bench_check(diffmm_options_set_integer(options, "patience", 0));
    bench_check(diffmm_options_set(options, "seen", "train")); /* test items are to be found */
    bench_check(diffmm_options_set_integer(options, "seed", (int64_t)settings->seed));
    bench_check(diffmm_trainer_create(data, options, &trainer));
    bench_check(diffmm_trainer_fit(trainer, NULL, NULL));
    bench_check(diffmm_scorer_create(diffmm_trainer_model(trainer), &scorer));
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    return scorer;
}

/* The best items of a user with a training row, by one of the three ways. */
typedef size_t (*ranking_function)(void *argument, int32_t user, const int32_t *row, size_t count,
                                   int32_t ranked[best]);

static size_t numbers_of(const diffmm_hit *hits, size_t found, int32_t ranked[best])
{
    for (size_t i = 0; i < found; i++)
        ranked[i] = hits[i].item;
    return found;
}

static size_t rank_trained(void *argument, int32_t user, const int32_t *row, size_t count,
                           int32_t ranked[best])
{
    (void)row;
    (void)count;
    const diffmm_scorer *scorer = argument;
    diffmm_query query = {.struct_size = sizeof query, .count = best};
    diffmm_hit hits[best];
    size_t found;
    bench_check(diffmm_recommend(scorer, user, &query, hits, &found));
    return numbers_of(hits, found, ranked);
}

struct folding {
    const diffmm_scorer *scorer;
    float *embedding;
    struct samples seconds;
};

static size_t rank_folded(void *argument, int32_t user, const int32_t *row, size_t count,
                          int32_t ranked[best])
{
    (void)user;
    struct folding *folding = argument;
    diffmm_query query = {
        .struct_size = sizeof query, .count = best, .exclude = row, .exclude_count = count};
    diffmm_hit hits[best];
    size_t found;
    double start = bench_now();
    bench_check(diffmm_fold_in(folding->scorer, DIFFMM_NEW_USER, count, row, folding->embedding));
    samples_add(&folding->seconds, bench_now() - start);
    bench_check(
        diffmm_recommend_embedding(folding->scorer, folding->embedding, &query, hits, &found));
    return numbers_of(hits, found, ranked);
}

struct popularity {
    size_t items;
    float *counts;
};

static size_t rank_popular(void *argument, int32_t user, const int32_t *row, size_t count,
                           int32_t ranked[best])
{
    (void)user;
    const struct popularity *popularity = argument;
    size_t found;
    bench_check(diffmm_top_k(popularity->items, popularity->counts, count, row, best, ranked, NULL,
                             &found));
    return found;
}

/* Training pairs per item, of the users who are not hidden. */
static struct popularity count_items(const diffmm_dataset *data, const struct hidden *hidden)
{
    struct popularity popularity = {.items = diffmm_dataset_items(data)};
    popularity.counts = bench_take(popularity.items, sizeof *popularity.counts);
    for (size_t u = 0; u < diffmm_dataset_users(data); u++) {
        const int32_t *row;
        size_t count;
        bench_check(diffmm_dataset_row(data, DIFFMM_TRAIN, (int32_t)u, &row, &count));
        for (size_t i = 0; i < count && !hidden->is_hidden[u]; i++)
            popularity.counts[row[i]] += 1.0f;
    }
    return popularity;
}

/* Mean recall over the hidden users who have test items. */
static double recall(const diffmm_dataset *data, const struct hidden *hidden, ranking_function rank,
                     void *argument)
{
    double sum = 0.0;
    for (size_t u = 0; u < diffmm_dataset_users(data); u++) {
        const int32_t *row, *held;
        size_t count, held_count;
        int32_t ranked[best];
        diffmm_metrics metrics;
        bench_check(diffmm_dataset_row(data, DIFFMM_TRAIN, (int32_t)u, &row, &count));
        bench_check(diffmm_dataset_row(data, DIFFMM_TEST, (int32_t)u, &held, &held_count));
        if (!hidden->is_hidden[u] || held_count == 0)
            continue;
        size_t found = rank(argument, (int32_t)u, row, count, ranked);
        bench_check(diffmm_ranking_metrics(found, ranked, held_count, held, best, &metrics));
        sum += metrics.recall;
    }
    return hidden->tested > 0 ? sum / (double)hidden->tested : 0.0;
}

static void compare(const diffmm_dataset *data, const struct hidden *hidden, diffmm_scorer *full,
                    const diffmm_scorer *reduced)
{
    struct popularity popularity = count_items(data, hidden);
    struct folding folding = {
        .scorer = reduced,
        .embedding = bench_take(diffmm_scorer_dimensions(reduced), sizeof *folding.embedding)};
    double trained = recall(data, hidden, rank_trained, full);
    if (!(trained > 0.0))
        bench_fail("no test item is found: are they left out as seen?");
    double folded = recall(data, hidden, rank_folded, &folding);
    double popular = recall(data, hidden, rank_popular, &popularity);
    printf("%-12s %10s %10s\n", "users", "Recall@20", "of trained");
    printf("%-12s %10.4f\n", "trained", trained);
    printf("%-12s %10.4f %8.0f %%\n", "folded in", folded, 100.0 * folded / trained);
    printf("%-12s %10.4f %8.0f %%\n", "popularity", popular, 100.0 * popular / trained);
    printf("one fold-in: median %.2f, 99th percentile %.2f microseconds\n",
           1e6 * samples_median(&folding.seconds),
           1e6 * samples_percentile(&folding.seconds, 0.99));
    samples_end(&folding.seconds);
    free(folding.embedding);
    free(popularity.counts);
}

int main(int argc, char **argv)
{
    struct fold_in_settings settings = {.seed = 1};
    const struct bench_option options[] = {
        {"--threads", NULL, &settings.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--epochs", NULL, &settings.epochs, 1, 1000, "epochs of both trainings (default 10)"},
        {"--share", NULL, &settings.share, 1, 99, "per cent of users to hide (default 10)"},
        {"--seed", NULL, &settings.seed, 1, 1000000, "of training and of who is hidden (1)"},
        {"--quick", &settings.quick, NULL, 0, 0, "small shapes: does the program work?"},
    };
    bench_settings_take(&argc, argv, &settings.given);
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (settings.epochs == 0)
        settings.epochs = settings.quick ? 2 : 10;
    if (settings.share == 0)
        settings.share = 10;
    const struct bench_shape *shape = settings.quick ? &bench_quick : &bench_tiktok;
    const char *folder = bench_folder(shape);
    diffmm_context *context = bench_context(settings.threads);
    diffmm_dataset *data = bench_data(context, shape, 2);
    bench_check(diffmm_dataset_seal(data));
    struct hidden hidden = hide(data, &settings);
    diffmm_dataset *all = bench_without_users(data, context, shape, 2, NULL);
    diffmm_dataset *rest = bench_without_users(data, context, shape, 2, hidden.is_hidden);
    diffmm_scorer *full = train(all, shape->preset, &settings, context);
    diffmm_scorer *reduced = train(rest, shape->preset, &settings, context);
    bench_describe(data, shape->title, folder);
    bench_settings_describe(&settings.given, shape->preset);
    printf("%zu users hidden, %zu of them with test items; %zu epochs, seed %zu\n", hidden.count,
           hidden.tested, settings.epochs, settings.seed);
    compare(data, &hidden, full, reduced);
    diffmm_scorer_destroy(full);
    diffmm_scorer_destroy(reduced);
    diffmm_dataset_destroy(rest);
    diffmm_dataset_destroy(all);
    diffmm_dataset_destroy(data);
    diffmm_context_destroy(context);
    free(hidden.is_hidden);
    return 0;
}
