/* SPDX-License-Identifier: BSD-2-Clause */
/* What folding in takes of the spectral denoisers of a blend (serve/fold_in_blend.h has the formula):
 * how rows are weighted, what a denoiser computes in its coordinates, and how far scores spread over
 * all items. The items' rows of the bases are no part of it: they are columns of the rows that rank. */
#ifndef DIFFMM_MODEL_BLEND_STATE_H
#define DIFFMM_MODEL_BLEND_STATE_H

#include "diffusion/reverse_chain.h"
#include "model/model.h"

struct diffmm__blend_modality {
    const float *weights;    /* items + 1: w_i, then user_offset (diffusion/basis.h); or NULL */
    const float *linear;     /* rank x rank, or NULL */
    const float *parameters; /* of the layers; NULL: they add nothing to the linear part */
    const float *covariance; /* rank x rank: of the items' columns of this modality */
};

/* Arrays are borrowed or held by the arena. */
struct diffmm__blend_state {
    struct diffmm__arena arena; /* holds this struct */
    size_t modality_count, d, items;
    double weight; /* diffusion.blend */
    uint64_t seed; /* of the chains' noise */
    struct diffmm__sampling sampling;
    struct diffmm__layers layers; /* of each denoiser; layers.items is the rank */
    diffmm_schedule *schedule;
    const float *covariance; /* d x d: of the items' columns of the recommender */
    struct diffmm__blend_modality *modality;
};

/* A state whose arrays, none so far, and schedule the caller fills in. The settings are those of the
 * model, whose denoisers have the rank. */
diffmm_status diffmm__blend_state_create(const diffmm_context *context,
                                         const struct diffmm__settings *settings,
                                         size_t modality_count, size_t rank, size_t d, size_t items,
                                         struct diffmm__blend_state **out);
void diffmm__blend_state_destroy(struct diffmm__blend_state *state);

/* The state of a model with a blend, which has been filled. It borrows from the model. */
diffmm_status diffmm__blend_state_of_model(const diffmm_model *model,
                                           struct diffmm__blend_state **out);

/* A copy that borrows nothing, with `more` items that nobody has touched: they have the weight of the
 * rarest items, and the spread of scores stays that over the items of training. */
diffmm_status diffmm__blend_state_extend(const diffmm_context *context,
                                         const struct diffmm__blend_state *from, size_t more,
                                         struct diffmm__blend_state **out);

#endif
