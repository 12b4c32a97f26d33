/* SPDX-License-Identifier: BSD-2-Clause */
/* How near is InfoNCE against drawn nodes to that against all? A model is trained (contrast against
 * all nodes); then, for batches of its training pairs, the gradients of both losses are compared by
 * their cosine, at several temperatures and numbers of drawn nodes: with respect to the final
 * embeddings (p, the batch's side) and to the first modality's view (q, the gathered side). And the
 * seconds of both. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"
#include "data.h"
#include "samples.h"

enum { counts = 3, taus = 3 };

struct contrast_settings {
    size_t threads, epochs, seed, batches, batch;
    bool quick;
};

/* One side: its rows of both views, the batch's nodes, the drawn ones, both gradients twice. */
struct side {
    const char *name;
    size_t nodes, d, batch_count, drawn;
    const float *p, *q;
    int32_t *batch, *negatives;
    float *exact, *estimated; /* of p, then of q */
};

static struct side make_side(const char *name, size_t nodes, size_t d, const float *p,
                             const float *q, const struct contrast_settings *settings,
                             size_t most_drawn)
{
    return (struct side){.name = name,
                         .nodes = nodes,
                         .d = d,
                         .batch_count = settings->batch,
                         .p = p,
                         .q = q,
                         .batch = bench_take(settings->batch, sizeof(int32_t)),
                         .negatives = bench_take(most_drawn, sizeof(int32_t)),
                         .exact = bench_take(2 * nodes * d, sizeof(float)),
                         .estimated = bench_take(2 * nodes * d, sizeof(float))};
}

static void end_side(struct side *side)
{
    free(side->batch);
    free(side->negatives);
    free(side->exact);
    free(side->estimated);
}

/* Seconds of one loss with its gradients, against all nodes or against the drawn ones. */
static double contrast(diffmm_context *context, const struct side *side, double tau, bool all)
{
    float *gradient = all ? side->exact : side->estimated;
    const diffmm_infonce_arguments arguments = {.struct_size = sizeof arguments,
                                                .nodes = side->nodes,
                                                .d = side->d,
                                                .p = side->p,
                                                .q = side->q,
                                                .batch_count = side->batch_count,
                                                .batch = side->batch,
                                                .tau = tau,
                                                .grad_p = gradient,
                                                .grad_q = gradient + side->nodes * side->d,
                                                .negative_count = all ? 0 : side->drawn,
                                                .negatives = side->negatives};
    double start = bench_now();
    bench_check(diffmm_infonce_with(context, &arguments));
    return bench_now() - start;
}

static double cosine(size_t count, const float *x, const float *y)
{
    double xy = 0.0, xx = 0.0, yy = 0.0;
    for (size_t i = 0; i < count; i++) {
        xy += (double)x[i] * (double)y[i];
        xx += (double)x[i] * (double)x[i];
        yy += (double)y[i] * (double)y[i];
    }
    return xy / sqrt(xx * yy);
}

/* One line: mean cosines over batches, each with draws of its own, and median seconds. */
static void compare(diffmm_context *context, struct side *side, const int32_t *nodes, size_t pairs,
                    double tau, const struct contrast_settings *settings)
{
    double of_p = 0.0, of_q = 0.0, batches = (double)settings->batches;
    size_t size = side->nodes * side->d;
    struct samples whole = {0}, drawn = {0};
    for (size_t k = 0; k < settings->batches; k++) {
        uint64_t draw = (uint64_t)k << 32;
        for (size_t b = 0; b < side->batch_count; b++)
            side->batch[b] = nodes[bench_random(draw++) % pairs];
        for (size_t j = 0; j < side->drawn; j++)
            side->negatives[j] = (int32_t)(bench_random(draw++) % side->nodes);
        samples_add(&whole, contrast(context, side, tau, true));
        samples_add(&drawn, contrast(context, side, tau, false));
        of_p += cosine(size, side->exact, side->estimated) / batches;
        of_q += cosine(size, side->exact + size, side->estimated + size) / batches;
    }
    printf("%-6s %5.2f %8zu %12.4f %12.4f %10.2f %10.2f\n", side->name, tau, side->drawn, of_p,
           of_q, 1e3 * samples_median(&whole), 1e3 * samples_median(&drawn));
    samples_end(&whole);
    samples_end(&drawn);
}

static diffmm_trainer *train(diffmm_dataset *data, const char *preset,
                             const struct contrast_settings *settings, diffmm_context *context)
{
    diffmm_options *options;
    diffmm_trainer *trainer;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_preset(options, preset));
    bench_check(diffmm_options_set_integer(options, "epochs", (int64_t)settings->epochs));
    bench_check(diffmm_options_set_integer(options, "seed", (int64_t)settings->seed));
    bench_check(diffmm_options_set(options, "patience", "0"));
    bench_check(diffmm_trainer_create(data, options, &trainer));
    for (size_t epoch = 0; epoch < settings->epochs; epoch++)
        bench_check(diffmm_trainer_epoch(trainer, NULL));
    diffmm_options_destroy(options);
    return trainer;
}

static void compare_all(diffmm_context *context, diffmm_dataset *data, diffmm_model *model,
                        const struct contrast_settings *settings)
{
    static const double temperatures[taus] = {0.1, 0.2, 0.5};
    static const size_t many[counts] = {256, 1024, 4096}, few[counts] = {8, 32, 128};
    const size_t *drawn = settings->quick ? few : many;
    size_t users = diffmm_dataset_users(data), items = diffmm_dataset_items(data);
    size_t d = diffmm_model_dimensions(model);
    float *view = bench_take((users + items) * d, sizeof *view);
    int32_t *user, *item;
    size_t pairs = bench_pairs(data, &user, &item);
    bench_check(diffmm_model_view(model, diffmm_dataset_modality_name(data, 0), view));
    struct side sides[2] = {make_side("users", users, d, diffmm_model_user_embeddings(model), view,
                                      settings, drawn[counts - 1]),
                            make_side("items", items, d, diffmm_model_item_embeddings(model),
                                      view + users * d, settings, drawn[counts - 1])};
    printf("%-6s %5s %8s %12s %12s %10s %10s\n", "", "tau", "drawn", "batch side", "gathered",
           "all, ms", "drawn, ms");
    for (size_t s = 0; s < 2; s++) {
        for (size_t t = 0; t < taus; t++)
            for (size_t c = 0; c < counts; c++) {
                sides[s].drawn = drawn[c];
                compare(context, &sides[s], s == 0 ? user : item, pairs, temperatures[t], settings);
            }
        end_side(&sides[s]);
    }
    free(view);
    free(user);
    free(item);
}

int main(int argc, char **argv)
{
    struct contrast_settings settings = {.seed = 1, .batch = 1024};
    const struct bench_option options[] = {
        {"--threads", NULL, &settings.threads, 1, 1024, "threads (default: all CPUs)"},
        {"--epochs", NULL, &settings.epochs, 1, 1000, "epochs of training (default 10)"},
        {"--batches", NULL, &settings.batches, 1, 10000, "batches to compare (default 20)"},
        {"--batch", NULL, &settings.batch, 1, 1000000, "pairs of a batch (default 1024)"},
        {"--seed", NULL, &settings.seed, 1, 1000000, "of training (default 1)"},
        {"--quick", &settings.quick, NULL, 0, 0, "small shapes: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    if (settings.epochs == 0)
        settings.epochs = settings.quick ? 2 : 10;
    if (settings.batches == 0)
        settings.batches = settings.quick ? 2 : 20;
    const struct bench_shape *shape = settings.quick ? &bench_quick : &bench_tiktok;
    const char *folder = bench_folder(shape);
    diffmm_context *context = bench_context(settings.threads);
    diffmm_dataset *data = bench_data(context, shape, 2);
    bench_check(diffmm_dataset_seal(data));
    bench_describe(data, shape->title, folder);
    diffmm_trainer *trainer = train(data, shape->preset, &settings, context);
    printf("%zu epochs, seed %zu; means over %zu batches of %zu pairs\n", settings.epochs,
           settings.seed, settings.batches, settings.batch);
    compare_all(context, data, diffmm_trainer_model(trainer), &settings);
    diffmm_trainer_destroy(trainer);
    diffmm_dataset_destroy(data);
    diffmm_context_destroy(context);
    return 0;
}
