/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up: reading a data set and building its graph; saving a model file of about 50 MB and
 * opening it for scoring. Files are read from the system's cache, as by a process that starts
 * again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common.h"
#include "data.h"
#include "samples.h"
#include "stand_in_folder.h"

struct loading_settings {
    size_t threads, runs;
    bool quick;
};

static double since(double *start)
{
    double now = bench_now(), seconds = now - *start;
    *start = now;
    return seconds;
}

static void print_row(const char *name, const struct samples *seconds)
{
    printf("%-28s %10.3f %10.3f\n", name, 1e3 * samples_median(seconds),
           1e3 * samples_percentile(seconds, 1.0));
}

/* Once: open, seal, build the graph from the training pairs. */
static void load_data(diffmm_context *context, const char *path, struct samples seconds[3])
{
    diffmm_dataset *dataset;
    diffmm_graph *graph;
    double start = bench_now(), begin = start;
    bench_check(diffmm_dataset_open(context, path, &dataset));
    bench_check(diffmm_dataset_seal(dataset));
    samples_add(&seconds[0], since(&start));
    int32_t *user, *item;
    size_t count = bench_pairs(dataset, &user, &item);
    bench_check(diffmm_graph_create_bipartite(context, diffmm_dataset_users(dataset),
                                              diffmm_dataset_items(dataset), count, user, item,
                                              &graph));
    samples_add(&seconds[1], since(&start));
    samples_add(&seconds[2], bench_now() - begin);
    free(user);
    free(item);
    diffmm_graph_destroy(graph);
    diffmm_dataset_destroy(dataset);
}

static void loading_data(diffmm_context *context, const struct loading_settings *settings)
{
    const struct bench_shape *shape = settings->quick ? &bench_quick : &bench_tiktok;
    const char *folder = bench_folder(shape);
    struct stand_in stand_in = {0};
    if (!folder)
        stand_in = stand_in_begin(context, shape, 2);
    struct samples seconds[3] = {{0}};
    for (size_t run = 0; run < settings->runs; run++)
        load_data(context, folder ? folder : stand_in.interactions, seconds);
    printf("%s's data set (%s)\n", shape->title,
           folder ? folder : "synthetic, written as .tsv and .npy");
    print_row("  read and index", &seconds[0]);
    print_row("  build the graph", &seconds[1]);
    print_row("  together", &seconds[2]);
    for (size_t i = 0; i < 3; i++)
        samples_end(&seconds[i]);
    if (!folder)
        stand_in_end(&stand_in);
}

enum { SAVE, OPEN, FIRST, LOAD, MODEL_ROWS };

/* Once: save, open for scoring, rank for a first user (which touches the item matrix), load. */
static void save_and_open(diffmm_context *context, const diffmm_model *model, const char *path,
                          struct samples seconds[MODEL_ROWS])
{
    diffmm_query query = {.struct_size = sizeof query, .count = 20};
    diffmm_hit hits[20];
    size_t found;
    diffmm_scorer *scorer;
    diffmm_model *loaded;
    double start = bench_now();
    bench_check(diffmm_model_save(model, path));
    samples_add(&seconds[SAVE], since(&start));
    bench_check(diffmm_scorer_open(context, path, &scorer));
    samples_add(&seconds[OPEN], since(&start));
    bench_check(diffmm_recommend(scorer, 0, &query, hits, &found));
    samples_add(&seconds[FIRST], since(&start));
    diffmm_scorer_destroy(scorer);
    start = bench_now();
    bench_check(diffmm_model_load(context, path, &loaded));
    samples_add(&seconds[LOAD], since(&start));
    diffmm_model_destroy(loaded);
}

static void loading_model(diffmm_context *context, const struct loading_settings *settings)
{
    static const char *const names[MODEL_ROWS] = {"  save", "  open for scoring",
                                                  "  first user's top-20", "  load the model"};
    /* Parameters and final embeddings: 2 x 4 bytes x d per user and item. */
    size_t users = settings->quick ? 300 : 55000, items = settings->quick ? 200 : 40000;
    const struct bench_file file = bench_file_begin("model.safetensors");
    diffmm_model *model = bench_sparse_model(context, users, items, 6);
    struct samples seconds[MODEL_ROWS] = {{0}};
    for (size_t run = 0; run < settings->runs; run++)
        save_and_open(context, model, file.path, seconds);
    struct stat saved;
    if (stat(file.path, &saved))
        bench_fail("%s is not there", file.path);
    printf("a model file of %.1f MB (%zu users, %zu items)\n",
           bench_megabytes((size_t)saved.st_size), users, items);
    for (size_t row = 0; row < MODEL_ROWS; row++) {
        print_row(names[row], &seconds[row]);
        samples_end(&seconds[row]);
    }
    diffmm_model_destroy(model);
    bench_file_end(&file);
}

int main(int argc, char **argv)
{
    struct loading_settings settings = {0};
    const struct bench_option options[] = {
        {"--threads", NULL, &settings.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--runs", NULL, &settings.runs, 1, 1000, "runs of each (default 9)"},
        {"--quick", &settings.quick, NULL, 0, 0, "small files, one run: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (settings.runs == 0)
        settings.runs = settings.quick ? 1 : 9;
    diffmm_context *context = bench_context(settings.threads);
    printf("%s\n%zu threads, %zu runs\n%-28s %10s %10s\n", diffmm_build_info(),
           diffmm_context_threads(context), settings.runs, "milliseconds", "median", "slowest");
    loading_data(context, &settings);
    loading_model(context, &settings);
    diffmm_context_destroy(context);
    return 0;
}
