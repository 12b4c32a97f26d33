/* SPDX-License-Identifier: BSD-2-Clause */
/* FLOPs of matrix products (dense and sparse) of one epoch, counted from shapes. Elementwise work
 * is not counted; nor are layers of denoisers that do not learn and add nothing to a linear part.
 * The naive strategy computes every formula as it stands: both passes of the denoiser with its full
 * output, T denoiser passes per user in the reverse chain, 2 M + L sparse products in the main view,
 * InfoNCE for each pair of a batch. */
#include "train/plan/flops.h"

/* A pass over all users: all batches of all modalities, by the strategy chosen or by the direct one. */
static double denoising(const struct diffmm__plan *plan,
                        double (*of_batch)(const struct diffmm__loss_plan *, size_t))
{
    size_t batch = plan->denoiser_loss.rows;
    double flops = (double)(plan->users / batch) * of_batch(&plan->denoiser_loss, batch);
    if (plan->users % batch)
        flops += of_batch(&plan->denoiser_loss, plan->users % batch);
    flops += diffmm__denoiser_loss_prepare_flops(&plan->denoiser_loss);
    return (double)plan->modalities * flops;
}

/* One forward pass up to the final embeddings, with `products` products with A_hat. */
static double forward(const struct diffmm__plan *plan, double products)
{
    double d = (double)plan->d;
    return 2.0 * d * (products * plan->adjacency_entries + plan->generated_entries) +
           2.0 * (double)plan->items * (double)plan->dimensions * d;
}

/* The contrastive views of one batch, forward; view fusion mixes a part of A_hat into each. */
static double views(const struct diffmm__plan *plan)
{
    const struct diffmm__settings *s = plan->settings;
    if (!diffmm__terms_need_views(&plan->terms))
        return 0.0;
    double products = (double)s->layers;
    if (s->diffusion_enabled && s->fusion_ratio > 0.0)
        products += s->keep_rate;
    products *= (double)plan->modalities;
    return 2.0 * (double)plan->d * (plan->generated_entries + products * plan->adjacency_entries);
}

/* The terms of the objective, of all batches, by the naive strategy. */
static double naive_terms(const struct diffmm__plan *plan)
{
    struct diffmm__term_shape shape = {.users = plan->users,
                                       .items = plan->items,
                                       .d = plan->d,
                                       .modalities = plan->modalities,
                                       .batch = plan->settings->batch,
                                       .pairs = plan->pairs,
                                       .negatives = plan->settings->negatives};
    return diffmm__terms_naive_flops(&plan->terms, plan->settings, &shape);
}

/* A backward pass costs what its forward pass does: the sparse products' transposes, and of each
 * projection one product (features need no gradient). */
static double recommending(const struct diffmm__plan *plan, double products, double terms)
{
    size_t batch = plan->settings->batch, batches = (plan->pairs + batch - 1) / batch;
    return (double)batches * 2.0 * (forward(plan, products) + views(plan)) + terms;
}

/* Ranking the users that a denoiser is measured on. */
static double judging(const struct diffmm__plan *plan,
                      double (*of_users)(const struct diffmm__generation *))
{
    return plan->measured.judged > 0 ? of_users(&plan->judging) : 0.0;
}

/* A blend takes the chains of the epoch's generating where these draw no noise. */
static double blending(const struct diffmm__plan *plan, const struct diffmm__cadence *cadence)
{
    const struct diffmm__settings *s = plan->settings;
    struct diffmm__blend_shape blend = diffmm__plan_blend(plan);
    bool noise = s->sampling_steps > 0 || s->sampling_noise;
    return plan->width > plan->d
               ? diffmm__blend_flops(&blend, s->steps, noise ? 1.0 : 1.0 - cadence->generations)
               : 0.0;
}

static double evaluating(const struct diffmm__plan *plan, const struct diffmm__cadence *cadence)
{
    return forward(plan, (double)plan->settings->layers + 2.0) + blending(plan, cadence) +
           2.0 * (double)plan->ranked_users * (double)plan->items * (double)plan->width;
}

double diffmm__flops_of_phase(const struct diffmm__plan *plan,
                              const struct diffmm__cadence *cadence, diffmm_phase phase,
                              double measured)
{
    bool diffusion = plan->settings->diffusion_enabled;
    double terms = measured > 0.0 ? measured : naive_terms(plan), m = (double)plan->modalities;
    switch (phase) {
    case DIFFMM_PHASE_DENOISE:
        return diffusion ? cadence->passes * denoising(plan, diffmm__denoiser_loss_flops) : 0.0;
    case DIFFMM_PHASE_GENERATE:
        return diffusion ? cadence->generations * m *
                               (diffmm__generation_flops(&plan->generation) +
                                judging(plan, diffmm__generation_flops))
                         : 0.0;
    case DIFFMM_PHASE_RECOMMEND:
        return recommending(plan, (double)plan->settings->layers + 2.0, terms);
    case DIFFMM_PHASE_EVALUATE: return evaluating(plan, cadence);
    }
    return 0.0;
}

double diffmm__flops_naive(const struct diffmm__plan *plan, const struct diffmm__cadence *cadence)
{
    double m = (double)plan->modalities, flops = 0.0;
    if (plan->settings->diffusion_enabled)
        flops = cadence->passes * denoising(plan, diffmm__denoiser_loss_naive_flops) +
                cadence->generations * m *
                    (diffmm__generation_naive_flops(&plan->generation) +
                     judging(plan, diffmm__generation_naive_flops));
    return flops + recommending(plan, 2.0 * m + (double)plan->settings->layers, naive_terms(plan)) +
           evaluating(plan, cadence);
}
