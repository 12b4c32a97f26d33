/* SPDX-License-Identifier: BSD-2-Clause */
/* What lays out a handle's memory also measures it (base/memory.h); a test holds the sum against
 * what a counting allocator sees. */
#include "train/plan/peak_memory.h"

#include <math.h>

#include "base/memory.h"
#include "base/sizes.h"
#include "evaluation/evaluation.h"
#include "graph/graph.h"
#include "model/blend.h"
#include "model/workspace.h"
#include "module/module.h"
#include "train/averaging.h"
#include "train/bases.h"
#include "train/best.h"
#include "train/denoisers.h"
#include "train/diffusion_measures.h"
#include "train/graphs.h"
#include "train/sampler.h"

/* BLIS keeps packing buffers per thread, and the process has its code, stacks and small blocks. */
enum { blis_per_thread = 9 << 20, process = 10 << 20 };

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

/* Numbers of one copy of the recommender, with the embeddings of some users: both embeddings,
 * projections, logits. */
static size_t recommender(const struct diffmm__plan *plan, size_t users)
{
    return (users + plan->items + plan->dimensions + plan->modalities) * plan->d + plan->modalities;
}

static size_t blend_bytes(const struct diffmm__plan *plan)
{
    struct diffmm__blend_shape shape = diffmm__plan_blend(plan);
    shape.users = plan->kept_users;
    return plan->width > plan->d ? diffmm__blend_bytes(&shape) : 0;
}

/* Parameters with gradient and moments, names of tensors, final embeddings, loaded features,
 * workspace. */
static size_t model_bytes(const struct diffmm__plan *plan)
{
    enum { of_each_tensor = 256 };
    const struct diffmm__settings *s = plan->settings;
    size_t module = s->diffusion_enabled ? diffmm__module_bytes(&plan->denoiser_loss.layers, s) : 0;
    struct diffmm__workspace_shape shape = {.users = plan->users,
                                            .batch_users = plan->batch_users,
                                            .kept_users = plan->kept_users,
                                            .items = plan->items,
                                            .d = plan->d,
                                            .modalities = plan->modalities,
                                            .widest = plan->widest,
                                            .stored = plan->stored,
                                            .terms = plan->terms,
                                            .batch = s->batch,
                                            .negatives = s->negatives,
                                            .shared = s->peers_batches};
    size_t elsewhere = s->diffusion_enabled
                           ? diffmm__size_product(2 * (plan->modalities - plan->moments),
                                                  floats(plan->denoiser_loss.layers.size, 1))
                           : 0; /* moments that another peer has */
    const size_t parts[] = {
        diffmm__size_product(3, floats(recommender(plan, plan->kept_users), 1)),
        floats(recommender(plan, plan->batch_users), 1),
        diffmm__size_product(plan->modalities, module) - elsewhere,
        diffmm__size_product((plan->modalities + 1) * (8 + 4 * s->hidden_count), of_each_tensor),
        floats(plan->kept_users + plan->items, plan->d),
        floats(plan->items, plan->loaded),
        blend_bytes(plan),
        diffmm__workspace_bytes(&shape)};
    return sum(sizeof parts / sizeof *parts, parts);
}

/* The copy of the best epoch: its recommender, final embeddings, V and every Xn_m; with a
 * blend, the users' rows that are served. */
static size_t best_bytes(const struct diffmm__plan *plan)
{
    size_t nodes = plan->kept_users + plan->items;
    size_t served = plan->width > plan->d ? plan->kept_users * plan->width : 0;
    return diffmm__best_bytes(recommender(plan, plan->kept_users) + served +
                                  (2 * nodes + plan->modalities * plan->items) * plan->d,
                              plan->settings->cutoff_count);
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
static size_t graph_bytes(const struct diffmm__plan *plan)
{
    const struct diffmm__settings *s = plan->settings;
    size_t nodes = plan->users + plan->items, count = plan->modalities;
    size_t adjacency = 2 * plan->pairs + nodes, generated = 2 * plan->generated_edges + nodes;
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

size_t diffmm__peak_memory_allocated(const struct diffmm__plan *plan, size_t threads)
{
    const struct diffmm__settings *s = plan->settings;
    /* All users' embeddings are drawn, before a peer forgets those of others. */
    const size_t made[] = {plan->held_bytes, model_bytes(plan),
                           floats(plan->users - plan->kept_users, plan->d),
                           diffmm__bases_bytes(plan), small_blocks};
    const size_t parts[] = {plan->held_bytes,
                            model_bytes(plan),
                            best_bytes(plan),
                            diffmm__averaging_bytes(s, recommender(plan, plan->kept_users)),
                            graph_bytes(plan),
                            diffmm__pairs_bytes(plan->pairs),
                            diffmm__evaluation_bytes(plan->active_users, plan->items, plan->width,
                                                     s->cutoff_count, s->cutoffs, threads),
                            s->diffusion_enabled ? diffmm__denoisers_bytes(plan, threads) : 0,
                            diffmm__graphs_bytes(plan),
                            diffmm__diffusion_measures_bytes(plan, threads),
                            small_blocks};
    /* Bases are computed when the model is there, but not yet what epochs take. */
    size_t creating = sum(sizeof made / sizeof *made, made),
           training = sum(sizeof parts / sizeof *parts, parts);
    return creating > training ? creating : training;
}

size_t diffmm__peak_memory(const struct diffmm__plan *plan, size_t threads)
{
    return diffmm__size_sum(
        diffmm__peak_memory_allocated(plan, threads),
        diffmm__size_sum(diffmm__size_product(threads, blis_per_thread), process));
}
