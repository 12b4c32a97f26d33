/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/plan/epoch_plan.h"

#include "evaluation/denoiser_measures.h"
#include "evaluation/evaluation.h"
#include "module/module.h"
#include "train/plan/cadence.h"

static void count_held_users(const diffmm_dataset *dataset, struct diffmm__plan *plan)
{
    size_t users[2] = {0};
    for (size_t u = 0; u < dataset->catalog->users; u++) {
        bool held[2];
        if (diffmm__csr_row_entries(&dataset->catalog->train, u) == 0)
            continue; /* metrics leave cold users out */
        for (size_t split = 0; split < 2; split++) {
            const int64_t *pointers = dataset->held[split].pointers;
            held[split] = pointers[u + 1] > pointers[u];
            users[split] += held[split];
        }
        plan->active_users += held[0] || held[1];
    }
    plan->ranked_users = users[0] > users[1] ? users[0] : users[1];
    plan->active_users =
        diffmm__evaluation_users(plan->active_users, plan->settings->evaluate_users);
    if (plan->ranked_users > plan->active_users)
        plan->ranked_users = plan->active_users;
}

static void plan_modality(const struct diffmm__modality *modality, const diffmm_options *options,
                          struct diffmm__plan *plan)
{
    struct diffmm__feature_settings settings = diffmm__settings_features(options, modality->name);
    if (!settings.enabled)
        return;
    plan->modalities++;
    plan->dimensions += modality->dimensions;
    if (modality->dimensions > plan->widest)
        plan->widest = modality->dimensions;
    bool scaled = settings.standardize || settings.normalize;
    bool stored = diffmm__modality_is_stored(modality) && !scaled;
    if (scaled || (!modality->features && !stored))
        plan->loaded += modality->dimensions;
    else if ((stored || modality->stride != modality->dimensions) &&
             modality->dimensions > plan->packed)
        plan->packed = modality->dimensions;
    if (stored && modality->dimensions > plan->stored)
        plan->stored = modality->dimensions;
}

size_t diffmm__epoch_plan_neighbors(const struct diffmm__settings *settings,
                                    const struct diffmm__csr *train, size_t user)
{
    size_t own = settings->generate_unseen ? diffmm__csr_row_entries(train, user) : 0;
    size_t left = train->columns > own ? train->columns - own : 0;
    return settings->rebuild_k < left ? settings->rebuild_k : left;
}

static void plan_graphs(const struct diffmm__csr *train, struct diffmm__plan *plan)
{
    const struct diffmm__settings *s = plan->settings;
    double nodes = (double)(plan->users + plan->items);
    plan->adjacency_entries = 2.0 * (double)plan->pairs + nodes;
    for (size_t u = 0; s->diffusion_enabled && u < plan->users; u++)
        plan->generated_edges += diffmm__epoch_plan_neighbors(s, train, u);
    double generated = s->diffusion_enabled ? 2.0 * (double)plan->generated_edges + nodes
                                            : plan->adjacency_entries;
    plan->generated_entries = (double)plan->modalities * generated * s->keep_rate;
}

diffmm_status diffmm__epoch_plan_settings(const diffmm_dataset *dataset,
                                          const diffmm_options *options,
                                          struct diffmm__settings *out)
{
    diffmm_status status = diffmm__settings_read(options, out);
    return status ? status
                  : diffmm__settings_fit(out, diffmm__csr_entries(&dataset->catalog->train));
}

diffmm_status diffmm__epoch_plan(const diffmm_dataset *dataset, const diffmm_options *options,
                                 const struct diffmm__settings *settings, struct diffmm__plan *out)
{
    const struct diffmm__catalog *catalog = dataset->catalog;
    *out = (struct diffmm__plan){.settings = settings,
                                 .users = catalog->users,
                                 .items = catalog->items,
                                 .batch_users = catalog->users,
                                 .kept_users = catalog->users,
                                 .d = settings->embedding_size,
                                 .width = settings->embedding_size,
                                 .pairs = (size_t)catalog->train.pointers[catalog->users],
                                 .held_bytes = diffmm__dataset_bytes(dataset)};
    count_held_users(dataset, out);
    for (size_t split = 0; split < 2; split++)
        out->held_pairs += (size_t)dataset->held[split].pointers[catalog->users];
    for (size_t m = 0; m < dataset->modality_count; m++)
        plan_modality(&dataset->modalities[m], options, out);
    out->moments = out->modalities;
    plan_graphs(&catalog->train, out);
    diffmm_status status = diffmm__terms_read(options, &out->terms);
    if (status || !settings->diffusion_enabled)
        return status;
    struct diffmm__layers layers;
    status = diffmm__module_layers(out->items, settings, &layers);
    if (status)
        return status;
    struct diffmm__sampling sampling = diffmm__module_sampling(settings);
    diffmm__denoiser_loss_plan(
        &layers, settings->denoiser_batch < out->users ? settings->denoiser_batch : out->users,
        settings->msi ? out->d : 0, DIFFMM__LOSS_CHEAPEST, &out->denoiser_loss);
    diffmm__generation_plan(&layers, settings->steps, &sampling, out->users, settings->rebuild_k,
                            &out->generation);
    if (settings->blend > 0.0 && settings->spectral)
        out->width += out->modalities * layers.items;
    if (!settings->generate_exact)
        diffmm__generation_plan_candidates(&out->generation);
    out->generation.unseen = settings->generate_unseen;
    out->measured = diffmm__measured_users_count(dataset, settings);
    if (settings->measure == DIFFMM__MEASURE_FULL) {
        diffmm__denoiser_measuring_plan(&layers, settings->steps, &sampling, out->items,
                                        out->measured.judged, out->measured.longest,
                                        settings->cutoffs[0], &out->judging);
        diffmm__generation_plan_share(&out->judging, &out->generation);
    }
    out->denoiser_loss.frozen = diffmm__cadence_frozen(settings);
    diffmm__epoch_plan_silence(out, out->denoiser_loss.frozen && layers.linear);
    return DIFFMM_OK;
}

void diffmm__epoch_plan_silence(struct diffmm__plan *plan, bool silent)
{
    plan->denoiser_loss.layers.silent = silent;
    plan->generation.layers.silent = silent;
    plan->judging.layers.silent = silent;
}
