/* SPDX-License-Identifier: BSD-2-Clause */
/* What the diffusion does, epoch by epoch, beside neighbours that need none.
 *
 * Two trainings with the same seed and settings (--preset, --set): the method (measure = full, all
 * users), and without diffusion.
 * Printed for each modality and epoch, and then for each control (random items, popular ones,
 * item-kNN, the user's own): the measures of the graph (diffmm_graph_measures), Recall@20 of the
 * ranking that it is the beginning of, both on validation, and the ratios of hit rate to that of
 * random items (expected, not drawn) and of recall to that of popular ones; then the recommender's Recall@20 on
 * validation and test, with and without diffusion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "diffusion_controls.h"
#include "settings.h"

enum { cutoff = 20, most_epochs = 1000 };

static const struct bench_shape planted = {
    .title = "planted data",
    .preset = "tiktok",
    .users = 2000,
    .items = 1000,
    .interactions = 30000,
    .modality_count = 2,
    .modalities = {{"image", 32}, {"audio", 32}},
};

static const struct control {
    const char *name;
    control_function make;
} controls[] = {{"random", control_random},
                {"popular", control_popular},
                {"item-kNN", control_item_knn},
                {"none (own items)", control_observed}};

enum { POPULAR = 1, CONTROLS = sizeof controls / sizeof *controls };

/* What every row is compared with. */
struct world {
    diffmm_dataset *dataset;
    struct bench_rows train, held;
    size_t neighbors; /* of each user */
    double random_hits, popular_recall;
};

static void print_heading(void)
{
    printf("%-26s %6s %6s %6s %8s %6s %8s %8s %9s %6s %9s %6s %6s\n", "", "items", "top 10", "own",
           "pop.rank", "agree", "simil.", "gain", "hit rate", "ratio", "recall@20", "ratio",
           "rest.");
}

static double ratio(double value, double of)
{
    return of > 0 ? value / of : 0;
}

/* `restored` is negative where there is no denoiser; and so is `agreement` where there is no graph
 * before. */
static void print_row(const struct world *w, const char *name, const diffmm_graph_measures *g,
                      double recall, double restored)
{
    printf("%-26s %6zu %6.3f %6.3f %8.1f ", name, g->distinct_items, g->top_share,
           g->observed_share, g->popularity_rank);
    if (g->compared_edges > 0)
        printf("%6.3f ", g->agreement);
    else
        printf("%6s ", "-");
    printf("%8.4f %8.4f %9.5f %6.2f %9.4f %6.2f ", g->similarity, g->similarity_gain, g->hit_rate,
           ratio(g->hit_rate, w->random_hits), recall, ratio(recall, w->popular_recall));
    if (restored >= 0)
        printf("%6.3f\n", restored);
    else
        printf("%6s\n", "-");
}

/* A control's graph: the first neighbours of its lists, in the features of one modality. */
static diffmm_graph_measures measure(const struct world *w, const int32_t *lists, size_t modality)
{
    size_t columns = diffmm_dataset_modality_dimensions(w->dataset, modality), n = w->neighbors;
    float *features = bench_take(w->train.items * columns, sizeof *features);
    int32_t *neighbors = bench_take(w->train.users * n, sizeof *neighbors);
    bench_check(diffmm_dataset_features(w->dataset, modality, 0, w->train.items, features));
    for (size_t u = 0; u < w->train.users; u++)
        memcpy(neighbors + u * n, lists + u * cutoff, n * sizeof *neighbors);
    const diffmm_measure_graph_arguments arguments = {.struct_size = sizeof arguments,
                                                      .users = w->train.users,
                                                      .items = w->train.items,
                                                      .count = n,
                                                      .neighbors = neighbors,
                                                      .row_pointers = w->train.pointers,
                                                      .row_items = w->train.row,
                                                      .held_pointers = w->held.pointers,
                                                      .held_items = w->held.row,
                                                      .columns = columns,
                                                      .features = features};
    diffmm_graph_measures measures = {.struct_size = sizeof measures};
    bench_check(diffmm_measure_graph_with(NULL, &arguments, &measures));
    free(features);
    free(neighbors);
    return measures;
}

static void make_controls(struct world *w, int32_t *lists[CONTROLS])
{
    for (size_t c = 0; c < CONTROLS; c++)
        lists[c] = controls[c].make(&w->train, cutoff);
    w->random_hits = control_random_hits(&w->train, &w->held);
    w->popular_recall = control_recall(&w->train, &w->held, cutoff, lists[POPULAR]);
}

static void print_controls(const struct world *w, int32_t *const lists[CONTROLS])
{
    for (size_t m = 0; m < diffmm_dataset_modalities(w->dataset); m++)
        for (size_t c = 0; c < CONTROLS; c++) {
            diffmm_graph_measures measures = measure(w, lists[c], m);
            char name[64];
            snprintf(name, sizeof name, "%s, %s", diffmm_dataset_modality_name(w->dataset, m),
                     controls[c].name);
            print_row(w, name, &measures, control_recall(&w->train, &w->held, cutoff, lists[c]),
                      -1);
        }
}

/* What the command line says of both trainings. */
struct wanted {
    size_t epochs, neighbors, seed;
    bool quick;
    struct bench_settings settings;
};

static diffmm_trainer *make_trainer(diffmm_context *context, const struct world *w,
                                    const struct bench_shape *shape, bool diffusion,
                                    const struct wanted *wanted)
{
    diffmm_options *options;
    diffmm_trainer *trainer;
    bench_check(diffmm_options_create(context, &options));
    bench_settings_apply(&wanted->settings, shape->preset, options);
    bench_check(diffmm_options_set_integer(options, "epochs", (int64_t)wanted->epochs));
    bench_check(diffmm_options_set_integer(options, "seed", (int64_t)wanted->seed));
    bench_check(diffmm_options_set_integer(options, "rebuild_k", (int64_t)w->neighbors));
    bench_check(diffmm_options_set(options, "patience", "0"));
    bench_check(diffmm_options_set(options, "measure", "full"));
    bench_check(diffmm_options_set(options, "measure.users", "0"));
    if (!diffusion) {
        bench_check(diffmm_options_set(options, "diffusion.enabled", "false"));
        bench_check(diffmm_options_set(options, "diffusion.blend", "0"));
    }
    if (wanted->quick)
        bench_check(diffmm_options_set(options, "hidden_sizes", "24"));
    bench_check(diffmm_trainer_create(w->dataset, options, &trainer));
    diffmm_options_destroy(options);
    return trainer;
}

/* The recommender's Recall, by epoch. */
struct curve {
    double valid[most_epochs], test[most_epochs];
};

static void train(const struct world *w, diffmm_trainer *trainer, size_t epochs,
                  struct curve *curve)
{
    for (size_t e = 0; e < epochs; e++) {
        diffmm_report report = {.struct_size = sizeof report};
        bench_check(diffmm_trainer_epoch(trainer, &report));
        curve->valid[e] = report.valid[0].recall;
        curve->test[e] = report.test[0].recall;
        for (size_t m = 0; report.denoiser_measures && m < report.modality_count; m++) {
            char name[64];
            /* Losses end with "denoiser.NAME" of each modality of the model. */
            const char *loss = report.losses[report.loss_count - report.modality_count + m].name;
            snprintf(name, sizeof name, "%s, epoch %zu", strchr(loss, '.') + 1, e + 1);
            print_row(w, name, report.graph_measures[m], report.denoiser_measures[m]->recall,
                      report.denoiser_measures[m]->degree_precision);
        }
    }
    diffmm_trainer_destroy(trainer);
}

static void compare(diffmm_context *context, const struct bench_shape *shape,
                    const struct wanted *wanted)
{
    static struct curve with, without;
    struct world w = {.dataset = bench_data(context, shape, 2), .neighbors = wanted->neighbors};
    int32_t *lists[CONTROLS];
    bench_check(diffmm_dataset_seal(w.dataset));
    bench_describe(w.dataset, shape->title, bench_folder(shape));
    bench_settings_describe(&wanted->settings, shape->preset);
    w.train = bench_rows_of(w.dataset, DIFFMM_TRAIN);
    w.held = bench_rows_of(w.dataset, DIFFMM_VALID);
    make_controls(&w, lists);
    print_heading();
    train(&w, make_trainer(context, &w, shape, true, wanted), wanted->epochs, &with);
    print_controls(&w, lists);
    train(&w, make_trainer(context, &w, shape, false, wanted), wanted->epochs, &without);
    printf("%-26s %15s %15s %6s\n", "recommender, Recall@20", "with: valid", "without: valid",
           "ratio");
    for (size_t e = 0; e < wanted->epochs; e++)
        printf("epoch %-20zu %15.4f %15.4f %6.3f   test %.4f, %.4f\n", e + 1, with.valid[e],
               without.valid[e], ratio(with.valid[e], without.valid[e]), with.test[e],
               without.test[e]);
    for (size_t c = 0; c < CONTROLS; c++)
        free(lists[c]);
    bench_rows_end(&w.train);
    bench_rows_end(&w.held);
    diffmm_dataset_destroy(w.dataset);
}

int main(int argc, char **argv)
{
    bool planted_only = false;
    size_t threads = 0;
    struct wanted wanted = {.epochs = 4, .neighbors = 1, .seed = 1};
    const struct bench_option options[] = {
        {"--epochs", NULL, &wanted.epochs, 1, most_epochs, "epochs to train (default 4)"},
        {"--neighbors", NULL, &wanted.neighbors, 1, cutoff, "generated for each user (default 1)"},
        {"--seed", NULL, &wanted.seed, 0, 1000000, "of both trainings (default 1)"},
        {"--threads", NULL, &threads, 1, 1024, "threads (default: all CPUs)"},
        {"--planted", &planted_only, NULL, 0, 0, "made-up data with a planted structure alone"},
        {"--quick", &wanted.quick, NULL, 0, 0, "a small shape, one epoch: does the program work?"},
    };
    bench_settings_take(&argc, argv, &wanted.settings);
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    diffmm_context *context = bench_context(threads);
    if (wanted.quick) {
        wanted.epochs = 1;
        compare(context, &bench_quick, &wanted);
    } else {
        if (!planted_only && bench_folder(&bench_tiktok))
            compare(context, &bench_tiktok, &wanted);
        compare(context, &planted, &wanted);
    }
    diffmm_context_destroy(context);
    return 0;
}
