/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 2 of an epoch: generate every modality's graph A_m, then drop edges. */
#include <stdlib.h>

#include "base/random.h"
#include "base/status.h"
#include "graph/graph.h"
#include "train/trainer.h"

static void set_graph(diffmm_graph **place, diffmm_graph *graph)
{
    diffmm_graph_destroy(*place);
    *place = graph;
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Every user's neighbours, each row ascending. */
static diffmm_status generate_rows(diffmm_trainer *trainer, size_t m)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    size_t users = model->users, count = s->rebuild_k;
    size_t block = trainer->work.generation.block, blocks = (users + block - 1) / block;
    struct diffmm__batch_rows x0 = {.pointers = model->catalog->seen.pointers,
                                    .items = model->catalog->seen.items};
    /* A step's noise is the stream of m * 2048 + step (reverse.h). */
    struct diffmm__draws draws = {
        .seed = s->seed,
        .noise_stream = diffmm__stream(DIFFMM__RANDOM_REVERSE_NOISE, m * 2048, trainer->epoch + 1)};
    diffmm__generator_prepare(w->generator, model->modalities[m].denoiser.values);
    for (size_t b = 0; b < blocks; b++) {
        size_t first = b * block, rows = users - first < block ? users - first : block;
        diffmm__generate(w->generator, &x0, first, rows, &draws, w->generated + first * count);
        diffmm_status status = diffmm__trainer_continue(
            trainer, DIFFMM_PHASE_GENERATE, m * blocks + b + 1, model->modality_count * blocks);
        if (status)
            return status;
    }
    for (size_t u = 0; u < users; u++) {
        int32_t *row = w->generated + u * count;
        w->pointers[u] = (int64_t)(u * count);
        qsort(row, count, sizeof *row, ascending);
        if (row[0] < 0)
            return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                "epoch %zu, generate: modality '%s' gave user %zu scores that are "
                                "not numbers",
                                trainer->epoch + 1, model->modalities[m].name, u);
    }
    w->pointers[users] = (int64_t)(users * count);
    return DIFFMM_OK;
}

static diffmm_status generate_graph(diffmm_trainer *trainer, size_t m)
{
    struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    diffmm_graph *whole, *dropped;
    diffmm_status status = generate_rows(trainer, m);
    if (status)
        return status;
    status = diffmm__graph_from_rows(trainer->context, model->users, model->items, w->pointers,
                                     w->generated, &whole);
    if (status)
        return status;
    status = diffmm__graph_drop_random(whole, s->keep_rate, s->seed,
                                       diffmm__stream(DIFFMM__RANDOM_EDGES, m, trainer->epoch + 1),
                                       &dropped);
    diffmm_graph_destroy(whole);
    if (!status)
        set_graph(&model->modalities[m].graph, dropped);
    return status;
}

/* A_hat with edges dropped at random, drawn anew each epoch. */
static diffmm_status observed_graph(diffmm_trainer *trainer, size_t m, diffmm_graph **place)
{
    const diffmm_model *model = trainer->model;
    diffmm_graph *dropped;
    diffmm_status status = diffmm__graph_drop_random(
        model->adjacency, model->settings.keep_rate, model->settings.seed,
        diffmm__stream(DIFFMM__RANDOM_OBSERVED_EDGES, m, trainer->epoch + 1), &dropped);
    if (!status)
        set_graph(place, dropped);
    return status;
}

diffmm_status diffmm__phase_generate(diffmm_trainer *trainer)
{
    diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__model_modality *modality = &model->modalities[m];
        diffmm_status status = s->diffusion_enabled ? generate_graph(trainer, m)
                                                    : observed_graph(trainer, m, &modality->graph);
        if (!status && s->diffusion_enabled && s->fusion_ratio > 0.0)
            status = observed_graph(trainer, m, &modality->observed);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}
