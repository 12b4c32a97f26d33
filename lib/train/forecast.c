/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of training, from shapes. What lays out a handle's memory also measures it
 * (base/memory.h); a test holds the sum against what a counting allocator sees. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "dataset/seal.h"
#include "graph/graph.h"
#include "model/workspace.h"
#include "recommend/evaluate.h"
#include "train/best.h"
#include "train/sampler.h"
#include "train/work.h"

/* BLIS keeps packing buffers per thread, and the process has its code, stacks and small blocks. */
enum { blis_per_thread = 9 << 20, process = 10 << 20 };

static void count_held_users(const diffmm_dataset *dataset, struct diffmm__work *w)
{
    size_t users[2] = {0};
    for (size_t u = 0; u < dataset->catalog->users; u++) {
        bool held[2];
        for (size_t split = 0; split < 2; split++) {
            const int64_t *pointers = dataset->held[split].pointers;
            held[split] = pointers[u + 1] > pointers[u];
            users[split] += held[split];
        }
        w->active_users += held[0] || held[1];
    }
    w->ranked_users = users[0] > users[1] ? users[0] : users[1];
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
                                 .held_bytes = diffmm__dataset_bytes(dataset)};
    count_held_users(dataset, out);
    for (size_t split = 0; split < 2; split++)
        out->held_pairs += (size_t)dataset->held[split].pointers[catalog->users];
    for (size_t m = 0; m < dataset->modality_count; m++) {
        out->dimensions += dataset->modalities[m].dimensions;
        if (dataset->modalities[m].dimensions > out->widest)
            out->widest = dataset->modalities[m].dimensions;
        if (!dataset->modalities[m].features)
            out->loaded += dataset->modalities[m].dimensions;
    }
    plan_graphs(dataset, out);
    if (!settings->diffusion_enabled)
        return DIFFMM_OK;
    struct diffmm__layers layers;
    diffmm_status status = diffmm__module_layers(out->items, settings, &layers);
    if (status)
        return status;
    struct diffmm__sampling sampling = diffmm__module_sampling(settings);
    diffmm__objective_plan(&layers, settings->batch < out->users ? settings->batch : out->users,
                           settings->msi ? out->d : 0, DIFFMM__OBJECTIVE_CHEAPEST, &out->objective);
    diffmm__generation_plan(&layers, settings->steps, &sampling, out->users, settings->rebuild_k,
                            &out->generation);
    return DIFFMM_OK;
}

static size_t sum(size_t count, const size_t *parts)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total = diffmm__size_sum(total, parts[i]);
    return total;
}

static size_t floats(size_t rows, size_t columns)
{
    return diffmm__allocation_bytes(diffmm__size_product(rows, columns), sizeof(float));
}

/* Numbers of one copy of the recommender: both embeddings, projections, logits. */
static size_t recommender(const struct diffmm__work *w)
{
    return (w->users + w->items + w->dimensions + w->modalities) * w->d + w->modalities;
}

/* Parameters with gradient and moments, names of tensors, final embeddings, loaded features,
 * workspace. */
static size_t model_bytes(const struct diffmm__work *w)
{
    enum { of_each_tensor = 256 };
    const struct diffmm__settings *s = w->settings;
    size_t module = s->diffusion_enabled ? diffmm__module_bytes(&w->objective.pass.layers, s) : 0;
    struct diffmm__workspace_shape shape = {.users = w->users,
                                            .items = w->items,
                                            .d = w->d,
                                            .modalities = w->modalities,
                                            .widest = w->widest,
                                            .contrastive_batch =
                                                s->contrastive_enabled ? s->batch : 0};
    const size_t parts[] = {
        diffmm__size_product(4, floats(recommender(w), 1)),
        diffmm__size_product(w->modalities, module),
        diffmm__size_product((w->modalities + 1) * (8 + 4 * s->hidden_count), of_each_tensor),
        floats(w->users + w->items, w->d),
        floats(w->items, w->loaded),
        diffmm__workspace_bytes(&shape)};
    return sum(sizeof parts / sizeof *parts, parts);
}

/* Of the best epoch: its recommender, final embeddings, V and every Xn_m. */
static size_t best_bytes(const struct diffmm__work *w)
{
    size_t nodes = w->users + w->items;
    return diffmm__best_bytes(recommender(w) + (2 * nodes + w->modalities * w->items) * w->d,
                              w->settings->cutoff_count);
}

/* How many of so many entries are kept at the most: the expected number and eight deviations. */
static size_t most_kept(size_t entries, double keep_rate)
{
    double n = (double)entries, deviation = sqrt(n * keep_rate * (1.0 - keep_rate));
    double most = ceil(n * keep_rate + 8.0 * deviation + 8.0);
    return most < n ? (size_t)most : entries;
}

/* A_hat; then what an epoch takes for its graphs when it begins, beside the graphs of the epoch
 * before, or those of self loops in the first one. */
static size_t graph_bytes(const struct diffmm__work *w)
{
    const struct diffmm__settings *s = w->settings;
    size_t nodes = w->users + w->items, count = w->modalities;
    size_t adjacency = 2 * w->pairs + nodes, generated = 2 * w->users * s->rebuild_k + nodes;
    size_t shared = 0, taken = 0, standing = 0; /* shared: by all modalities */
    bool drops = s->keep_rate < 1.0;
    if (s->diffusion_enabled) {
        size_t whole = diffmm__graph_bytes(nodes, generated, true);
        if (drops)
            shared = whole;
        else
            taken = standing = whole;
    }
    for (int observed = 0; observed < 2 && drops; observed++) {
        size_t entries = observed ? adjacency : generated;
        bool made =
            observed ? !s->diffusion_enabled || s->fusion_ratio > 0.0 : s->diffusion_enabled;
        if (!made)
            continue;
        size_t kept = diffmm__graph_bytes(nodes, most_kept(entries, s->keep_rate), false);
        standing = diffmm__size_sum(standing, kept);
        taken =
            diffmm__size_sum(taken, diffmm__size_sum(kept, diffmm__allocation_bytes(entries, 1)));
    }
    size_t loops = diffmm__graph_bytes(nodes, nodes, true);
    size_t before = s->epochs > 1 ? diffmm__size_product(count, standing) : 0;
    const size_t parts[] = {diffmm__graph_bytes(nodes, adjacency, true), shared,
                            diffmm__size_product(count, taken), before > loops ? before : loops};
    return sum(sizeof parts / sizeof *parts, parts);
}

/* Handles, names, settings, reports, and the lists of a checkpoint. */
enum { small_blocks = 64 << 10 };

size_t diffmm__allocated_peak(const struct diffmm__work *w, size_t threads)
{
    const struct diffmm__settings *s = w->settings;
    const size_t parts[] = {w->held_bytes,
                            model_bytes(w),
                            best_bytes(w),
                            graph_bytes(w),
                            diffmm__pairs_bytes(w->pairs),
                            diffmm__evaluation_bytes(w->active_users, w->items, w->d,
                                                     s->cutoff_count, s->cutoffs, threads),
                            s->diffusion_enabled ? diffmm__diffusion_workspace_bytes(w, threads)
                                                 : 0,
                            small_blocks};
    return sum(sizeof parts / sizeof *parts, parts);
}

size_t diffmm__peak_bytes(const struct diffmm__work *w, size_t threads)
{
    return diffmm__size_sum(
        diffmm__allocated_peak(w, threads),
        diffmm__size_sum(diffmm__size_product(threads, blis_per_thread), process));
}

diffmm_status diffmm_trainer_forecast(diffmm_dataset *dataset, const diffmm_options *options,
                                      diffmm_forecast *out)
{
    if (!dataset || !out)
        return diffmm__null(!dataset ? "dataset" : "out");
    struct diffmm__settings settings;
    struct diffmm__work work;
    diffmm_options *copy = NULL;
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
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
