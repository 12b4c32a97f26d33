/* SPDX-License-Identifier: BSD-2-Clause */
/* FLOPs of matrix products (dense and sparse) of one epoch, counted from shapes. Elementwise work is not
 * counted. The straightforward way computes every formula as it stands: both passes of the denoiser
 * with its full output, T denoiser passes per user in the reverse chain, 2 M + L sparse products in
 * the main view. */
#include "graph/graph.h"
#include "train/trainer.h"

/* Forward, both gradients of every layer but the first's input, and the MSI term's two products. */
static double denoiser_training(const diffmm_trainer *trainer)
{
    const struct diffmm__diffusion_workspace *w = &trainer->diffusion;
    const diffmm_model *model = trainer->model;
    double users = (double)model->users, forward = diffmm__denoiser_flops(&w->layers, model->users);
    double first = 2.0 * users * (double)w->layers.layer[1].inputs *
                   (double)w->layers.layer[1].outputs;
    double msi = model->settings.msi
                     ? 4.0 * users * (double)model->items * (double)model->d
                     : 0.0;
    return (double)model->modality_count * (3.0 * forward - first + msi);
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

static double contrastive(const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    const struct diffmm__settings *s = &model->settings;
    if (!s->contrastive_enabled)
        return 0.0;
    double m = (double)model->modality_count, layers = (double)s->layers;
    double contrasts = s->anchor == DIFFMM_ANCHOR_MAIN ? m : m * (m - 1.0) / 2.0;
    double nodes = (double)(model->users + model->items), d = (double)model->d;
    size_t batches = (trainer->pairs.count + s->batch - 1) / s->batch;
    double views = 0.0;
    for (size_t i = 0; i < model->modality_count; i++)
        views += 2.0 * (sparse(model, model->modalities[i].graph) +
                        layers * sparse(model, model->adjacency));
    return contrasts * 6.0 * (double)trainer->pairs.count * nodes * d + (double)batches * views;
}

/* A backward pass costs what its forward pass does: the sparse products' transposes, and of each
 * projection one product (features need no gradient). */
static double recommender(const diffmm_trainer *trainer, double main_products)
{
    const diffmm_model *model = trainer->model;
    size_t batch = model->settings.batch, batches = (trainer->pairs.count + batch - 1) / batch;
    return (double)batches * 2.0 * forward(model, main_products) + contrastive(trainer);
}

static double evaluation(const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    size_t users = trainer->report.valid && trainer->report.test
                       ? (trainer->valid[0].users > trainer->test[0].users ? trainer->valid[0].users
                                                                           : trainer->test[0].users)
                       : model->users;
    return forward(model, (double)model->settings.layers + 2.0) +
           2.0 * (double)users * (double)model->items * (double)model->d;
}

double diffmm__phase_flops(const diffmm_trainer *trainer, diffmm_phase phase)
{
    const diffmm_model *model = trainer->model;
    bool diffusion = model->settings.diffusion_enabled;
    switch (phase) {
    case DIFFMM_PHASE_DENOISE: return diffusion ? denoiser_training(trainer) : 0.0;
    case DIFFMM_PHASE_GENERATE:
        return diffusion ? (double)model->modality_count *
                               diffmm__generator_flops(trainer->diffusion.generator)
                         : 0.0;
    case DIFFMM_PHASE_RECOMMEND:
        return recommender(trainer, (double)model->settings.layers + 2.0);
    case DIFFMM_PHASE_EVALUATE: return evaluation(trainer);
    }
    return 0.0;
}

double diffmm__straight_flops(const diffmm_trainer *trainer)
{
    const diffmm_model *model = trainer->model;
    double m = (double)model->modality_count, flops = 0.0;
    if (model->settings.diffusion_enabled)
        flops = denoiser_training(trainer) +
                m * diffmm__generator_straight_flops(trainer->diffusion.generator);
    return flops + recommender(trainer, 2.0 * m + (double)model->settings.layers) +
           evaluation(trainer);
}
