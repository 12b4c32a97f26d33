/* SPDX-License-Identifier: BSD-2-Clause */
/* Hits to re-rank, drawn. */
#ifndef DIFFMM_TESTS_DRAWN_HITS_H
#define DIFFMM_TESTS_DRAWN_HITS_H

#include <stdbool.h>
#include <stdlib.h>

#include <diffmm/rerank.h>

#include "base/random.h"
#include "support/failure.h"

static inline int hits_best_first(const void *a, const void *b)
{
    const diffmm_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* `count` of `items` items, a ranking. With ties: few distinct scores. */
static inline void draw_hits(uint64_t seed, size_t items, size_t count, bool ties, diffmm_hit *out)
{
    int32_t *order = malloc(items * sizeof *order);
    diffmm__random_shuffle(seed, 70, items, order);
    for (size_t i = 0; i < count; i++) {
        float score = ties ? (float)diffmm__random_below(seed, 71, i, 4)
                           : 4 * (float)diffmm__random_real(seed, 71, i) - 2;
        out[i] = (diffmm_hit){.item = order[i], .score = score};
    }
    qsort(out, count, sizeof *out, hits_best_first);
    free(order);
}

static inline bool same_hit(diffmm_hit x, diffmm_hit y)
{
    return x.item == y.item && x.score == y.score;
}

/* The places of `out` from `found` on, which a call must not touch. */
static inline void mark_hits(size_t count, diffmm_hit *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (diffmm_hit){.item = -7, .score = -7};
}

static inline void expect_marked(size_t found, size_t count, const diffmm_hit *out)
{
    for (size_t i = found; i < count; i++)
        ck_assert(same_hit(out[i], (diffmm_hit){.item = -7, .score = -7}));
}

#endif
