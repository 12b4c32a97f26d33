/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 2 against the reverse chain and the graphs of the public functions, with the draws that
 * seed and streams say. */
#include <stdlib.h>

#include <diffmm/metrics.h>

#include "base/random.h"
#include "base/streams.h"
#include "diffusion/q_sample.h"
#include "model/workspace.h"
#include "support/model_shape.h"
#include "support/training.h"
#include "train/epoch.h"
#include "train/trainer.h"

enum { users = 70, items = 60, seed = 5, steps = 5 };

struct expected {
    size_t count; /* neighbours per user */
    size_t sampling_steps;
    bool sampling_noise;
    double keep_rate;
    bool weights; /* by scores */
    bool unseen;  /* without the user's own items */
};

static void training_row(const struct training *t, int32_t user, float *dense)
{
    const int32_t *row;
    size_t count;
    expect_success(diffmm_dataset_row(t->dataset, DIFFMM_TRAIN, user, &row, &count));
    memset(dense, 0, items * sizeof *dense);
    for (size_t i = 0; i < count; i++)
        dense[row[i]] = 1;
}

/* Scores as weights, of mean 1. */
static void weigh(size_t count, const int32_t *item, const float *x, float *weight)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fmax((double)x[item[i]], 0);
    for (size_t i = 0; i < count; i++)
        weight[i] = sum > 0 ? (float)(fmax((double)x[item[i]], 0) * (double)count / sum) : 1;
}

/* One user's neighbours, through the reverse chain of that user alone. */
static void neighbours(const struct training *t, const struct expected *e, size_t m, uint64_t epoch,
                       const diffmm_schedule *schedule, int32_t user, int32_t *out, float *weight)
{
    float x0[items], x[items], noise[(steps + 1) * items];
    size_t found;
    struct diffmm__draws draws = {.seed = seed,
                                  .noise_stream = diffmm__stream_reverse_noise(m, epoch)};
    for (size_t block = 0; block <= steps; block++) {
        draws.noise_stream =
            diffmm__stream_reverse_block(diffmm__stream_reverse_noise(m, epoch), block);
        diffmm__draws_noise(&draws, (uint64_t)user, items, noise + block * items);
    }
    training_row(t, user, x0);
    diffmm_denoiser_shape shape = model_shape(t->model);
    expect_success(diffmm_reverse_chain(NULL, &shape, schedule,
                                        t->model->modalities[m].diffusion->values, 1, x0,
                                        e->sampling_steps, e->sampling_noise, noise, x));
    const int32_t *row;
    size_t own;
    expect_success(diffmm_dataset_row(t->dataset, DIFFMM_TRAIN, user, &row, &own));
    expect_success(diffmm_top_k(items, x, e->unseen ? own : 0, row, e->count, out, NULL, &found));
    ck_assert_uint_eq(found, e->count);
    weigh(e->count, out, x, weight);
}

static diffmm_graph *drop(const diffmm_graph *whole, double keep_rate, uint64_t stream)
{
    diffmm_graph *dropped;
    size_t entries = diffmm_graph_entries(whole);
    uint8_t *kept = malloc(entries);
    for (size_t e = 0; e < entries; e++)
        kept[e] = diffmm__random_real(seed, stream, e) < keep_rate;
    expect_success(diffmm_graph_drop_edges(whole, keep_rate, kept, &dropped));
    free(kept);
    return dropped;
}

/* Values within `tolerance` of their size. */
static void expect_near_graph(const diffmm_graph *expected, const diffmm_graph *got,
                              double tolerance)
{
    const float *v, *w;
    size_t entries = diffmm_graph_entries(expected);
    ck_assert_uint_eq(diffmm_graph_entries(got), entries);
    expect_success(diffmm_graph_rows(expected, NULL, NULL, &v));
    expect_success(diffmm_graph_rows(got, NULL, NULL, &w));
    ck_assert_mem_eq(expected->rows.indices, got->rows.indices, entries * sizeof(int32_t));
    for (size_t e = 0; e < entries; e++)
        ck_assert_msg(fabs((double)v[e] - (double)w[e]) <= tolerance, "entry %zu: %g, not %g", e,
                      (double)w[e], (double)v[e]);
}

static void expect_graph(const diffmm_graph *expected, const diffmm_graph *got)
{
    const int64_t *p, *q;
    const int32_t *c, *d;
    const float *v, *w;
    size_t entries = diffmm_graph_entries(expected);
    ck_assert_uint_eq(diffmm_graph_entries(got), entries);
    expect_success(diffmm_graph_rows(expected, &p, &c, &v));
    expect_success(diffmm_graph_rows(got, &q, &d, &w));
    ck_assert_mem_eq(p, q, (users + items + 1) * sizeof *p);
    ck_assert_mem_eq(c, d, entries * sizeof *c);
    ck_assert_mem_eq(v, w, entries * sizeof *v);
}

static void expect_generated(const struct training *t, const struct expected *e, size_t m,
                             uint64_t epoch)
{
    int32_t *item = malloc(users * e->count * sizeof *item);
    int32_t *user = malloc(users * e->count * sizeof *user);
    float *weight = malloc(users * e->count * sizeof *weight);
    diffmm_schedule *schedule;
    diffmm_graph *whole;
    expect_success(diffmm_schedule_create(NULL, steps, 0.1, 1e-4, 0.02, 1, &schedule));
    for (int32_t u = 0; u < users; u++) {
        neighbours(t, e, m, epoch, schedule, u, item + (size_t)u * e->count,
                   weight + (size_t)u * e->count);
        for (size_t i = 0; i < e->count; i++)
            user[(size_t)u * e->count + i] = u;
    }
    expect_success(e->weights ? diffmm_graph_create_weighted(NULL, users, items, users * e->count,
                                                             user, item, weight, &whole)
                              : diffmm_graph_create_bipartite(NULL, users, items, users * e->count,
                                                              user, item, &whole));
    diffmm_graph *dropped = drop(whole, e->keep_rate, diffmm__stream_generated_edges(m, epoch));
    if (e->weights) /* scores differ in the last bits: another strategy computes them */
        expect_near_graph(dropped, t->model->modalities[m].graph, 1e-4);
    else
        expect_graph(dropped, t->model->modalities[m].graph);
    diffmm_graph_destroy(whole);
    diffmm_graph_destroy(dropped);
    diffmm_schedule_destroy(schedule);
    free(weight);
    free(user);
    free(item);
}

static diffmm_status generate(diffmm_trainer *trainer)
{
    diffmm_status status =
        diffmm__graphs_reserve(&trainer->graphs, trainer->model, trainer->epoch + 1);
    if (!status)
        status = diffmm__epoch_generate(trainer);
    diffmm__graphs_unreserve(&trainer->graphs, trainer->model->modality_count);
    return status;
}

static void expect_generation(const char *const *list, const struct expected *expected)
{
    struct training t;
    training_begin(&t, list);
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        expect_success(diffmm__epoch_denoise(t.trainer));
        expect_success(generate(t.trainer));
        for (size_t m = 0; m < 2; m++) {
            expect_generated(&t, expected, m, epoch);
            ck_assert_ptr_null(t.model->modalities[m].observed);
        }
        t.trainer->epoch++;
    }
    training_end(&t);
}

START_TEST(graphs_of_the_reverse_chain)
{
    expect_generation((const char *const[]){"steps", "5", NULL},
                      &(struct expected){1, 0, 0, 0.5, false, false});
    expect_generation((const char *const[]){"rebuild_k", "3", "keep_rate", "1", NULL},
                      &(struct expected){3, 0, 0, 1, false, false});
    expect_generation((const char *const[]){"rebuild_k", "2", "sampling_steps", "4", NULL},
                      &(struct expected){2, 4, 0, 0.5, false, false});
    expect_generation((const char *const[]){"sampling_noise", "true", "keep_rate", "0.8", NULL},
                      &(struct expected){1, 0, 1, 0.8, false, false});
    expect_generation((const char *const[]){"sampling_noise", "true", "sampling_steps", "5", "norm",
                                            "true", "rebuild_k", "5", NULL},
                      &(struct expected){5, 5, 1, 0.5, false, false});
    expect_generation((const char *const[]){"hidden_sizes", "7,9", "rebuild_k", "4", NULL},
                      &(struct expected){4, 0, 0, 0.5, false, false});
}
END_TEST

START_TEST(weights_by_scores)
{
    expect_generation((const char *const[]){"rebuild_k", "3", "generate.weights", "scores", NULL},
                      &(struct expected){3, 0, 0, 0.5, true, false});
    expect_generation((const char *const[]){"rebuild_k", "60", "keep_rate", "1", "generate.weights",
                                            "scores", NULL},
                      &(struct expected){60, 0, 0, 1, true, false}); /* some scores are below 0 */
    expect_generation((const char *const[]){"sampling_noise", "true", "rebuild_k", "9",
                                            "generate.weights", "scores", NULL},
                      &(struct expected){9, 0, 1, 0.5, true, false});
}
END_TEST

START_TEST(unseen_items_only)
{
    expect_generation((const char *const[]){"rebuild_k", "5", "generate.unseen", "true", NULL},
                      &(struct expected){5, 0, 0, 0.5, false, true});
    expect_generation((const char *const[]){"rebuild_k", "4", "keep_rate", "1", "generate.unseen",
                                            "true", "sampling_noise", "true", NULL},
                      &(struct expected){4, 0, 1, 1, false, true});
    expect_generation((const char *const[]){"rebuild_k", "3", "generate.unseen", "true",
                                            "generate.weights", "scores", NULL},
                      &(struct expected){3, 0, 0, 0.5, true, true});
}
END_TEST

/* Each user gets all items that it does not have, however few. */
START_TEST(all_unseen_items)
{
    struct training t;
    training_begin(&t, (const char *const[]){"rebuild_k", "60", "keep_rate", "1", "generate.unseen",
                                             "true", NULL});
    expect_success(generate(t.trainer));
    const diffmm_graph *graph = t.model->modalities[0].graph;
    size_t pairs = diffmm_dataset_interactions(t.dataset, DIFFMM_TRAIN);
    ck_assert_uint_eq(diffmm_graph_entries(graph), users + items + 2 * (users * items - pairs));
    for (int32_t u = 0; u < users; u++)
        for (int32_t i = 0; i < items; i++)
            ck_assert(diffmm__csr_has(&graph->rows, (size_t)u, users + i) !=
                      diffmm__csr_has(&t.model->catalog->train, (size_t)u, i));
    training_end(&t);
}
END_TEST

START_TEST(all_items_are_neighbours)
{
    struct training t;
    training_begin(&t, (const char *const[]){"rebuild_k", "60", "keep_rate", "1", NULL});
    expect_success(generate(t.trainer));
    ck_assert_uint_eq(diffmm_graph_entries(t.model->modalities[1].graph),
                      users + items + 2 * users * items);
    training_end(&t);
}
END_TEST

/* Diffusion off: A_hat with edges dropped stands for every generated graph, drawn anew for each
 * modality and epoch. */
START_TEST(without_diffusion)
{
    struct training t;
    training_begin(&t, (const char *const[]){"diffusion.enabled", "false", "keep_rate", "0.7",
                                             "fusion_ratio", "0.5", NULL});
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        expect_success(generate(t.trainer));
        for (size_t m = 0; m < 2; m++) {
            diffmm_graph *graph =
                drop(t.model->adjacency, 0.7, diffmm__stream_observed_edges(m, epoch));
            expect_graph(graph, t.model->modalities[m].graph);
            diffmm_graph_destroy(graph);
        }
        t.trainer->epoch++;
    }
    training_end(&t);
}
END_TEST

START_TEST(view_fusion_has_observed_edges)
{
    struct training t;
    training_begin(&t, (const char *const[]){"fusion_ratio", "0.5", NULL});
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        expect_success(generate(t.trainer));
        for (size_t m = 0; m < 2; m++) {
            diffmm_graph *graph =
                drop(t.model->adjacency, 0.5, diffmm__stream_observed_edges(m, epoch));
            expect_graph(graph, t.model->modalities[m].observed);
            expect_generated(&t, &(struct expected){1, 0, 0, 0.5, false, false}, m, epoch);
            diffmm_graph_destroy(graph);
        }
        t.trainer->epoch++;
    }
    training_end(&t);
}
END_TEST

/* Kept edges are as many as the rate says, within 4.5 deviations, over 40 epochs. */
START_TEST(the_share_of_kept_edges)
{
    struct training t;
    double all = 0, kept = 0;
    training_begin(&t,
                   (const char *const[]){"diffusion.enabled", "false", "keep_rate", "0.3", NULL});
    for (int epoch = 0; epoch < 40; epoch++) {
        expect_success(generate(t.trainer));
        all += (double)diffmm_graph_entries(t.model->adjacency);
        kept += (double)diffmm_graph_entries(t.model->modalities[0].graph);
        t.trainer->epoch++;
    }
    ck_assert_msg(fabs(kept - 0.3 * all) < 4.5 * sqrt(all * 0.3 * 0.7), "%g of %g", kept, all);
    training_end(&t);
}
END_TEST

static int step_of_generating(const diffmm_progress *progress, void *user_data)
{
    *(size_t *)user_data += progress->phase == DIFFMM_PHASE_GENERATE;
    return 0;
}

/* Epochs 1 and 4 generate; those between drop other edges from the graphs of epoch 1, although the
 * denoisers learn on. `whole` has the graphs before edges are dropped. */
START_TEST(graphs_that_are_kept)
{
    struct training whole, t;
    training_begin(&whole, (const char *const[]){"generate.every", "3", "rebuild_k", "2",
                                                 "keep_rate", "1", NULL});
    training_begin(&t, (const char *const[]){"generate.every", "3", "rebuild_k", "2",
                                             "fusion_ratio", "0.5", NULL});
    diffmm_graph *graphs[2] = {NULL, NULL};
    for (uint64_t epoch = 1; epoch <= 4; epoch++) {
        size_t told = 0;
        expect_success(diffmm_trainer_on_progress(t.trainer, step_of_generating, &told));
        for (int i = 0; i < 2; i++) {
            struct training *of = i == 0 ? &whole : &t;
            expect_success(diffmm__epoch_denoise(of->trainer));
            expect_success(generate(of->trainer));
            of->trainer->epoch++;
        }
        ck_assert_uint_eq(told, epoch % 3 == 1 ? 2 : 0);
        for (size_t m = 0; m < 2; m++) {
            const struct diffmm__model_modality *now = &t.model->modalities[m];
            if (epoch == 1)
                graphs[m] = diffmm__graph_retain(whole.model->modalities[m].graph);
            if (epoch < 4)
                expect_graph(graphs[m], whole.model->modalities[m].graph);
            else
                expect_generated(&whole, &(struct expected){2, 0, 0, 1, false, false}, m, epoch);
            diffmm_graph *dropped = drop(whole.model->modalities[m].graph, 0.5,
                                         diffmm__stream_generated_edges(m, epoch));
            diffmm_graph *observed =
                drop(t.model->adjacency, 0.5, diffmm__stream_observed_edges(m, epoch));
            expect_graph(dropped, now->graph);
            expect_graph(observed, now->observed);
            diffmm_graph_destroy(dropped);
            diffmm_graph_destroy(observed);
        }
    }
    diffmm_graph_destroy(graphs[0]);
    diffmm_graph_destroy(graphs[1]);
    training_end(&t);
    training_end(&whole);
}
END_TEST

START_TEST(scores_that_are_not_numbers)
{
    traps_off(); /* parameters are NaN */
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    const diffmm_graph *kept = t.model->modalities[1].graph;
    const diffmm_diffusion *module = t.trainer->model->modalities[1].diffusion;
    for (size_t i = 0; i < module->layers.size; i++)
        module->values[i] = NAN;
    diffmm_status status = generate(t.trainer);
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch 1, generate");
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "'text'");
    ck_assert_ptr_eq(t.model->modalities[1].graph, kept);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {graphs_of_the_reverse_chain,
                                  weights_by_scores,
                                  unseen_items_only,
                                  all_unseen_items,
                                  all_items_are_neighbours,
                                  without_diffusion,
                                  view_fusion_has_observed_edges,
                                  the_share_of_kept_edges,
                                  graphs_that_are_kept,
                                  scores_that_are_not_numbers};
    return run_tests("train/generate", tests, sizeof tests / sizeof *tests) != 0;
}
