/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape of a training's epochs, from data set and settings alone: what FLOPs and memory are
 * forecast from, and what the phases take their memory by. */
#ifndef DIFFMM_TRAIN_PLAN_EPOCH_PLAN_H
#define DIFFMM_TRAIN_PLAN_EPOCH_PLAN_H

#include "dataset/dataset.h"
#include "diffusion/denoiser_loss.h"
#include "diffusion/generate_neighbors.h"
#include "model/blend.h"
#include "model/terms.h"
#include "options/settings.h"
#include "train/plan/measured_users.h"

struct diffmm__plan {
    const struct diffmm__settings *settings;
    struct diffmm__terms terms; /* weights of the objective's terms */
    size_t users, items, d, modalities;
    /* Whose rows a peer writes to in batches, whose it keeps, and how many denoisers' moments it has:
     * without peers, all. */
    size_t batch_users, kept_users, moments;
    size_t width;        /* of the rows that rank: d, or wider with a blend (model/blend.h) */
    size_t dimensions;   /* raw features of an item, all modalities together */
    size_t widest;       /* raw features of the widest modality */
    size_t packed;       /* the same of those whose rows do not follow one another in memory */
    size_t stored;       /* the same of those that stay in a mapped file, and are converted */
    size_t pairs;        /* training pairs */
    size_t held_pairs;   /* validation and test pairs */
    size_t ranked_users; /* users that are evaluated on one split */
    size_t active_users; /* on either */
    size_t held_bytes;   /* what the data set holds */
    size_t loaded;       /* raw features of an item that a loader fills into the model's memory */
    size_t generated_edges; /* user-item pairs of each modality's generated graph */
    double adjacency_entries;
    double generated_entries; /* of all modalities' graphs together, after edge dropout: expected */
    /* Only with diffusion: */
    struct diffmm__loss_plan denoiser_loss;
    struct diffmm__generation generation;
    struct diffmm__measured_users measured;
    struct diffmm__generation judging; /* of the users that denoisers are measured on, if any */
};

/* How many neighbours a user gets: rebuild_k, or as many items as the user does not have. */
size_t diffmm__epoch_plan_neighbors(const struct diffmm__settings *settings,
                                    const struct diffmm__csr *train, size_t user);

/* The settings of a training on the data set, with what fits them to it
 * (diffmm__settings_fit()). */
diffmm_status diffmm__epoch_plan_settings(const diffmm_dataset *dataset,
                                          const diffmm_options *options,
                                          struct diffmm__settings *out);

/* The plan for a sealed data set and options, whose settings it borrows. */
diffmm_status diffmm__epoch_plan(const diffmm_dataset *dataset, const diffmm_options *options,
                                 const struct diffmm__settings *settings, struct diffmm__plan *out);

/* Counts the layers of the denoisers as adding nothing to their linear part, or not. */
void diffmm__epoch_plan_silence(struct diffmm__plan *plan, bool silent);

/* The shape of its blend, where width is above d. */
static inline struct diffmm__blend_shape diffmm__plan_blend(const struct diffmm__plan *plan)
{
    return (struct diffmm__blend_shape){.users = plan->users,
                                        .items = plan->items,
                                        .d = plan->d,
                                        .modalities = plan->modalities,
                                        .layers = &plan->denoiser_loss.layers};
}

#endif
