/* SPDX-License-Identifier: BSD-2-Clause */
/* What going on from a model is worth when users, items and interactions are added.
 *
 * A tenth of the training interactions is kept back: all of 3 % of the users and 3 % of the items,
 * and for the rest random ones. A model is trained without them, its data set extended by them, and
 * training goes on from it for a few epochs; beside it, training anew on everything. After every
 * epoch: Recall@20 on the test split for all users, for the new users alone, and on the new items
 * alone (all items ranked). Two rules for the rows of new users and items are compared: the fresh
 * draw of the library, and the mean of the embeddings of what they touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "data.h"

enum { cutoff = 20 };

struct settings {
    const struct bench_shape *shape;
    size_t modalities, threads, first_epochs, more_epochs, anew_epochs, hidden;
    bool quick, skip_continued;
};

/* Numbers in which the users and items that are there from the beginning come first. */
struct numbering {
    size_t count, old; /* of all, and of those */
    int32_t *number;   /* of the original i */
    int32_t *original; /* of number i */
};

static struct numbering number(size_t count, uint64_t salt)
{
    struct numbering n = {.count = count,
                          .number = bench_take(count, sizeof(int32_t)),
                          .original = bench_take(count, sizeof(int32_t))};
    size_t next = 0;
    for (int new = 0; new < 2; new ++) {
        for (size_t i = 0; i < count; i++)
            if ((bench_random(salt << 32 | i) % 100 < 3) == new) {
                n.original[next] = (int32_t)i;
                n.number[i] = (int32_t)next++;
            }
        if (!new)
            n.old = next;
    }
    return n;
}

struct world {
    struct numbering users, items;
    diffmm_dataset *begin, *all;
    float *features[3]; /* of each modality, in the new order */
};

/* Interactions of one split, renumbered: those that are there from the beginning (of training, a
 * random part less), or the others. */
static void add_pairs(const diffmm_dataset *source, diffmm_split split, const struct world *w,
                      bool added, diffmm_dataset *out)
{
    size_t count = 0, most = diffmm_dataset_interactions(source, split);
    int32_t *user = bench_take(most, sizeof *user), *item = bench_take(most, sizeof *item);
    for (size_t u = 0; u < w->users.count; u++) {
        const int32_t *row;
        size_t length;
        bench_check(diffmm_dataset_row(source, split, (int32_t)u, &row, &length));
        for (size_t i = 0; i < length; i++) {
            int32_t user_number = w->users.number[u], item_number = w->items.number[row[i]];
            bool new =
                (size_t)user_number >= w->users.old || (size_t)item_number >= w->items.old ||
                (split == DIFFMM_TRAIN &&
                 bench_random(UINT64_C(3) << 50 | (uint64_t)u << 25 | (uint64_t)row[i]) % 1000 <
                     43);
            if (new != added)
                continue;
            user[count] = user_number;
            item[count++] = item_number;
        }
    }
    bench_check(diffmm_dataset_add_interactions(out, split, count, user, item));
    free(user);
    free(item);
}

/* Features of a modality in the new order, to be freed. */
static float *renumbered_features(const diffmm_dataset *source, size_t modality,
                                  const struct numbering *items)
{
    size_t d = diffmm_dataset_modality_dimensions(source, modality);
    float *all = bench_take(items->count * d, sizeof *all);
    float *out = bench_take(items->count * d, sizeof *out);
    bench_check(diffmm_dataset_features(source, modality, 0, items->count, all));
    for (size_t i = 0; i < items->count; i++)
        memcpy(out + i * d, all + (size_t)items->original[i] * d, d * sizeof *out);
    free(all);
    return out;
}

static struct world split_world(diffmm_context *context, const diffmm_dataset *source)
{
    struct world w = {.users = number(diffmm_dataset_users(source), 1),
                      .items = number(diffmm_dataset_items(source), 2)};
    size_t modalities = diffmm_dataset_modalities(source);
    bench_check(diffmm_dataset_create(context, &w.begin));
    bench_check(diffmm_dataset_reserve(w.begin, w.users.old, w.items.old));
    for (int split = 0; split < 3; split++)
        add_pairs(source, (diffmm_split)split, &w, false, w.begin);
    for (size_t m = 0; m < modalities; m++) {
        w.features[m] = renumbered_features(source, m, &w.items);
        size_t d = diffmm_dataset_modality_dimensions(source, m);
        bench_check(diffmm_dataset_add_modality_array(
            w.begin, diffmm_dataset_modality_name(source, m), w.items.old, d, w.features[m], d));
    }
    bench_check(diffmm_dataset_seal(w.begin));
    bench_check(diffmm_dataset_extend(w.begin, &w.all));
    bench_check(diffmm_dataset_reserve(w.all, w.users.count, w.items.count));
    for (int split = 0; split < 3; split++)
        add_pairs(source, (diffmm_split)split, &w, true, w.all);
    for (size_t m = 0; m < modalities; m++) {
        size_t d = diffmm_dataset_modality_dimensions(source, m);
        bench_check(diffmm_dataset_append_features(w.all, diffmm_dataset_modality_name(source, m),
                                                   w.items.count - w.items.old,
                                                   w.features[m] + w.items.old * d, d));
    }
    bench_check(diffmm_dataset_seal(w.all));
    return w;
}

static void end_world(struct world *w)
{
    diffmm_dataset_destroy(w->begin);
    diffmm_dataset_destroy(w->all);
    for (size_t m = 0; m < 3; m++)
        free(w->features[m]);
    free(w->users.number);
    free(w->users.original);
    free(w->items.number);
    free(w->items.original);
}

/* Recall@20 on the test split, of users from first_user on and items from first_item on. */
static double recall(const diffmm_scorer *scorer, const diffmm_dataset *data, size_t first_user,
                     size_t first_item)
{
    diffmm_query query = {.struct_size = sizeof query, .count = cutoff};
    double sum = 0.0;
    size_t users = 0;
    for (size_t u = first_user; u < diffmm_dataset_users(data); u++) {
        const int32_t *row;
        size_t length, found, held = 0, hit = 0;
        diffmm_hit hits[cutoff];
        bench_check(diffmm_dataset_row(data, DIFFMM_TEST, (int32_t)u, &row, &length));
        for (size_t i = 0; i < length; i++)
            held += (size_t)row[i] >= first_item;
        if (held == 0)
            continue;
        bench_check(diffmm_recommend(scorer, (int32_t)u, &query, hits, &found));
        for (size_t i = 0; i < length; i++)
            for (size_t h = 0; h < found && (size_t)row[i] >= first_item; h++)
                hit += hits[h].item == row[i];
        sum += (double)hit / (double)held;
        users++;
    }
    if (users > 0 && first_user == 0 && first_item == 0 && sum == 0.0)
        bench_fail("no test item is found: are they left out as seen?");
    return users ? sum / (double)users : 0.0;
}

static void print_recall(const struct world *w, const diffmm_dataset *data,
                         const diffmm_model *model, const char *what, size_t epoch, double seconds)
{
    diffmm_scorer *scorer;
    bench_check(diffmm_scorer_create(model, &scorer));
    printf("%-26s %5zu %9.4f", what, epoch, recall(scorer, data, 0, 0));
    if (data == w->all)
        printf(" %10.4f %10.4f", recall(scorer, data, w->users.old, 0),
               recall(scorer, data, 0, w->items.old));
    else
        printf(" %10s %10s", "-", "-");
    printf(" %9.1f\n", seconds);
    diffmm_scorer_destroy(scorer);
}

static void run(const struct world *w, const diffmm_dataset *data, diffmm_trainer *trainer,
                const char *what, size_t epochs)
{
    for (size_t e = 0; e < epochs; e++) {
        double start = bench_now();
        bench_check(diffmm_trainer_epoch(trainer, NULL));
        print_recall(w, data, diffmm_trainer_model(trainer), what, e + 1, bench_now() - start);
    }
}

/* dst rows from first on: means of the src rows of what each touched, where that is old. */
static void set_means(float *dst, const float *src, size_t first, size_t count, size_t old,
                      size_t d, size_t pairs, const int32_t *self, const int32_t *other)
{
    double *sum = bench_take(count * d, sizeof *sum);
    size_t *terms = bench_take(count, sizeof *terms);
    for (size_t p = 0; p < pairs; p++) {
        if ((size_t)self[p] < first || (size_t)other[p] >= old)
            continue;
        terms[self[p]]++;
        for (size_t j = 0; j < d; j++)
            sum[(size_t)self[p] * d + j] += (double)src[(size_t)other[p] * d + j];
    }
    for (size_t i = first; i < count; i++)
        for (size_t j = 0; j < d && terms[i]; j++)
            dst[i * d + j] = (float)(sum[i * d + j] / (double)terms[i]);
    free(sum);
    free(terms);
}

/* New rows as means, through the public setter. */
static void start_from_means(const struct world *w, diffmm_model *model)
{
    diffmm_parameter e_user = {.struct_size = sizeof e_user};
    diffmm_parameter e_item = {.struct_size = sizeof e_item};
    bench_check(diffmm_model_parameter(model, "user_embedding", &e_user));
    bench_check(diffmm_model_parameter(model, "item_embedding", &e_item));
    size_t d = e_user.columns, users = e_user.rows * d, items = e_item.rows * d;
    float *user = bench_take(users, sizeof *user), *item = bench_take(items, sizeof *item);
    memcpy(user, e_user.values, users * sizeof *user);
    memcpy(item, e_item.values, items * sizeof *item);
    int32_t *pair_user, *pair_item;
    size_t pairs = bench_pairs(w->all, &pair_user, &pair_item);
    set_means(user, e_item.values, w->users.old, w->users.count, w->items.old, d, pairs, pair_user,
              pair_item);
    set_means(item, e_user.values, w->items.old, w->items.count, w->users.old, d, pairs, pair_item,
              pair_user);
    bench_check(diffmm_model_set_parameter(model, "user_embedding", e_user.rows, d, user));
    bench_check(diffmm_model_set_parameter(model, "item_embedding", e_item.rows, d, item));
    free(user);
    free(item);
    free(pair_user);
    free(pair_item);
}

static diffmm_options *make_options(diffmm_context *context, const struct settings *s,
                                    const char *seed)
{
    diffmm_options *options;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_preset(options, s->shape->preset));
    bench_check(diffmm_options_set(options, "epochs", "1000"));
    bench_check(diffmm_options_set(options, "patience", "0"));
    bench_check(diffmm_options_set(options, "seen", "train")); /* test items are to be found */
    bench_check(diffmm_options_set(options, "seed", seed));
    if (s->hidden) {
        char hidden[24];
        snprintf(hidden, sizeof hidden, "%zu", s->hidden);
        bench_check(diffmm_options_set(options, "hidden_sizes", hidden));
    }
    if (s->quick) {
        bench_check(diffmm_options_set(options, "hidden_sizes", "24"));
        bench_check(diffmm_options_set(options, "batch", "64"));
        bench_check(diffmm_options_set(options, "embedding_size", "16"));
    }
    return options;
}

/* Going on from a model: once with the library's rule for new rows, once with means. */
static void run_continued(const struct world *w, const struct settings *s,
                          const diffmm_options *options, const diffmm_model *model)
{
    static const char *const names[] = {"continued, fresh rows", "continued, mean rows"};
    for (int means = 0; means < 2; means++) {
        diffmm_trainer *trainer;
        bench_check(diffmm_trainer_create_from(w->all, options, model, &trainer));
        if (means)
            start_from_means(w, diffmm_trainer_model(trainer));
        bench_check(diffmm_model_forward(diffmm_trainer_model(trainer)));
        print_recall(w, w->all, diffmm_trainer_model(trainer), names[means], 0, 0.0);
        run(w, w->all, trainer, names[means], s->more_epochs);
        diffmm_trainer_destroy(trainer);
    }
}

static void measure(const struct settings *s)
{
    diffmm_context *context = bench_context(s->threads);
    diffmm_dataset *source = bench_data(context, s->shape, s->modalities);
    bench_check(diffmm_dataset_seal(source));
    bench_describe(source, s->shape->title, bench_folder(s->shape));
    struct world w = split_world(context, source);
    bench_describe(w.begin, "begin", NULL);
    bench_describe(w.all, "all", NULL);
    diffmm_options *options = make_options(context, s, "1");
    diffmm_options *other_seed = make_options(context, s, "2");
    diffmm_trainer *trainer;
    printf("%-26s %5s %9s %10s %10s %9s\n", "training", "epoch", "test", "new users", "new items",
           "seconds");
    if (!s->skip_continued) {
        bench_check(diffmm_trainer_create(w.begin, options, &trainer));
        run(&w, w.begin, trainer, "begin", s->first_epochs);
        /* A model file has no denoisers, so none are taken over here either. */
        char path[] = "/tmp/diffmm-bench-XXXXXX";
        int file = mkstemp(path);
        if (file < 0)
            bench_fail("no temporary file");
        diffmm_model *model;
        bench_check(diffmm_model_save(diffmm_trainer_model(trainer), path));
        bench_check(diffmm_model_load(context, path, &model));
        remove(path);
        diffmm_trainer_destroy(trainer);
        run_continued(&w, s, other_seed, model);
        diffmm_model_destroy(model);
    }
    bench_check(diffmm_trainer_create(w.all, options, &trainer));
    run(&w, w.all, trainer, "anew", s->anew_epochs);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_options_destroy(other_seed);
    end_world(&w);
    diffmm_dataset_destroy(source);
    diffmm_context_destroy(context);
}

int main(int argc, char **argv)
{
    struct settings s = {.shape = &bench_tiktok,
                         .modalities = 2,
                         .first_epochs = 6,
                         .more_epochs = 5,
                         .anew_epochs = 11};
    const struct bench_option options[] = {
        {"--first", NULL, &s.first_epochs, 1, 1000, "epochs before the additions (default 6)"},
        {"--more", NULL, &s.more_epochs, 1, 1000, "epochs after them (default 5)"},
        {"--anew", NULL, &s.anew_epochs, 0, 1000, "epochs anew on everything (default 11)"},
        {"--anew-only", &s.skip_continued, NULL, 0, 0, "only these"},
        {"--hidden", NULL, &s.hidden, 1, 100000,
         "hidden size of the denoisers (default: preset's)"},
        {"--threads", NULL, &s.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--quick", &s.quick, NULL, 0, 0, "a small shape, one epoch: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (s.quick) {
        s.shape = &bench_quick;
        s.first_epochs = s.more_epochs = s.anew_epochs = 1;
    }
    measure(&s);
    return 0;
}
