/* SPDX-License-Identifier: BSD-2-Clause */
/* The items among which a spectral denoiser looks for the neighbours of all users: those that are
 * near the top for a sample of them. Scores over all items then need not be computed for every
 * user. */
#ifndef DIFFMM_DIFFUSION_CANDIDATES_H
#define DIFFMM_DIFFUSION_CANDIDATES_H

#include "base/memory.h"
#include "diffusion/basis.h"
#include "linalg/topk.h"

struct diffmm__candidates {
    size_t count, most;
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

#endif
