/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/diffusion_measures.h"

#include <string.h>

#include "base/log.h"
#include "base/sizes.h"
#include "base/status.h"

static void lay_out(struct diffmm__diffusion_measures *m, const struct diffmm__plan *plan)
{
    size_t row = plan->settings->rebuild_k * sizeof *m->previous;
    m->sampled = diffmm__arena_take(&m->arena, m->users.sampled, sizeof *m->sampled);
    m->judged = diffmm__arena_take(&m->arena, m->users.judged, sizeof *m->judged);
    m->features = diffmm__arena_take_zero(&m->arena, plan->modalities, sizeof *m->features);
    m->previous = diffmm__arena_take(&m->arena, plan->modalities * m->users.sampled, row);
    m->has_previous = diffmm__arena_take_zero(&m->arena, plan->modalities, sizeof(bool));
}

static bool measures(const struct diffmm__plan *plan)
{
    return plan->settings->diffusion_enabled && plan->settings->measure != DIFFMM__MEASURE_OFF;
}

static bool judges(const struct diffmm__plan *plan)
{
    return measures(plan) && plan->settings->measure == DIFFMM__MEASURE_FULL;
}

static struct diffmm__graph_setting graph_setting(const struct diffmm__plan *plan)
{
    return (struct diffmm__graph_setting){.users = plan->users,
                                          .items = plan->items,
                                          .count = plan->settings->rebuild_k,
                                          .columns = plan->widest,
                                          .sample_count = plan->measured.sampled};
}

size_t diffmm__diffusion_measures_bytes(const struct diffmm__plan *plan, size_t threads)
{
    if (!measures(plan))
        return 0;
    struct diffmm__diffusion_measures measured = {.arena = diffmm__arena_measure(),
                                                  .users = plan->measured};
    struct diffmm__graph_setting setting = graph_setting(plan);
    lay_out(&measured, plan);
    size_t bytes = diffmm__size_sum(measured.arena.bytes, diffmm__popularity_bytes(plan->items));
    bytes = diffmm__size_sum(bytes, diffmm__graph_measuring_bytes(&setting, threads));
    /* All items of each modality, and all columns once. */
    bytes = diffmm__size_sum(
        bytes,
        diffmm__size_product(plan->modalities, diffmm__centred_features_bytes(plan->items, 1)));
    bytes = diffmm__size_sum(bytes, diffmm__centred_features_bytes(1, plan->dimensions));
    return judges(plan)
               ? diffmm__size_sum(bytes, diffmm__denoiser_measuring_bytes(&plan->judging, threads))
               : bytes;
}

static diffmm_status begin_features(struct diffmm__diffusion_measures *m, const diffmm_model *model)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < model->modality_count && !status; i++) {
        const struct diffmm__model_modality *modality = &model->modalities[i];
        status = diffmm__centred_features_begin(
            model->context, model->items, modality->dimensions, modality->stride,
            modality->features, modality->stored.data ? &modality->stored : NULL, &m->features[i]);
    }
    return status;
}

static diffmm_status begin_parts(struct diffmm__diffusion_measures *m, const diffmm_model *model,
                                 const struct diffmm__plan *plan)
{
    struct diffmm__graph_setting setting = graph_setting(plan);
    diffmm_status status = diffmm__measured_users_draw(model->dataset, plan->settings, &m->users,
                                                       m->sampled, m->judged);
    if (!status)
        status = diffmm__popularity_begin(model->context, &model->catalog->train, &m->popularity);
    if (!status)
        status = begin_features(m, model);
    setting.train = &model->catalog->train;
    setting.held = &model->dataset->held[0];
    setting.popularity = &m->popularity;
    setting.sample = m->sampled;
    if (!status)
        status = diffmm__graph_measuring_begin(model->context, &setting, &m->graph);
    if (!status && judges(plan))
        status = diffmm__denoiser_measuring_begin(model->context, &plan->judging, &m->denoiser);
    return status;
}

diffmm_status diffmm__diffusion_measures_begin(const diffmm_model *model,
                                               const struct diffmm__plan *plan,
                                               struct diffmm__diffusion_measures *out)
{
    *out = (struct diffmm__diffusion_measures){.arena = diffmm__arena_on(model->context),
                                               .users = plan->measured};
    if (!measures(plan))
        return DIFFMM_OK;
    lay_out(out, plan);
    return out->arena.failed ? DIFFMM_ERROR_NO_MEMORY : begin_parts(out, model, plan);
}

void diffmm__diffusion_measures_end(struct diffmm__diffusion_measures *measures, size_t modalities)
{
    diffmm__denoiser_measuring_end(&measures->denoiser);
    diffmm__graph_measuring_end(&measures->graph);
    for (size_t m = 0; measures->features && m < modalities; m++)
        diffmm__centred_features_end(&measures->features[m]);
    diffmm__popularity_end(&measures->popularity);
    diffmm__arena_end(&measures->arena);
}

void diffmm__diffusion_measures_keep(struct diffmm__diffusion_measures *measures, size_t m,
                                     const int32_t *neighbors)
{
    size_t count = measures->graph.setting.count;
    int32_t *previous = measures->previous + m * measures->users.sampled * count;
    for (size_t i = 0; i < measures->users.sampled; i++)
        memcpy(previous + i * count, neighbors + (size_t)measures->sampled[i] * count,
               count * sizeof *previous);
    measures->has_previous[m] = true;
}

static void log_graph(const diffmm_model *model, size_t epoch, size_t m,
                      const diffmm_graph_measures *g)
{
    diffmm__log(model->context, DIFFMM_LOG_INFO,
                "epoch %zu, graph of modality '%s': %zu edges to %zu items, %.1f %% of them to ten "
                "items; %.1f %% are training interactions, %.1f %% as in the graph before; mean "
                "popularity rank %.1f; similarity %.4f, of random items %.4f; %zu of %zu are "
                "held-out interactions",
                epoch, model->modalities[m].name, g->edges, g->distinct_items, 100.0 * g->top_share,
                100.0 * g->observed_share, 100.0 * g->agreement, g->popularity_rank, g->similarity,
                g->random_similarity, g->hits, g->held_edges);
}

static void log_denoiser(const diffmm_model *model, size_t epoch, size_t m,
                         const diffmm_denoiser_measures *d)
{
    diffmm__log(model->context, DIFFMM_LOG_INFO,
                "epoch %zu, denoiser of modality '%s': Recall@%zu %.4f, of popular items %.4f (%zu "
                "users); precision at the user's own degree %.4f (%zu users)",
                epoch, model->modalities[m].name, d->cutoff, d->recall, d->popular_recall,
                d->held_users, d->degree_precision, d->users);
}

static void judge(struct diffmm__diffusion_measures *measures, const diffmm_model *model,
                  size_t epoch, size_t m, const struct diffmm__generator *generator,
                  diffmm_denoiser_measures *out)
{
    const diffmm_diffusion *module = model->modalities[m].diffusion;
    struct diffmm__denoiser_batch batch = {
        .rows = measures->users.judged,
        .x0 = {.matrix = model->catalog->train, .row_of = measures->judged, .ascending = true},
        .draws = diffmm__module_reverse_draws(module, epoch),
        .basis = diffmm__module_basis(module)};
    diffmm__denoiser_measuring_run(&measures->denoiser, module, generator, &batch,
                                   &model->dataset->held[0], &measures->popularity,
                                   model->settings.cutoffs[0], out);
    log_denoiser(model, epoch, m, out);
}

void diffmm__diffusion_measures_take(struct diffmm__diffusion_measures *measures,
                                     const diffmm_model *model, size_t epoch, size_t m,
                                     const struct diffmm__generator *generator,
                                     const int32_t *neighbors, diffmm_graph_measures *graph,
                                     diffmm_denoiser_measures *denoiser)
{
    size_t count = measures->graph.setting.count;
    const int32_t *previous =
        measures->has_previous[m] ? measures->previous + m * measures->users.sampled * count : NULL;
    diffmm__graph_measuring_run(&measures->graph, neighbors, previous, &measures->features[m],
                                graph);
    diffmm__diffusion_measures_keep(measures, m, neighbors);
    log_graph(model, epoch, m, graph);
    if (denoiser)
        judge(measures, model, epoch, m, generator, denoiser);
}
