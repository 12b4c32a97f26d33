/* SPDX-License-Identifier: BSD-2-Clause */
/* Every modality's graph A_m is generated, then edges are dropped. The graphs' memory is taken when
 * the epoch begins, before anything has changed. */
#include "train/graphs.h"

#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "graph/bipartite.h"
#include "model/blend.h"
#include "train/plan/cadence.h"

static void lay_out(struct diffmm__graphs *graphs, const struct diffmm__plan *plan)
{
    struct diffmm__arena *arena = &graphs->arena;
    graphs->rooms = diffmm__arena_take_zero(arena, plan->modalities, sizeof *graphs->rooms);
    if (!plan->settings->diffusion_enabled)
        return;
    diffmm__neighbors_take(arena, plan, &graphs->neighbors);
    if (plan->settings->generate_scores)
        graphs->degrees =
            diffmm__arena_take(arena, plan->users + plan->items, sizeof *graphs->degrees);
}

size_t diffmm__graphs_bytes(const struct diffmm__plan *plan)
{
    struct diffmm__graphs measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, plan);
    return plan->settings->diffusion_enabled
               ? diffmm__size_sum(measured.arena.bytes, diffmm__generator_bytes(&plan->generation))
               : measured.arena.bytes;
}

diffmm_status diffmm__graphs_begin(const diffmm_model *model, const struct diffmm__plan *plan,
                                   struct diffmm__graphs *out)
{
    *out = (struct diffmm__graphs){.arena = diffmm__arena_on(model->context)};
    lay_out(out, plan);
    if (out->arena.failed)
        return DIFFMM_ERROR_NO_MEMORY;
    if (!plan->settings->diffusion_enabled)
        return DIFFMM_OK;
    diffmm__neighbors_begin(&out->neighbors, &model->settings, &model->catalog->train);
    out->block = plan->generation.block;
    return diffmm__generator_create(model->context, &plan->generation, &out->generator);
}

void diffmm__graphs_end(struct diffmm__graphs *graphs)
{
    diffmm__generator_destroy(graphs->generator);
    diffmm__arena_end(&graphs->arena);
}

/* The old graph is destroyed last: its memory is released by the host, which may read the model
 * then. */
static void set_graph(diffmm_graph **place, diffmm_graph *graph)
{
    diffmm_graph *old = *place;
    *place = graph;
    diffmm_graph_destroy(old);
}

/* Blocks of so many users; the last may be smaller. */
static size_t blocks_of(const struct diffmm__graphs *graphs, size_t users)
{
    return (users + graphs->block - 1) / graphs->block;
}

/* An error of the peers, with the phase in which it happened. */
static diffmm_status failed(diffmm_status status, size_t epoch)
{
    return diffmm__progress_failed(status, epoch, "generate");
}

/* How many blocks the peer with the most users has. */
static size_t most_blocks(const struct diffmm__graphs *graphs, const struct diffmm__peers *peers,
                          size_t users)
{
    return blocks_of(graphs, (users + peers->size - 1) / peers->size);
}

/* A block is done: tell the host, if it is to be told, and meet the peers. */
static diffmm_status end_block(const struct diffmm__peers *peers, struct diffmm__progress *progress,
                               size_t epoch, size_t done, size_t total)
{
    diffmm_status status =
        progress ? diffmm__progress_step(progress, epoch, DIFFMM_PHASE_GENERATE, done, total)
                 : DIFFMM_OK;
    return status ? status : failed(diffmm__peers_meet(peers, 1), epoch);
}

/* The neighbours of this peer's users, and where `coordinates` is not NULL, what a blend needs of the
 * chains. Nobody is told where progress is NULL. */
static diffmm_status generate_rows(struct diffmm__graphs *graphs, const diffmm_model *model,
                                   size_t epoch, size_t m, float *coordinates,
                                   const struct diffmm__peers *peers,
                                   struct diffmm__progress *progress)
{
    size_t users = model->users, count = model->settings.rebuild_k;
    struct diffmm__part part = diffmm__peers_part(peers, users);
    size_t blocks = blocks_of(graphs, part.end - part.first), done = m * blocks;
    const diffmm_diffusion *module = model->modalities[m].diffusion;
    struct diffmm__denoiser_batch all = {.rows = users,
                                         .x0 = {.matrix = model->catalog->train, .ascending = true},
                                         .draws = diffmm__module_reverse_draws(module, epoch),
                                         .basis = diffmm__module_basis(module)};
    int32_t *items = diffmm__neighbors_items(&graphs->neighbors, m);
    float *scores = diffmm__neighbors_weights(&graphs->neighbors, m);
    diffmm__generator_prepare(graphs->generator, module->schedule, module->values, &all);
    diffmm__generator_keep(graphs->generator, coordinates, model->width);
    for (size_t first = part.first, rows; first < part.end; first += rows) {
        rows = diffmm__size_lesser(part.end - first, graphs->block);
        diffmm__generator_run(graphs->generator, &all, first, rows, items + first * count,
                              scores ? scores + first * count : NULL);
        diffmm_status status =
            end_block(peers, progress, epoch, ++done, model->modality_count * blocks);
        if (status)
            return status;
    }
    return failed(diffmm__peers_meet(peers, most_blocks(graphs, peers, users) - blocks), epoch);
}

/* What the peers have generated for their users, of each of whom an array has `bytes` bytes. */
static diffmm_status gather_users(const diffmm_model *model, size_t epoch,
                                  const struct diffmm__peers *peers, void *array, size_t bytes)
{
    return failed(diffmm__peers_gather(peers, array, bytes, model->users * bytes), epoch);
}

static diffmm_status gather_neighbors(const struct diffmm__graphs *graphs,
                                      const diffmm_model *model, size_t epoch, size_t m,
                                      const struct diffmm__peers *peers)
{
    int32_t *items = diffmm__neighbors_items(&graphs->neighbors, m);
    float *scores = diffmm__neighbors_weights(&graphs->neighbors, m);
    size_t count = model->settings.rebuild_k;
    diffmm_status status = gather_users(model, epoch, peers, items, count * sizeof *items);
    return !status && scores ? gather_users(model, epoch, peers, scores, count * sizeof *scores)
                             : status;
}

/* The coordinates that all modalities have left in the users' served rows, whose other columns the
 * peers have alike. */
static diffmm_status gather_coordinates(const diffmm_model *model, size_t epoch,
                                        const struct diffmm__peers *peers)
{
    return gather_users(model, epoch, peers, model->served, model->width * sizeof *model->served);
}

/* Rows as a graph needs them. */
static diffmm_status order_rows(struct diffmm__graphs *graphs, const diffmm_model *model,
                                size_t epoch, size_t m)
{
    size_t wrong = diffmm__neighbors_order(&graphs->neighbors, m);
    return wrong == model->users
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_NUMERIC,
                              "epoch %zu, generate: modality '%s' gave user %zu scores that are "
                              "not numbers",
                              epoch, model->modalities[m].name, wrong);
}

/* The graph of the rows. */
static void set_generated(struct diffmm__graphs *graphs, diffmm_model *model, size_t m)
{
    struct diffmm__graph_room *room = &graphs->rooms[m];
    struct diffmm__csr rows = diffmm__neighbors_rows(&graphs->neighbors, m);
    if (rows.values)
        diffmm__bipartite_fill_weighted(room->whole, &rows, graphs->degrees);
    else
        diffmm__bipartite_fill(room->whole, &rows);
    set_graph(&model->modalities[m].graph,
              diffmm__edge_dropout_finish(&room->generated, room->whole));
}

/* A_hat with edges dropped at random, drawn anew each epoch. */
static void set_observed(struct diffmm__graphs *graphs, diffmm_model *model, size_t m)
{
    const struct diffmm__settings *s = &model->settings;
    struct diffmm__model_modality *modality = &model->modalities[m];
    if (!s->diffusion_enabled || s->fusion_ratio > 0.0)
        set_graph(s->diffusion_enabled ? &modality->observed : &modality->graph,
                  diffmm__edge_dropout_finish(&graphs->rooms[m].observed, model->adjacency));
}

static void measure(struct diffmm__graphs *graphs, const diffmm_model *model, size_t epoch,
                    size_t m, struct diffmm__diffusion_measures *measures,
                    struct diffmm__report *report)
{
    if (report->graph)
        diffmm__diffusion_measures_take(measures, model, epoch, m, graphs->generator,
                                        diffmm__neighbors_items(&graphs->neighbors, m),
                                        &report->graph[m],
                                        report->denoiser ? &report->denoiser[m] : NULL);
}

/* Generates the neighbours of a modality anew. */
static diffmm_status generate(struct diffmm__graphs *graphs, diffmm_model *model, size_t epoch,
                              size_t m, const struct diffmm__peers *peers,
                              struct diffmm__progress *progress)
{
    float *coordinates = diffmm__blend_coordinates(model, m);
    diffmm_status status = generate_rows(graphs, model, epoch, m, coordinates, peers, progress);
    if (!status && coordinates)
        diffmm__blend_receive(model, m);
    if (!status)
        status = gather_neighbors(graphs, model, epoch, m, peers);
    return status ? status : order_rows(graphs, model, epoch, m);
}

diffmm_status diffmm__graphs_generate(struct diffmm__graphs *graphs, diffmm_model *model,
                                      size_t epoch, const struct diffmm__peers *peers,
                                      struct diffmm__progress *progress,
                                      struct diffmm__diffusion_measures *measures,
                                      struct diffmm__report *report)
{
    bool generates = diffmm__cadence_generates(&model->settings, epoch);
    for (size_t m = 0; m < model->modality_count; m++) {
        if (generates) {
            diffmm_status status = generate(graphs, model, epoch, m, peers, progress);
            if (status)
                return status;
            measure(graphs, model, epoch, m, measures, report);
        }
        if (model->settings.diffusion_enabled)
            set_generated(graphs, model, m);
        set_observed(graphs, model, m);
    }
    return generates && diffmm__blend_coordinates(model, 0)
               ? gather_coordinates(model, epoch, peers)
               : DIFFMM_OK;
}

void diffmm__graphs_recall(struct diffmm__graphs *graphs, const diffmm_model *model, size_t epoch,
                           struct diffmm__diffusion_measures *measures)
{
    const struct diffmm__peers alone = diffmm__peers_alone();
    for (size_t m = 0; m < model->modality_count; m++) {
        generate_rows(graphs, model, epoch, m, NULL, &alone, NULL);
        diffmm__neighbors_order(&graphs->neighbors, m);
        diffmm__diffusion_measures_keep(measures, m,
                                        diffmm__neighbors_items(&graphs->neighbors, m));
    }
}

diffmm_status diffmm__graphs_complete(struct diffmm__graphs *graphs, diffmm_model *model,
                                      size_t epoch, size_t steps)
{
    size_t blocks = blocks_of(graphs, model->users), begun = (steps - 1) / blocks;
    diffmm__neighbors_repeat(&graphs->neighbors, begun, (steps - begun * blocks) * graphs->block);
    diffmm_status status = order_rows(graphs, model, epoch, begun);
    for (size_t m = begun; m < model->modality_count && !status; m++) {
        diffmm__neighbors_copy(&graphs->neighbors, begun, m);
        set_generated(graphs, model, m);
        set_observed(graphs, model, m);
    }
    return status;
}

static diffmm_status begin_drop(const diffmm_model *model, size_t entries, uint64_t stream,
                                struct diffmm__edge_dropout *out)
{
    return diffmm__edge_dropout_begin(model->context, model->users, model->items, entries,
                                      model->settings.keep_rate, model->settings.seed, stream, out);
}

/* Room for one modality's whole generated graph: the modalities share it where edges are dropped
 * from it, since it is then needed for a moment only. */
static diffmm_status reserve_whole(struct diffmm__graphs *graphs, const diffmm_model *model,
                                   size_t m, size_t entries)
{
    if (m == 0 || model->settings.keep_rate >= 1.0)
        return diffmm__graph_create(model->context, model->users, model->items, entries, true,
                                    &graphs->rooms[m].whole);
    graphs->rooms[m].whole = diffmm__graph_retain(graphs->rooms[0].whole);
    return DIFFMM_OK;
}

diffmm_status diffmm__graphs_reserve(struct diffmm__graphs *graphs, const diffmm_model *model,
                                     size_t epoch)
{
    const struct diffmm__settings *s = &model->settings;
    size_t edges = s->diffusion_enabled ? (size_t)graphs->neighbors.pointers[model->users] : 0;
    size_t entries = 2 * edges + model->users + model->items;
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        struct diffmm__graph_room *room = &graphs->rooms[m];
        if (s->diffusion_enabled) {
            status = reserve_whole(graphs, model, m, entries);
            if (!status)
                status = begin_drop(model, entries, diffmm__stream_generated_edges(m, epoch),
                                    &room->generated);
        }
        if (!status && (!s->diffusion_enabled || s->fusion_ratio > 0.0))
            status = begin_drop(model, diffmm_graph_entries(model->adjacency),
                                diffmm__stream_observed_edges(m, epoch), &room->observed);
    }
    return status;
}

void diffmm__graphs_unreserve(struct diffmm__graphs *graphs, size_t modalities)
{
    for (size_t m = 0; m < modalities; m++) {
        struct diffmm__graph_room *room = &graphs->rooms[m];
        diffmm_graph_destroy(room->whole);
        diffmm__edge_dropout_end(&room->generated);
        diffmm__edge_dropout_end(&room->observed);
        *room = (struct diffmm__graph_room){0};
    }
}
