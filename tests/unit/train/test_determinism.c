/* SPDX-License-Identifier: BSD-2-Clause */
/* The same seed, the same bits: with one thread, two, four, or the host's own pool. */
#include <stdatomic.h>
#include <stdlib.h>

#include "support/task_threads.h"
#include "support/trainer_state.h"

enum { epochs = 2, host_threads = 3 };

static size_t host_size(void *user_data)
{
    (void)user_data;
    return host_threads;
}

/* Now and then a thread for each task but the first; else one after the other, last first. */
static void host_run(size_t count, diffmm_task task, void *argument, void *user_data)
{
    atomic_size_t *calls = user_data;
    size_t call = atomic_fetch_add(calls, 1);
    ck_assert_uint_le(count, host_threads);
    if (call % 8) {
        while (count-- > 0)
            task(argument, count);
        return;
    }
    run_in_threads(1, count, task, argument);
}

/* Large enough that every loop is cut into several tasks. */
static void train(struct training *t, const diffmm_context_settings *how, const char *const *list,
                  diffmm_report reports[epochs], diffmm_metrics metrics[epochs][2])
{
    static const size_t dimensions[] = {40, 33};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 300,
                                   .items = 240,
                                   .modality_count = 2,
                                   .dimensions = dimensions,
                                   .seed = 4};
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(how, &context));
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    training_on(t, context, dataset, list);
    for (size_t e = 0; e < epochs; e++) {
        reports[e] = (diffmm_report){.struct_size = sizeof reports[e]};
        expect_success(diffmm_trainer_epoch(t->trainer, &reports[e]));
        metrics[e][0] = reports[e].valid[0];
        metrics[e][1] = reports[e].test[0];
    }
    expect_finite(t->model);
}

/* A training on one thread, and the same in other ways. */
static void expect_same_training(const char *const *list)
{
    atomic_size_t calls = 0;
    const diffmm_context_settings ways[] = {
        {.threads = 1},
        {.threads = 2},
        {.threads = 4},
        {.pool_size = host_size, .pool_run = host_run, .pool_data = &calls}};
    struct training one, other;
    diffmm_report a[epochs], b[epochs];
    diffmm_metrics x[epochs][2], y[epochs][2];
    train(&one, &ways[0], list, a, x);
    for (size_t w = 1; w < sizeof ways / sizeof *ways; w++) {
        train(&other, &ways[w], list, b, y);
        expect_same_bits(one.model, other.model);
        expect_same_model_bytes(one.trainer, other.trainer);
        ck_assert_mem_eq(x, y, sizeof x);
        for (size_t e = 0; e < epochs; e++)
            ck_assert_mem_eq(&a[e].loss, &b[e].loss, sizeof a[e].loss);
        ck_assert_mem_eq(a[1].denoiser_loss, b[1].denoiser_loss, 2 * sizeof(double));
        training_end(&other);
    }
    ck_assert_uint_gt(calls, 100);
    training_end(&one);
}

static const char *const plain[] = {"embedding_size", "64", "batch", "1200", NULL};
static const char *const noisy[] = {"embedding_size",
                                    "64",
                                    "batch",
                                    "1200",
                                    "contrastive.anchor",
                                    "main",
                                    "sampling_noise",
                                    "true",
                                    "sampling_steps",
                                    "3",
                                    "rebuild_k",
                                    "3",
                                    "fusion_ratio",
                                    "0.5",
                                    "modality.text.projection",
                                    "linear",
                                    NULL};
static const char *const normed[] = {"embedding_size",
                                     "64",
                                     "batch",
                                     "250",
                                     "norm",
                                     "true",
                                     "hidden_sizes",
                                     "24,40",
                                     "layers",
                                     "2",
                                     "contrastive.anchor",
                                     "main",
                                     NULL};

static const char *const drawn[] = {
    "contrastive.negatives", "300", "contrastive.anchor", "main", "batch", "250", NULL};

START_TEST(drawn_nodes)
{
    expect_same_training(drawn);
}
END_TEST

static const char *const spectral[] = {"denoiser.kind",
                                       "spectral",
                                       "denoiser.rank",
                                       "48",
                                       "rebuild_k",
                                       "3",
                                       "batch",
                                       "250",
                                       "denoiser.rows",
                                       "normalized",
                                       "denoiser.target",
                                       "dropped",
                                       "denoiser.linear",
                                       "true",
                                       NULL};

static const char *const blended[] = {
    "denoiser.kind", "spectral", "denoiser.rank", "48", "diffusion.blend", "0.5", NULL};

START_TEST(spectral_denoisers)
{
    expect_same_training(spectral);
    expect_same_training(blended);
}
END_TEST

START_TEST(modal_anchor)
{
    expect_same_training(plain);
}
END_TEST

START_TEST(noise_fusion_and_main_anchor)
{
    expect_same_training(noisy);
}
END_TEST

START_TEST(norm_and_layers)
{
    expect_same_training(normed);
}
END_TEST

START_TEST(another_seed_differs)
{
    struct training a, b, c;
    training_begin(&a, (const char *const[]){NULL});
    training_begin(&b, (const char *const[]){NULL});
    training_begin(&c, (const char *const[]){"seed", "6", NULL});
    expect_success(diffmm_trainer_epoch(a.trainer, NULL));
    expect_success(diffmm_trainer_epoch(b.trainer, NULL));
    expect_success(diffmm_trainer_epoch(c.trainer, NULL));
    expect_same_bits(a.model, b.model);
    for (size_t p = 0; p < diffmm_model_parameters(a.model); p++) {
        diffmm_parameter x = {.struct_size = sizeof x}, y = x;
        expect_success(diffmm_model_parameter_at(a.model, p, &x));
        expect_success(diffmm_model_parameter_at(c.model, p, &y));
        ck_assert_msg(memcmp(x.values, y.values, x.rows * x.columns * sizeof(float)) != 0, "%s",
                      x.name);
    }
    training_end(&a);
    training_end(&b);
    training_end(&c);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {drawn_nodes,     spectral_denoisers,
                                  modal_anchor,    noise_fusion_and_main_anchor,
                                  norm_and_layers, another_seed_differs};
    return run_tests("train/determinism", tests, sizeof tests / sizeof *tests) != 0;
}
