/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 2 of an epoch: generate every modality's graph A_m, then drop edges. The graphs' memory is
 * taken when the epoch begins, before anything has changed. */
#include <stdlib.h>

#include "base/status.h"
#include "base/streams.h"
#include "graph/graph.h"
#include "train/trainer.h"

/* The old one ends last: its release may call the host, which may read the model. */
static void set_graph(diffmm_graph **place, diffmm_graph *graph)
{
    diffmm_graph *old = *place;
    *place = graph;
    diffmm_graph_destroy(old);
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
                                    .items = model->catalog->seen.items,
                                    .ascending = true};
    const diffmm_diffusion *module = model->modalities[m].diffusion;
    struct diffmm__draws draws = diffmm__module_reverse_draws(module, trainer->epoch + 1);
    diffmm__generator_prepare(w->generator, module->values);
    for (size_t b = 0; b < blocks; b++) {
        size_t first = b * block, rows = users - first < block ? users - first : block;
        diffmm__generate(w->generator, &x0, first, rows, &draws, w->generated + first * count,
                         NULL);
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
    struct diffmm__epoch_graphs *room = &trainer->graphs[m];
    diffmm_status status = generate_rows(trainer, m);
    if (status)
        return status;
    diffmm__graph_fill(room->whole, w->pointers, w->generated);
    set_graph(&trainer->model->modalities[m].graph,
              diffmm__edge_drop_finish(&room->generated, room->whole));
    return DIFFMM_OK;
}

diffmm_status diffmm__phase_generate(diffmm_trainer *trainer)
{
    diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__model_modality *modality = &model->modalities[m];
        diffmm_status status = s->diffusion_enabled ? generate_graph(trainer, m) : DIFFMM_OK;
        if (status)
            return status;
        /* A_hat with edges dropped at random, drawn anew each epoch. */
        if (!s->diffusion_enabled || s->fusion_ratio > 0.0)
            set_graph(s->diffusion_enabled ? &modality->observed : &modality->graph,
                      diffmm__edge_drop_finish(&trainer->graphs[m].observed, model->adjacency));
    }
    return DIFFMM_OK;
}

static diffmm_status begin_drop(const diffmm_trainer *trainer, size_t entries, uint64_t stream,
                                struct diffmm__edge_drop *out)
{
    const diffmm_model *model = trainer->model;
    return diffmm__edge_drop_begin(trainer->context, model->users, model->items, entries,
                                   model->settings.keep_rate, model->settings.seed, stream, out);
}

/* Room for one modality's whole generated graph: shared where edges are dropped from it, for it is
 * then no more than a step on the way. */
static diffmm_status begin_whole(diffmm_trainer *trainer, size_t m, size_t entries)
{
    const diffmm_model *model = trainer->model;
    if (m == 0 || model->settings.keep_rate >= 1.0)
        return diffmm__graph_allocate(trainer->context, model->users, model->items, entries, true,
                                      &trainer->graphs[m].whole);
    trainer->graphs[m].whole = diffmm__graph_retain(trainer->graphs[0].whole);
    return DIFFMM_OK;
}

diffmm_status diffmm__epoch_graphs_begin(diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    uint64_t epoch = trainer->epoch + 1;
    size_t entries = 2 * model->users * s->rebuild_k + model->users + model->items;
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        struct diffmm__epoch_graphs *room = &trainer->graphs[m];
        if (s->diffusion_enabled) {
            status = begin_whole(trainer, m, entries);
            if (!status)
                status = begin_drop(trainer, entries, diffmm__stream_generated_edges(m, epoch),
                                    &room->generated);
        }
        if (!status && (!s->diffusion_enabled || s->fusion_ratio > 0.0))
            status = begin_drop(trainer, diffmm_graph_entries(model->adjacency),
                                diffmm__stream_observed_edges(m, epoch), &room->observed);
    }
    return status;
}

void diffmm__epoch_graphs_end(diffmm_trainer *trainer)
{
    for (size_t m = 0; m < trainer->model->modality_count; m++) {
        struct diffmm__epoch_graphs *room = &trainer->graphs[m];
        diffmm_graph_destroy(room->whole);
        diffmm__edge_drop_end(&room->generated);
        diffmm__edge_drop_end(&room->observed);
        *room = (struct diffmm__epoch_graphs){0};
    }
}
