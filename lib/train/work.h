/* SPDX-License-Identifier: BSD-2-Clause */
/* How much an epoch computes and how much memory training takes, from shapes and settings alone. */
#ifndef DIFFMM_TRAIN_WORK_H
#define DIFFMM_TRAIN_WORK_H

#include <diffmm/trainer.h>

#include "diffusion/generate.h"
#include "diffusion/objective.h"
#include "model/model.h"

/* The shape of an epoch. */
struct diffmm__work {
    const struct diffmm__settings *settings;
    size_t users, items, d, modalities;
    size_t dimensions;   /* raw features of an item, all modalities together */
    size_t widest;       /* raw features of the widest modality */
    size_t pairs;        /* training pairs */
    size_t held_pairs;   /* validation and test pairs */
    size_t ranked_users; /* users that are evaluated on one split */
    size_t active_users; /* on either */
    size_t held_bytes;   /* what the data set holds */
    size_t loaded;       /* raw features of an item that a loader fills into the model's memory */
    double adjacency_entries;
    double generated_entries;           /* of all modalities' graphs together, after edge dropout */
    double contrastive_flops;           /* measured, or straight_contrastive as a bound */
    struct diffmm__objective objective; /* planned; and these two only with diffusion */
    struct diffmm__generation generation;
};

/* Fill in everything from a sealed data set and settings; expectations where draws decide. */
diffmm_status diffmm__work_plan(const diffmm_dataset *dataset,
                                const struct diffmm__settings *settings, struct diffmm__work *out);

double diffmm__phase_flops(const struct diffmm__work *work, diffmm_phase phase);
double diffmm__straight_flops(const struct diffmm__work *work);

/* The most that data set and trainer take from the context's allocator at once, with `threads`
 * threads; and peak bytes, which are these and what does not come from it: code, stacks, the matrix
 * library. */
size_t diffmm__allocated_peak(const struct diffmm__work *work, size_t threads);
size_t diffmm__peak_bytes(const struct diffmm__work *work, size_t threads);

/* What diffmm__diffusion_workspace_create will allocate. */
size_t diffmm__diffusion_workspace_bytes(const struct diffmm__work *work, size_t threads);

#endif
