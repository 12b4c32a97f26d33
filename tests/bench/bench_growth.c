/* SPDX-License-Identifier: BSD-2-Clause */
/* How cost grows: from a base shape, users, items, interactions, d, h and modalities are doubled
 * one at a time. For each phase the program shows the exponent of time, log2(seconds / seconds of
 * the base shape), and beside it that of the counted FLOPs; and the exponent of the peak of
 * resident memory. Every measurement is a process of its own, so that its peak is its own. */
#include <math.h>
#include <stdio.h>

#include "common.h"
#include "epoch_run.h"

struct shape {
    const char *name;
    size_t users, items, interactions, d, h, modalities;
};

enum { SHAPES = 7, MAX_MODALITIES = 4 };

struct growth_settings {
    size_t threads, epochs, rounds, features;
    struct shape shapes[SHAPES]; /* the base first */
};

/* What a process tells about its shape. */
struct outcome {
    double seconds[EPOCH_PARTS], flops[EPOCH_PARTS];
    size_t before_bytes; /* its peak before there is any data */
};

struct record {
    struct samples seconds[EPOCH_PARTS], bytes;
    double flops[EPOCH_PARTS];
};

static void make_shapes(struct growth_settings *settings, struct shape base)
{
    struct shape *s = settings->shapes;
    static const char *const names[SHAPES] = {
        "base", "users", "items", "interactions", "embedding size", "hidden size", "modalities"};
    for (size_t i = 0; i < SHAPES; i++) {
        s[i] = base;
        s[i].name = names[i];
    }
    s[1].users *= 2;
    s[2].items *= 2;
    s[3].interactions *= 2;
    s[4].d *= 2;
    s[5].h *= 2;
    s[6].modalities *= 2;
}

static diffmm_dataset *make_data(diffmm_context *context, const struct shape *shape,
                                 size_t features)
{
    size_t dimensions[MAX_MODALITIES];
    for (size_t m = 0; m < shape->modalities; m++)
        dimensions[m] = features;
    diffmm_synthetic spec = {.struct_size = sizeof spec,
                             .users = shape->users,
                             .items = shape->items,
                             .interactions = shape->interactions,
                             .modality_count = shape->modalities,
                             .dimensions = dimensions,
                             .seed = 1};
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_synthesize(context, &spec, &dataset));
    return dataset;
}

static diffmm_options *make_options(diffmm_context *context, const struct shape *shape)
{
    diffmm_options *options;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_preset(options, "tiktok"));
    bench_check(diffmm_options_set_integer(options, "embedding_size", (int64_t)shape->d));
    bench_check(diffmm_options_set_integer(options, "hidden_sizes", (int64_t)shape->h));
    return options;
}

/* A shape, and how it is trained. */
struct task {
    const struct growth_settings *settings;
    const struct shape *shape;
};

/* Trains, and gives the medians. */
static void train_shape(const void *argument, void *result)
{
    const struct task *task = argument;
    const struct growth_settings *settings = task->settings;
    struct outcome *outcome = result;
    *outcome = (struct outcome){.before_bytes = bench_peak_bytes()};
    diffmm_context *context = bench_context(settings->threads);
    diffmm_dataset *dataset = make_data(context, task->shape, settings->features);
    diffmm_options *options = make_options(context, task->shape);
    struct epoch_run run;
    epoch_begin(&run, dataset, options, settings->epochs);
    for (size_t epoch = 0; epoch < settings->epochs; epoch++)
        epoch_train(&run);
    for (size_t part = 0; part < EPOCH_PARTS; part++) {
        outcome->seconds[part] = samples_median(&run.seconds[part]);
        outcome->flops[part] = run.flops[part];
    }
    epoch_end(&run);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

static void measure_shape(const struct growth_settings *settings, const struct shape *shape,
                          struct record *record)
{
    const struct task task = {settings, shape};
    struct outcome outcome;
    char what[96];
    snprintf(what, sizeof what, "training with the shape '%s'", shape->name);
    size_t peak = bench_child(train_shape, &task, &outcome, sizeof outcome, what);
    for (size_t part = 0; part < EPOCH_PARTS; part++) {
        samples_add(&record->seconds[part], outcome.seconds[part]);
        record->flops[part] = outcome.flops[part];
    }
    samples_add(&record->bytes, (double)peak - (double)outcome.before_bytes);
}

static void print_exponent(double large, double small)
{
    if (large > 0.0 && small > 0.0)
        printf(" %6.2f", log2(large / small));
    else
        printf(" %6s", "-");
}

static void print_base(const struct record *base, const struct shape *shape)
{
    printf("base: %zu users, %zu items, %zu interactions, d = %zu, h = %zu, %zu modalities; peak "
           "%.1f MB beyond the bare process\n",
           shape->users, shape->items, shape->interactions, shape->d, shape->h, shape->modalities,
           1e-6 * samples_median(&base->bytes));
    for (size_t part = 0; part < EPOCH_PARTS; part++)
        printf("  %-12s %9.4f s %10.3f GFLOP\n", epoch_part_names[part],
               samples_median(&base->seconds[part]), 1e-9 * base->flops[part]);
}

static void print_exponents(const struct growth_settings *settings, const struct record *records)
{
    printf("exponents of time, and of FLOPs (t, f), when one measure is doubled\n%-14s", "");
    for (size_t part = 0; part < EPOCH_PARTS; part++)
        printf(" %13s", epoch_part_names[part]);
    printf(" %6s\n%-14s", "memory", "doubled");
    for (size_t part = 0; part < EPOCH_PARTS; part++)
        printf(" %6s %6s", "t", "f");
    printf("\n");
    for (size_t s = 1; s < SHAPES; s++) {
        printf("%-14s", settings->shapes[s].name);
        for (size_t part = 0; part < EPOCH_PARTS; part++) {
            print_exponent(samples_median(&records[s].seconds[part]),
                           samples_median(&records[0].seconds[part]));
            print_exponent(records[s].flops[part], records[0].flops[part]);
        }
        print_exponent(samples_median(&records[s].bytes), samples_median(&records[0].bytes));
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    bool quick = false;
    struct growth_settings settings = {.epochs = 3, .rounds = 3, .features = 64};
    const struct bench_option options[] = {
        {"--threads", NULL, &settings.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--epochs", NULL, &settings.epochs, 1, 1000, "epochs per process (default 3)"},
        {"--rounds", NULL, &settings.rounds, 1, 1000, "processes per shape, by turns (default 3)"},
        {"--quick", &quick, NULL, 0, 0, "small shapes, one epoch: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    struct shape base = {NULL, 2000, 1500, 24000, 32, 256, 2};
    if (quick) {
        base = (struct shape){NULL, 100, 80, 1000, 8, 16, 2};
        settings.epochs = settings.rounds = 1;
        settings.features = 8;
    }
    make_shapes(&settings, base);
    struct record records[SHAPES] = {0};
    for (size_t round = 0; round < settings.rounds; round++)
        for (size_t s = 0; s < SHAPES; s++)
            measure_shape(&settings, &settings.shapes[s], &records[s]);
    printf("%s\nmedians over %zu processes of %zu epochs\n", diffmm_build_info(), settings.rounds,
           settings.epochs);
    print_base(&records[0], &settings.shapes[0]);
    print_exponents(&settings, records);
    for (size_t s = 0; s < SHAPES; s++) {
        samples_end(&records[s].bytes);
        for (size_t part = 0; part < EPOCH_PARTS; part++)
            samples_end(&records[s].seconds[part]);
    }
    return 0;
}
