/* SPDX-License-Identifier: BSD-2-Clause */
/* The items among which a spectral denoiser looks for the neighbours of all users: those that are
 * near the top for a sample of them. Scores over all items then need not be computed for every
 * user. */
#ifndef DIFFMM_DIFFUSION_CANDIDATES_H
#define DIFFMM_DIFFUSION_CANDIDATES_H

#include "base/memory.h"
#include "diffusion/denoiser_batch.h"
#include "linalg/topk.h"

struct diffmm__candidates {
    size_t count;
    uint8_t *chosen; /* of each item */
    int32_t *items;  /* the candidates, ascending */
    float *rows;     /* count x rank: the rows that give their scores */
};

/* Takes memory for at most `most` candidates from the caller's arena. */
void diffmm__candidates_take(struct diffmm__arena *arena, size_t items, size_t rank, size_t most,
                             struct diffmm__candidates *out);

/* Makes the candidates anew: the items of `count` ranked entries, at most `most` distinct ones. */
void diffmm__candidates_choose(struct diffmm__candidates *candidates,
                               const struct diffmm__basis *basis,
                               const struct diffmm__ranked *ranked, size_t count);

/* Users who are ranked over candidates. */
struct diffmm__candidate_ranking {
    const diffmm_context *context;
    const struct diffmm__candidates *candidates;
    const struct diffmm__denoiser_batch *users; /* with their basis */
    const float *z;                             /* their unweighted coordinates: rows x rank */
    bool unseen;                                /* items of their own rows are not ranked */
    float *x;                                   /* room: rows x tile scores */
    size_t tile;
    struct diffmm__topk *top; /* of each user */
};

/* Offers every user the candidates and, as they are seen or not, the items of the own row; where
 * unseen candidates are fewer than are wanted of a user, all other items, too. */
void diffmm__candidates_rank(const struct diffmm__candidate_ranking *ranking);

#endif
