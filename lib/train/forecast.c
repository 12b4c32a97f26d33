/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of training, from shapes: the same sums that the creating functions allocate. A test holds
 * them against what a counting allocator sees. */
#include <string.h>

#include "base/context.h"
#include "base/status.h"
#include "base/structs.h"
#include "contrastive/infonce.h"
#include "linalg/gemm.h"
#include "train/work.h"

enum { real = sizeof(float) };

/* BLIS keeps packing buffers per thread, and the process has its code, stacks and small blocks. */
enum { blis_per_thread = 9 << 20, process = 10 << 20 };

static size_t users_with_held_items(const diffmm_dataset *dataset)
{
    size_t users[2] = {0};
    for (size_t split = 0; split < 2; split++)
        for (size_t u = 0; u < dataset->catalog->users; u++)
            users[split] += dataset->held[split].pointers[u + 1] > dataset->held[split].pointers[u];
    return users[0] > users[1] ? users[0] : users[1];
}

static void plan_graphs(const diffmm_dataset *dataset, struct diffmm__work *w)
{
    const struct diffmm__settings *s = w->settings;
    double nodes = (double)(w->users + w->items);
    w->adjacency_entries = 2.0 * (double)w->pairs + nodes;
    double generated = s->diffusion_enabled ? 2.0 * (double)w->users * (double)s->rebuild_k + nodes
                                            : w->adjacency_entries;
    w->generated_entries = (double)dataset->modality_count * generated * s->keep_rate;
}

diffmm_status diffmm__work_plan(const diffmm_dataset *dataset,
                                const struct diffmm__settings *settings, struct diffmm__work *out)
{
    const struct diffmm__catalog *catalog = dataset->catalog;
    *out = (struct diffmm__work){.settings = settings,
                                 .users = catalog->users,
                                 .items = catalog->items,
                                 .d = settings->embedding_size,
                                 .modalities = dataset->modality_count,
                                 .pairs = (size_t)catalog->seen.pointers[catalog->users],
                                 .ranked_users = users_with_held_items(dataset)};
    for (size_t split = 0; split < 2; split++)
        out->held_pairs += (size_t)dataset->held[split].pointers[catalog->users];
    for (size_t m = 0; m < dataset->modality_count; m++) {
        out->dimensions += dataset->modalities[m].dimensions;
        if (dataset->modalities[m].dimensions > out->widest)
            out->widest = dataset->modalities[m].dimensions;
    }
    plan_graphs(dataset, out);
    if (!settings->diffusion_enabled)
        return DIFFMM_OK;
    diffmm_denoiser_shape shape = {.items = out->items,
                                   .time_size = settings->time_size,
                                   .hidden_count = settings->hidden_count,
                                   .hidden_sizes = settings->hidden_sizes,
                                   .normalize = settings->normalize};
    struct diffmm__layers layers;
    diffmm_status status = diffmm__layers(&shape, &layers);
    if (status)
        return status;
    struct diffmm__sampling sampling = {.sampling_steps = settings->sampling_steps,
                                        .sampling_noise = settings->sampling_noise};
    diffmm__objective_plan(&layers, settings->batch < out->users ? settings->batch : out->users,
                           settings->msi ? out->d : 0, DIFFMM__OBJECTIVE_CHEAPEST, &out->objective);
    diffmm__generation_plan(&layers, settings->steps, &sampling, out->users, settings->rebuild_k,
                            &out->generation);
    return DIFFMM_OK;
}

/* Interactions, ids and raw features. */
static size_t dataset_bytes(const struct diffmm__work *w)
{
    return w->items * w->dimensions * real + 3 * w->users * sizeof(int64_t) +
           (w->pairs + w->held_pairs) * sizeof(int32_t) +
           (w->users + w->items) * 6 * sizeof(int64_t);
}

/* Parameters with gradient and moments, the final embeddings, the copy of the best, workspaces. */
static size_t model_bytes(const struct diffmm__work *w)
{
    size_t nodes = w->users + w->items, wide = nodes * w->d * real, items = w->items * w->d * real;
    size_t projections = w->dimensions * w->d * real;
    size_t bytes = 5 * (wide + projections) + 3 * wide; /* parameters, final, best */
    bytes += w->modalities * items;                     /* of the best */
    bytes += w->modalities * (3 * items + 2 * wide) + items + 7 * wide; /* workspace */
    bytes += diffmm__gemm_pieces(w->items) * w->widest * w->d * real;
    if (w->settings->contrastive_enabled) {
        size_t most = w->users > w->items ? w->users : w->items;
        size_t batch = w->settings->batch < most ? w->settings->batch : most;
        bytes += (w->modalities + 1) * (2 * wide + nodes * real) +
                 diffmm__infonce_scratch(most, w->d, batch) * real;
    }
    return bytes;
}

/* A_hat, and each modality's graph with its transpose: the last epoch's, and room for the next. */
static size_t graph_bytes(const struct diffmm__work *w)
{
    const struct diffmm__settings *s = w->settings;
    size_t nodes = w->users + w->items, entry = sizeof(int32_t) + real, arrays = s->keep_rate < 1.0;
    double observed = (double)w->modalities * w->adjacency_entries * s->keep_rate;
    double entries = w->generated_entries;
    if (s->diffusion_enabled && s->fusion_ratio > 0.0)
        entries += observed;
    entries *= 2.0 * (double)(1 + arrays);
    if (s->diffusion_enabled && arrays) /* before edges are dropped */
        entries += 2.0 * (double)w->users * (double)s->rebuild_k + (double)nodes;
    return (size_t)((w->adjacency_entries + entries) * (double)entry) +
           (2 + 2 * (1 + arrays) * w->modalities) * nodes * sizeof(int64_t);
}

static size_t diffusion_bytes(const struct diffmm__work *w, size_t threads)
{
    if (!w->settings->diffusion_enabled)
        return 0;
    size_t parameters = w->objective.pass.layers.size * real;
    return 3 * w->modalities * parameters +
           diffmm__gradient_tiles_bytes(&w->objective.pass.layers, threads) +
           diffmm__objective_bytes(&w->objective, w->pairs) +
           diffmm__generation_bytes(&w->generation) +
           w->users * (sizeof(int64_t) + (1 + w->settings->rebuild_k) * sizeof(int32_t));
}

size_t diffmm__peak_bytes(const struct diffmm__work *w, size_t threads)
{
    return dataset_bytes(w) + model_bytes(w) + graph_bytes(w) + diffusion_bytes(w, threads) +
           w->pairs * 6 * sizeof(int32_t) + threads * blis_per_thread + process;
}

diffmm_status diffmm_trainer_forecast(diffmm_dataset *dataset, const diffmm_options *options,
                                      diffmm_forecast *out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    struct diffmm__settings settings;
    struct diffmm__work work;
    diffmm_options *copy = NULL;
    diffmm_status status = diffmm_dataset_seal(dataset);
    if (!status)
        status = diffmm__options_copy(dataset->context, options, &copy);
    if (!status)
        status = diffmm__options_settings(copy, &settings);
    diffmm_options_destroy(copy);
    if (!status)
        status = diffmm__work_plan(dataset, &settings, &work);
    if (status)
        return status;
    diffmm_forecast forecast = {
        .struct_size = sizeof forecast,
        .straight_flops = diffmm__straight_flops(&work),
        .peak_bytes = diffmm__peak_bytes(&work, diffmm_context_threads(dataset->context))};
    for (int phase = 0; phase < 4; phase++)
        forecast.flops[phase] = diffmm__phase_flops(&work, (diffmm_phase)phase);
    return diffmm__struct_write(out, &diffmm__layout_forecast, &forecast, "out");
}
