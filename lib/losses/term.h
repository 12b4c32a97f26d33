/* SPDX-License-Identifier: BSD-2-Clause */
/* What a term of the recommender's objective is. The objective of a batch is the sum of the terms
 * in the table of model/terms.c, each times its weight. A term is one file: its value and its
 * gradient,
 * as a public function on plain arrays and as the function `evaluate` of its entry in the table. */
#ifndef DIFFMM_LOSSES_TERM_H
#define DIFFMM_LOSSES_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/memory.h"
#include "losses/share.h"
#include "options/settings.h"

/* What terms read, and the gradients that they add to. N = users + items nodes, users first. Where peers
 * share a batch, a node matrix has the rows of this peer's users and of all items. */
struct diffmm__term_batch {
    const diffmm_context *context;
    const struct diffmm__share *share; /* which rows there are */
    const struct diffmm__settings *settings;
    size_t users, items, d, modalities;
    size_t count; /* triples of the batch */
    const int32_t *user, *positive, *negative;
    uint64_t step;      /* steps taken before: what terms draw is a function of seed and step */
    float *embedding;   /* N x d: the learnt embeddings [E_U; E_I]; not changed (but see share.h) */
    const float *final; /* N x d: the main view */
    /* count x d: of the main view, the rows of the batch's users, whoever has them; NULL where they are
     * all in `final`. */
    const float *final_users;
    const float *const *views; /* per modality N x d, for terms that need views only */
    float *grad_embedding, *grad_final;
    float *const *grad_views;
    /* 1, or 0 for the first term that needs views: it overwrites grad_views, all rows that there are. */
    float keep_views;
};

/* What a term takes its scratch and counts its FLOPs by. */
struct diffmm__term_shape {
    size_t users, items, d, modalities;
    size_t batch;     /* triples of a batch at most */
    size_t pairs;     /* training pairs of an epoch; not needed for scratch */
    size_t negatives; /* contrastive.negatives */
};

struct diffmm__term {
    const char *name;
    const char *weight;  /* the option that weights the term; NULL: the weight is 1 */
    const char *enabled; /* the option that turns it on and off; NULL: a weight of 0 does */
    bool needs_views;

    /* The value times the weight; gradients, times the weight, are added. Fails only with peers. */
    diffmm_status (*evaluate)(const struct diffmm__term_batch *batch, double weight, void *scratch,
                              double *value);

    /* Takes scratch that lasts from batch to batch from an arena, with which it ends. NULL where a
     * term needs none. The result of an arena that only measures, or has failed, is not used. */
    void *(*take_scratch)(struct diffmm__arena *arena, const struct diffmm__term_shape *shape);

    /* FLOPs of matrix products: of an epoch by the naive strategy, and counted since the scratch
     * was made. NULL where a term has no matrix products. */
    double (*naive_flops)(const struct diffmm__settings *settings,
                          const struct diffmm__term_shape *shape);
    double (*counted_flops)(const void *scratch);

    size_t member; /* where the term stands in diffmm_losses, or DIFFMM__TERM_NO_MEMBER */
};

/* For terms that are younger than diffmm_losses, which never changes. */
#define DIFFMM__TERM_NO_MEMBER SIZE_MAX

#endif
