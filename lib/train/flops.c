/* SPDX-License-Identifier: BSD-2-Clause */
/* FLOPs of matrix products (dense and sparse) of one epoch, counted from shapes. Elementwise work is not
 * counted. The straightforward way computes every formula as it stands: both passes of the denoiser
 * with its full output, T denoiser passes per user in the reverse chain, 2 M + L sparse products in
 * the main view. */
#include "graph/graph.h"
#include "train/trainer.h"

/* All batches of all modalities, by the way taken or the direct one. */
static double denoiser_training(const diffmm_trainer *trainer,
                                double (*of_batch)(const struct diffmm__objective *, size_t))
{
    const struct diffmm__objective *objective = &trainer->diffusion.objective;
    size_t users = trainer->model->users, batch = objective->rows;
    double flops = (double)(users / batch) * of_batch(objective, batch);
    if (users % batch)
        flops += of_batch(objective, users % batch);
    return (double)trainer->model->modality_count * flops;
}

/* A sparse product with a node matrix. */
static double sparse(const diffmm_model *model, const diffmm_graph *graph)
{
    return 2.0 * (double)model->d * (double)diffmm_graph_entries(graph);
}

/* One forward pass up to the final embeddings, with `main_products` products with A_hat. */
static double forward(const diffmm_model *model, double main_products)
{
    double flops = main_products * sparse(model, model->adjacency);
    for (size_t m = 0; m < model->modality_count; m++)
        flops += sparse(model, model->modalities[m].graph) +
                 2.0 * (double)model->items * (double)model->modalities[m].dimensions *
                     (double)model->d;
    return flops;
}

/* Every InfoNCE with each pair of a batch on its own. */
static double straight_contrastive(const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    double m = (double)model->modality_count;
    double contrasts = s->anchor == DIFFMM_ANCHOR_MAIN ? m : m * (m - 1.0) / 2.0;
    return s->contrastive_enabled ? contrasts * 6.0 * (double)trainer->pairs.count *
                                        (double)(model->users + model->items) * (double)model->d
                                  : 0.0;
}

/* The contrastive views of one batch, forward. */
static double views(const diffmm_model *model)
{
    double flops = 0.0, layers = (double)model->settings.layers;
    for (size_t m = 0; m < model->modality_count && model->settings.contrastive_enabled; m++)
        flops += sparse(model, model->modalities[m].graph) +
                 layers * sparse(model, model->adjacency);
    return flops;
}

/* A backward pass costs what its forward pass does: the sparse products' transposes, and of each
 * projection one product (features need no gradient). */
static double recommender(const diffmm_trainer *trainer, double main_products, double contrastive)
{
    const diffmm_model *model = trainer->model;
    size_t batch = model->settings.batch, batches = (trainer->pairs.count + batch - 1) / batch;
    return (double)batches * 2.0 * (forward(model, main_products) + views(model)) + contrastive;
}

static double evaluation(const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    size_t valid = trainer->valid[0].users, test = trainer->test[0].users;
    size_t users = valid > test ? valid : test;
    return forward(model, (double)model->settings.layers + 2.0) +
           2.0 * (double)users * (double)model->items * (double)model->d;
}

double diffmm__phase_flops(const diffmm_trainer *trainer, diffmm_phase phase)
{
    const diffmm_model *model = trainer->model;
    bool diffusion = model->settings.diffusion_enabled;
    switch (phase) {
    case DIFFMM_PHASE_DENOISE: 
        return diffusion ? denoiser_training(trainer, diffmm__objective_flops) : 0.0;
    case DIFFMM_PHASE_GENERATE:
        return diffusion ? (double)model->modality_count *
                               diffmm__generator_flops(trainer->diffusion.generator)
                         : 0.0;
    case DIFFMM_PHASE_RECOMMEND:
        return recommender(trainer, (double)model->settings.layers + 2.0,
                           trainer->contrastive_flops);
    case DIFFMM_PHASE_EVALUATE: return evaluation(trainer);
    }
    return 0.0;
}

double diffmm__straight_flops(const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    double m = (double)model->modality_count, flops = 0.0;
    if (model->settings.diffusion_enabled)
        flops = denoiser_training(trainer, diffmm__objective_direct_flops) +
                m * diffmm__generator_straight_flops(trainer->diffusion.generator);
    return flops +
           recommender(trainer, 2.0 * m + (double)model->settings.layers,
                       straight_contrastive(trainer)) +
           evaluation(trainer);
}
