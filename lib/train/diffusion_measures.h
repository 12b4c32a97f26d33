/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trainer tells of its diffusion in each epoch that generates graphs (the option `measure`).
 * Nothing here changes what is trained. */
#ifndef DIFFMM_TRAIN_DIFFUSION_MEASURES_H
#define DIFFMM_TRAIN_DIFFUSION_MEASURES_H

#include "evaluation/denoiser_measures.h"
#include "evaluation/graph_measures.h"
#include "model/model.h"
#include "train/plan/epoch_plan.h"

/* All zero measures nothing and holds nothing. */
struct diffmm__diffusion_measures {
    struct diffmm__arena arena;
    struct diffmm__measured_users users;
    int32_t *sampled, *judged; /* their numbers */
    struct diffmm__popularity popularity;
    struct diffmm__centred_features *features; /* M */
    struct diffmm__graph_measuring graph;
    struct diffmm__denoiser_measuring denoiser;
    int32_t *previous;  /* M x sampled x rebuild_k: the neighbours measured last */
    bool *has_previous; /* M */
};

diffmm_status diffmm__diffusion_measures_begin(const diffmm_model *model,
                                               const struct diffmm__plan *plan,
                                               struct diffmm__diffusion_measures *out);
/* What diffmm__diffusion_measures_begin() keeps. */
size_t diffmm__diffusion_measures_bytes(const struct diffmm__plan *plan, size_t threads);
void diffmm__diffusion_measures_end(struct diffmm__diffusion_measures *measures, size_t modalities);

/* Measures the graph of modality m in epoch `epoch`, users x rebuild_k neighbours of which each
 * user's ascend; and the denoiser that generated them, for which `generator` is prepared still, where
 * the settings say so. Tells the log. */
void diffmm__diffusion_measures_take(struct diffmm__diffusion_measures *measures,
                                     const diffmm_model *model, size_t epoch, size_t m,
                                     const struct diffmm__generator *generator,
                                     const int32_t *neighbors, diffmm_graph_measures *graph,
                                     diffmm_denoiser_measures *denoiser);

/* The neighbours of modality m become those that its next graph is compared with. */
void diffmm__diffusion_measures_keep(struct diffmm__diffusion_measures *measures, size_t m,
                                     const int32_t *neighbors);

#endif
