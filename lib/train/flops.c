/* SPDX-License-Identifier: BSD-2-Clause */
/* FLOPs of matrix products (dense and sparse) of one epoch, counted from shapes. Elementwise work
 * is not counted. The straightforward way computes every formula as it stands: both passes of the
 * denoiser with its full output, T denoiser passes per user in the reverse chain, 2 M + L sparse
 * products in the main view, InfoNCE for each pair of a batch. */
#include "train/work.h"

/* All batches of all modalities, by the way taken or the direct one. */
static double denoising(const struct diffmm__work *w,
                        double (*of_batch)(const struct diffmm__objective *, size_t))
{
    size_t batch = w->objective.rows;
    double flops = (double)(w->users / batch) * of_batch(&w->objective, batch);
    if (w->users % batch)
        flops += of_batch(&w->objective, w->users % batch);
    return (double)w->modalities * flops;
}

/* One forward pass up to the final embeddings, with `products` products with A_hat. */
static double forward(const struct diffmm__work *w, double products)
{
    double d = (double)w->d;
    return 2.0 * d * (products * w->adjacency_entries + w->generated_entries) +
           2.0 * (double)w->items * (double)w->dimensions * d;
}

/* The contrastive views of one batch, forward; view fusion mixes a part of A_hat into each. */
static double views(const struct diffmm__work *w)
{
    const struct diffmm__settings *s = w->settings;
    if (!s->contrastive_enabled)
        return 0.0;
    double products = (double)s->layers;
    if (s->diffusion_enabled && s->fusion_ratio > 0.0)
        products += s->keep_rate;
    products *= (double)w->modalities;
    return 2.0 * (double)w->d * (w->generated_entries + products * w->adjacency_entries);
}

static double straight_contrastive(const struct diffmm__work *w)
{
    double m = (double)w->modalities;
    double contrasts = w->settings->anchor == DIFFMM_ANCHOR_MAIN ? m : m * (m - 1.0) / 2.0;
    return w->settings->contrastive_enabled
               ? contrasts * 6.0 * (double)w->pairs * (double)(w->users + w->items) * (double)w->d
               : 0.0;
}

/* A backward pass costs what its forward pass does: the sparse products' transposes, and of each
 * projection one product (features need no gradient). */
static double recommending(const struct diffmm__work *w, double products, double contrastive)
{
    size_t batch = w->settings->batch, batches = (w->pairs + batch - 1) / batch;
    return (double)batches * 2.0 * (forward(w, products) + views(w)) + contrastive;
}

static double evaluating(const struct diffmm__work *w)
{
    return forward(w, (double)w->settings->layers + 2.0) +
           2.0 * (double)w->ranked_users * (double)w->items * (double)w->d;
}

double diffmm__phase_flops(const struct diffmm__work *w, diffmm_phase phase)
{
    bool diffusion = w->settings->diffusion_enabled;
    double contrastive =
        w->contrastive_flops > 0.0 ? w->contrastive_flops : straight_contrastive(w);
    switch (phase) {
    case DIFFMM_PHASE_DENOISE: return diffusion ? denoising(w, diffmm__objective_flops) : 0.0;
    case DIFFMM_PHASE_GENERATE:
        return diffusion ? (double)w->modalities * diffmm__generation_flops(&w->generation) : 0.0;
    case DIFFMM_PHASE_RECOMMEND:
        return recommending(w, (double)w->settings->layers + 2.0, contrastive);
    case DIFFMM_PHASE_EVALUATE: return evaluating(w);
    }
    return 0.0;
}

double diffmm__straight_flops(const struct diffmm__work *w)
{
    double m = (double)w->modalities, flops = 0.0;
    if (w->settings->diffusion_enabled)
        flops = denoising(w, diffmm__objective_direct_flops) +
                m * diffmm__generation_straight_flops(&w->generation);
    return flops + recommending(w, 2.0 * m + (double)w->settings->layers, straight_contrastive(w)) +
           evaluating(w);
}
