/* SPDX-License-Identifier: BSD-2-Clause */
/* How well items are ranked that training has not seen.
 *
 * A tenth of the items is hidden entirely; a model is trained on the others; then all items are
 * ranked for each user, but for the user's training items. Printed for each rule: Recall@20 of the
 * user's hidden items (those of all three splits), the same where hidden items alone are ranked,
 * Recall@20 of the user's known test items in the same ranking of all (what showing new items
 * costs), and the share of the 20 places that hidden items take. */
#include <stdio.h>
#include <stdlib.h>

#include "cold_items.h"

enum { cutoff = 20 };

/* A rule as a function that scores all items for a user. */
typedef void (*score_function)(const void *argument, int32_t user, float *scores);

struct means {
    double hidden, among_hidden, known, share;
    size_t hidden_users, known_users, users;
};

static size_t hits(size_t found, const int32_t *ranked, size_t count, const int32_t *held)
{
    size_t n = 0;
    for (size_t r = 0; r < found; r++)
        for (size_t h = 0; h < count; h++)
            n += ranked[r] == held[h];
    return n;
}

/* The user's hidden items (of all splits, into room for all) and known test items. */
static void find_held(const struct cold_world *w, int32_t user, int32_t *hidden,
                      size_t *hidden_count, int32_t *known, size_t *known_count)
{
    *hidden_count = *known_count = 0;
    for (int split = 0; split < 3; split++) {
        const int32_t *row;
        size_t length;
        bench_check(diffmm_dataset_row(w->source, (diffmm_split)split, user, &row, &length));
        for (size_t i = 0; i < length; i++) {
            int32_t number = w->number[row[i]];
            if ((size_t)number >= w->known)
                hidden[(*hidden_count)++] = number;
            else if (split == DIFFMM_TEST)
                known[(*known_count)++] = number;
        }
    }
}

static void add_user(const struct cold_world *w, int32_t user, const float *scores,
                     const int32_t *hidden, size_t hidden_count, const int32_t *known,
                     size_t known_count, struct means *sum)
{
    const int32_t *seen;
    int32_t ranked[cutoff];
    size_t seen_count, found;
    bench_check(diffmm_dataset_row(w->known_data, DIFFMM_TRAIN, user, &seen, &seen_count));
    bench_check(diffmm_top_k(w->items, scores, seen_count, seen, cutoff, ranked, NULL, &found));
    for (size_t r = 0; r < found; r++)
        sum->share += (size_t)ranked[r] >= w->known ? 1.0 / cutoff : 0.0;
    sum->users++;
    if (known_count > 0) {
        sum->known += (double)hits(found, ranked, known_count, known) / (double)known_count;
        sum->known_users++;
    }
    if (hidden_count == 0)
        return;
    sum->hidden += (double)hits(found, ranked, hidden_count, hidden) / (double)hidden_count;
    sum->hidden_users++;
    bench_check(diffmm_top_k(w->items - w->known, scores + w->known, 0, NULL, cutoff, ranked, NULL,
                             &found));
    for (size_t r = 0; r < found; r++)
        ranked[r] += (int32_t)w->known;
    sum->among_hidden += (double)hits(found, ranked, hidden_count, hidden) / (double)hidden_count;
}

static void measure_rule(const struct cold_world *w, const char *name, score_function score,
                         const void *argument)
{
    float *scores = bench_take(w->items, sizeof *scores);
    int32_t *hidden = bench_take(w->items, sizeof *hidden);
    int32_t *known = bench_take(w->items, sizeof *known);
    struct means sum = {0};
    for (size_t u = 0; u < w->users; u++) {
        size_t hidden_count, known_count;
        find_held(w, (int32_t)u, hidden, &hidden_count, known, &known_count);
        if (hidden_count + known_count == 0)
            continue;
        score(argument, (int32_t)u, scores);
        add_user(w, (int32_t)u, scores, hidden, hidden_count, known, known_count, &sum);
    }
    printf("%-34s %9.4f %13.4f %11.4f %7.3f\n", name, sum.hidden / (double)sum.hidden_users,
           sum.among_hidden / (double)sum.hidden_users, sum.known / (double)sum.known_users,
           sum.share / (double)sum.users);
    free(scores);
    free(hidden);
    free(known);
}

static void score_at_random(const void *argument, int32_t user, float *scores)
{
    const struct cold_world *w = argument;
    for (size_t i = 0; i < w->items; i++)
        scores[i] = (float)(bench_random((uint64_t)user << 32 | i) >> 40);
}

/* Features side by side (items x columns). */
struct similarity {
    const struct cold_world *world;
    const float *unit;
    size_t columns;
    float *profile;
};

/* Mean cosine with the user's training items. */
static void score_by_features(const void *argument, int32_t user, float *scores)
{
    const struct similarity *s = argument;
    const int32_t *seen;
    size_t count;
    bench_check(diffmm_dataset_row(s->world->known_data, DIFFMM_TRAIN, user, &seen, &count));
    for (size_t c = 0; c < s->columns; c++) {
        s->profile[c] = 0.0f;
        for (size_t i = 0; i < count; i++)
            s->profile[c] += s->unit[(size_t)seen[i] * s->columns + c];
    }
    for (size_t i = 0; i < s->world->items; i++) {
        scores[i] = 0.0f;
        for (size_t c = 0; c < s->columns; c++)
            scores[i] += s->profile[c] * s->unit[i * s->columns + c];
    }
}

static void score_by_scorer(const void *argument, int32_t user, float *scores)
{
    const diffmm_scorer *scorer = argument;
    bench_check(diffmm_score(scorer, user, diffmm_scorer_items(scorer), NULL, scores));
}

/* A rule that gives the hidden items rows, which are freed. */
static void measure_rows(const struct cold_world *w, const diffmm_model *model, const char *name,
                         float *rows)
{
    diffmm_scorer *known, *all;
    bench_check(diffmm_scorer_create(model, &known));
    bench_check(diffmm_scorer_extend(known, w->items - w->known, NULL, rows, &all));
    measure_rule(w, name, score_by_scorer, all);
    diffmm_scorer_destroy(known);
    diffmm_scorer_destroy(all);
    free(rows);
}

static void measure_placer(const struct cold_world *w, const diffmm_model *model)
{
    static const double boosts[] = {1.0, 1.25, 1.5, 2.0};
    diffmm_placer *placer;
    double start = bench_now();
    bench_check(diffmm_placer_create(model, w->known_data, &placer));
    double seconds = bench_now() - start;
    for (size_t b = 0; b < sizeof boosts / sizeof *boosts; b++) {
        char name[64];
        snprintf(name, sizeof name, "placer, boost %.2f", boosts[b]);
        measure_rows(w, model, name, cold_placed_rows(w, placer, boosts[b], SIZE_MAX));
    }
    for (size_t m = 0; m < w->modalities; m++) {
        char name[96];
        snprintf(name, sizeof name, "placer, boost 1, %s alone", w->name[m]);
        measure_rows(w, model, name, cold_placed_rows(w, placer, 1.0, m));
    }
    printf("(making the placer took %.2f s)\n", seconds);
    diffmm_placer_destroy(placer);
}

static void measure_baselines(const struct cold_world *w)
{
    struct similarity similarity = {.world = w};
    float *unit = cold_unit_features(w, &similarity.columns);
    similarity.unit = unit;
    similarity.profile = bench_take(similarity.columns, sizeof(float));
    measure_rule(w, "random", score_at_random, w);
    measure_rule(w, "nearest to own items by features", score_by_features, &similarity);
    free(similarity.profile);
    free(unit);
}

static void train(diffmm_context *context, const struct cold_world *w, const char *preset,
                  bool quick, size_t epochs, diffmm_trainer **out)
{
    diffmm_options *options;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_preset(options, preset));
    bench_check(diffmm_options_set_integer(options, "epochs", (int64_t)epochs));
    bench_check(diffmm_options_set_integer(options, "patience", 0));
    if (quick) {
        bench_check(diffmm_options_set(options, "hidden_sizes", "24"));
        bench_check(diffmm_options_set(options, "batch", "64"));
        bench_check(diffmm_options_set(options, "embedding_size", "16"));
    }
    bench_check(diffmm_trainer_create(w->known_data, options, out));
    bench_check(diffmm_trainer_fit(*out, NULL, NULL));
    diffmm_options_destroy(options);
}

int main(int argc, char **argv)
{
    bool quick = false;
    size_t threads = 0, epochs = 6, seed = 1;
    const struct bench_option options[] = {
        {"--epochs", NULL, &epochs, 1, 1000, "epochs to train (default 6)"},
        {"--seed", NULL, &seed, 0, 1000000, "which items are hidden (default 1)"},
        {"--threads", NULL, &threads, 1, 1024, "threads (default: all CPUs)"},
        {"--quick", &quick, NULL, 0, 0, "a small shape, one epoch: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    const struct bench_shape *shape = quick ? &bench_quick : &bench_tiktok;
    diffmm_context *context = bench_context(threads);
    diffmm_dataset *source = bench_data(context, shape, 2);
    bench_check(diffmm_dataset_seal(source));
    bench_describe(source, shape->title, bench_folder(shape));
    struct cold_world world = cold_hide(context, source, seed);
    bench_describe(world.known_data, "without hidden items", NULL);
    diffmm_trainer *trainer;
    train(context, &world, shape->preset, quick, quick ? 1 : epochs, &trainer);
    const diffmm_model *model = diffmm_trainer_model(trainer);
    printf("%-34s %9s %13s %11s %7s\n", "rule", "hidden", "among hidden", "known test", "share");
    measure_baselines(&world);
    measure_rows(&world, model, "node without neighbours", cold_isolated_rows(&world, model));
    measure_rows(&world, model, "mean of the 20 nearest", cold_nearest_rows(&world, model, cutoff));
    measure_placer(&world, model);
    diffmm_trainer_destroy(trainer);
    cold_end(&world);
    diffmm_dataset_destroy(source);
    diffmm_context_destroy(context);
    return 0;
}
