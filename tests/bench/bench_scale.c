/* SPDX-License-Identifier: BSD-2-Clause */
/* Training at the size of real catalogues, with the settings for it (doc/guide.md): spectral
 * denoisers, sampled contrast, steps that fit the data, evaluation on a sample. The data is
 * synthetic: two modalities of 64 features, ten pairs for each user, as many users as items or ten
 * times as many. For each shape: the seconds of making the data, of the bases and of each phase of an
 * epoch; the peak of resident memory beside the forecast; and how long it takes to save the model,
 * to open it for serving, and to recommend for one user, as a scorer chooses and in floats alone. Then exponents of time: log of the ratio
 * over log of the factor by which pairs, items or both have grown, the steps of an epoch being as
 * many. Every shape is a process of its own, so that its peak is its own. A shape whose forecast is
 * above --memory is only told. */
#include <math.h>
#include <stdio.h>

#include "common.h"
#include "epoch_run.h"

enum {
    features = 64,
    modalities = 2,
    most_shapes = 12,
    served_users = 1000,
    count = 20,
    group_items = 64
};

struct shape {
    size_t users, items, pairs;
};

enum part {
    MAKE,
    CREATE,
    FIRST_PHASE,
    WHOLE = FIRST_PHASE + EPOCH_WHOLE,
    SAVE,
    OPEN,
    SERVE,
    SERVE_FLAT,
    PARTS
};

static const char *const part_names[PARTS] = {"data",      "trainer",  "denoise", "generate",
                                              "recommend", "evaluate", "epoch",   "save",
                                              "open",      "one user", "flat"};

/* What a process tells about its shape. */
struct outcome {
    double seconds[PARTS], flops[EPOCH_PARTS];
    double forecast_bytes, peak_bytes, recall;
    bool trained;
};

struct scale_settings {
    size_t threads, epochs, memory, largest, users, items, pairs, negatives, sampled;
    bool blend;
};

static diffmm_dataset *make_data(diffmm_context *context, const struct shape *shape)
{
    static const size_t dimensions[modalities] = {features, features};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = shape->users,
                                   .items = shape->items,
                                   .interactions = shape->pairs,
                                   .modality_count = modalities,
                                   .dimensions = dimensions,
                                   .seed = 1,
                                   .group_items = group_items};
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_synthesize(context, &spec, &dataset));
    bench_check(diffmm_dataset_seal(dataset));
    return dataset;
}

static diffmm_options *make_options(diffmm_context *context, const struct scale_settings *settings)
{
    diffmm_options *options;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_preset(options, settings->blend ? "tiktok-spectral" : "tiktok"));
    bench_check(diffmm_options_set(options, "denoiser.kind", "spectral"));
    bench_check(diffmm_options_set(options, "batch", "auto"));
    if (settings->negatives > 0)
        bench_check(diffmm_options_set_integer(options, "contrastive.negatives",
                                               (int64_t)settings->negatives));
    bench_check(diffmm_options_set_integer(options, "evaluate.users", (int64_t)settings->sampled));
    return options;
}

/* Seconds of one recommendation, for users all over. */
static double recommend(const diffmm_scorer *scorer, size_t users, size_t calls)
{
    double begun = bench_now();
    for (size_t i = 0; i < calls; i++) {
        diffmm_hit hits[count];
        size_t found;
        const diffmm_query query = {.struct_size = sizeof query, .count = count};
        int32_t user = (int32_t)(bench_random(i) % users);
        bench_check(diffmm_recommend(scorer, user, &query, hits, &found));
        if (found != count)
            bench_fail("user %d has %zu recommendations", (int)user, found);
    }
    return (bench_now() - begun) / (double)calls;
}

/* Saves the model, opens it for serving, and recommends, at last in floats alone. */
static void serve(diffmm_context *context, const diffmm_trainer *trainer, const struct shape *shape,
                  struct outcome *outcome)
{
    struct bench_file file = bench_file_begin("model.safetensors");
    double begun = bench_now();
    bench_check(diffmm_model_save(diffmm_trainer_model(trainer), file.path));
    outcome->seconds[SAVE] = bench_now() - begun;
    diffmm_scorer *scorer;
    begun = bench_now();
    bench_check(diffmm_scorer_open(context, file.path, &scorer));
    outcome->seconds[OPEN] = bench_now() - begun;
    outcome->seconds[SERVE] = recommend(scorer, shape->users, served_users);
    bench_check(diffmm_scorer_set_search(scorer, DIFFMM_SEARCH_FLAT));
    outcome->seconds[SERVE_FLAT] = recommend(scorer, shape->users, served_users / 5);
    diffmm_scorer_destroy(scorer);
    bench_file_end(&file);
}

static void train(const struct scale_settings *settings, diffmm_context *context,
                  diffmm_dataset *dataset, diffmm_options *options, const struct shape *shape,
                  struct outcome *outcome)
{
    struct epoch_run run;
    double begun = bench_now();
    epoch_begin(&run, dataset, options, settings->epochs);
    outcome->seconds[CREATE] = bench_now() - begun;
    for (size_t epoch = 0; epoch < settings->epochs; epoch++)
        epoch_train(&run);
    for (size_t part = 0; part < EPOCH_PARTS; part++) {
        outcome->seconds[FIRST_PHASE + part] = samples_median(&run.seconds[part]);
        outcome->flops[part] = run.flops[part];
    }
    diffmm_report report = {.struct_size = sizeof report};
    bench_check(diffmm_trainer_report(run.trainer, &report));
    outcome->recall = report.test[0].recall;
    outcome->peak_bytes = (double)bench_peak_bytes();
    outcome->trained = true;
    serve(context, run.trainer, shape, outcome);
    epoch_end(&run);
}

/* A shape, and how it is trained. */
struct task {
    const struct scale_settings *settings;
    const struct shape *shape;
};

static void run_task(const void *argument, void *result)
{
    const struct task *task = argument;
    const struct scale_settings *settings = task->settings;
    const struct shape *shape = task->shape;
    struct outcome *outcome = result;
    *outcome = (struct outcome){0};
    diffmm_context *context = bench_context(settings->threads);
    double begun = bench_now();
    diffmm_dataset *dataset = make_data(context, shape);
    outcome->seconds[MAKE] = bench_now() - begun;
    diffmm_options *options = make_options(context, settings);
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    bench_check(diffmm_trainer_forecast(dataset, options, &forecast));
    outcome->forecast_bytes = (double)forecast.peak_bytes;
    if (forecast.peak_bytes <= settings->memory * 1000000)
        train(settings, context, dataset, options, shape, outcome);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

static struct outcome measure_shape(const struct scale_settings *settings,
                                    const struct shape *shape)
{
    const struct task task = {settings, shape};
    struct outcome outcome;
    char what[96];
    snprintf(what, sizeof what, "training with %zu users and %zu items", shape->users,
             shape->items);
    bench_child(run_task, &task, &outcome, sizeof outcome, what);
    return outcome;
}

static void print_header(void)
{
    printf("%9s %9s %10s %8s %8s %6s", "users", "items", "pairs", "fore MB", "peak MB", "ratio");
    for (size_t part = 0; part < PARTS; part++)
        printf(" %9s", part_names[part]);
    printf(" %9s\n", "recall@20");
}

static void print_shape(const struct shape *shape, const struct outcome *outcome)
{
    printf("%9zu %9zu %10zu %8.0f", shape->users, shape->items, shape->pairs,
           1e-6 * outcome->forecast_bytes);
    if (!outcome->trained) {
        printf("  not trained: above --memory; data in %.1f s\n", outcome->seconds[MAKE]);
        return;
    }
    printf(" %8.0f %6.3f", 1e-6 * outcome->peak_bytes,
           outcome->peak_bytes / outcome->forecast_bytes);
    for (size_t part = 0; part < PARTS; part++)
        printf(" %9.4g", outcome->seconds[part]);
    printf(" %9.4f\n", outcome->recall);
}

/* By how much cost has grown from one shape to another, of which `measure` has grown by `factor`. */
static void print_exponents(const char *measure, double factor, const struct outcome *small,
                            const struct outcome *large)
{
    if (!small->trained || !large->trained)
        return;
    printf("%-28s %6.2f", measure, log(large->peak_bytes / small->peak_bytes) / log(factor));
    for (size_t part = 0; part < PARTS; part++)
        printf(" %9.2f", log(large->seconds[part] / small->seconds[part]) / log(factor));
    printf("\n");
}

static void print_exponent_header(void)
{
    printf("exponents\n%-28s %6s", "what grew", "peak");
    for (size_t part = 0; part < PARTS; part++)
        printf(" %9s", part_names[part]);
    printf("\n");
}

/* As many users as items, then ten times as many, by tens up to the largest number of items. */
static void measure_series(const struct scale_settings *settings, size_t users_per_item,
                           size_t smallest)
{
    enum { pairs_per_user = 10, factor = 10 };
    struct shape shapes[most_shapes];
    struct outcome outcomes[most_shapes];
    size_t shape_count = 0;
    print_header();
    for (size_t items = smallest; items <= settings->largest && shape_count < most_shapes;
         items *= factor) {
        size_t users = items * users_per_item;
        shapes[shape_count] = (struct shape){users, items, users * pairs_per_user};
        outcomes[shape_count] = measure_shape(settings, &shapes[shape_count]);
        print_shape(&shapes[shape_count], &outcomes[shape_count]);
        shape_count++;
    }
    print_exponent_header();
    for (size_t s = 1; s < shape_count; s++)
        print_exponents("users, items and pairs", factor, &outcomes[s - 1], &outcomes[s]);
}

/* One measure doubled at a time. */
static void measure_doubling(const struct scale_settings *settings, struct shape base)
{
    static const char *const names[] = {"users", "items", "pairs"};
    struct shape grown[] = {base, base, base};
    struct outcome outcomes[3], first;
    grown[0].users *= 2;
    grown[1].items *= 2;
    grown[2].pairs *= 2;
    print_header();
    first = measure_shape(settings, &base);
    print_shape(&base, &first);
    for (size_t i = 0; i < 3; i++) {
        outcomes[i] = measure_shape(settings, &grown[i]);
        print_shape(&grown[i], &outcomes[i]);
    }
    print_exponent_header();
    for (size_t i = 0; i < 3; i++)
        print_exponents(names[i], 2.0, &first, &outcomes[i]);
}

int main(int argc, char **argv)
{
    bool quick = false, doubling = false;
    struct scale_settings settings = {
        .epochs = 1, .memory = 18000, .largest = 100000, .negatives = 1024, .sampled = 10000};
    const struct bench_option options[] = {
        {"--threads", NULL, &settings.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--epochs", NULL, &settings.epochs, 1, 1000, "epochs for each shape (default 1)"},
        {"--largest", NULL, &settings.largest, 10, 100000000,
         "items of the largest shape (default 100000)"},
        {"--memory", NULL, &settings.memory, 1, 100000000,
         "MB that a training may take by its forecast (default 18000)"},
        {"--users", NULL, &settings.users, 1, 2147483647, "one shape alone: its users,"},
        {"--items", NULL, &settings.items, 1, 2147483647, "its items"},
        {"--pairs", NULL, &settings.pairs, 1, 10000000000, "and its interactions"},
        {"--doubling", &doubling, NULL, 0, 0, "and what comes of doubling each of these"},
        {"--negatives", NULL, &settings.negatives, 0, 1000000,
         "contrastive.negatives (default 1024)"},
        {"--sampled", NULL, &settings.sampled, 0, 100000000, "evaluate.users (default 10000)"},
        {"--blend", &settings.blend, NULL, 0, 0, "the preset tiktok-spectral"},
        {"--quick", &quick, NULL, 0, 0, "small shapes: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    size_t smallest = 10000;
    if (quick) {
        smallest = 100;
        settings.largest = smallest;
        settings.negatives = settings.sampled = 50;
    }
    printf("%s\nsynthetic data, %d modalities of %d features; spectral denoisers, batch auto, "
           "%zu negatives, %zu users evaluated; seconds\n",
           diffmm_build_info(), modalities, features, settings.negatives, settings.sampled);
    if (settings.users && settings.items && settings.pairs) {
        struct shape one = {settings.users, settings.items, settings.pairs};
        if (doubling) {
            measure_doubling(&settings, one);
            return 0;
        }
        struct outcome outcome = measure_shape(&settings, &one);
        print_header();
        print_shape(&one, &outcome);
        return 0;
    }
    measure_series(&settings, 1, smallest);
    measure_series(&settings, 10, smallest);
    if (quick)
        measure_doubling(&settings, (struct shape){smallest, smallest, 10 * smallest});
    return 0;
}
