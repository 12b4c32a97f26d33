/* SPDX-License-Identifier: BSD-2-Clause */
/* The k largest of a stream of scores: by score descending, ties by lower index. NaN never enters,
 * so a caller masks a score by NAN. The result does not depend on the order of the stream. */
#ifndef DIFFMM_LINALG_TOPK_H
#define DIFFMM_LINALG_TOPK_H

#include <stddef.h>
#include <stdint.h>

struct diffmm__ranked {
    int32_t index;
    float score;
};

/* Over the caller's array of `capacity` entries: a heap with the worst at entries[0], until it is
 * finished. */
struct diffmm__topk {
    struct diffmm__ranked *entries;
    size_t capacity, count;
};

static inline struct diffmm__topk diffmm__topk_begin(struct diffmm__ranked *entries,
                                                     size_t capacity)
{
    return (struct diffmm__topk){.entries = entries, .capacity = capacity};
}

/* Offer the scores of indices base .. base + count - 1. */
void diffmm__topk_push(struct diffmm__topk *topk, size_t base, size_t count, const float *scores);

/* Offer the scores of the given indices. An index may be offered once only. */
void diffmm__topk_push_indices(struct diffmm__topk *topk, const int32_t *indices, size_t count,
                               const float *scores);

/* Sort the entries, best first; returns how many. */
size_t diffmm__topk_finish(struct diffmm__topk *topk);

#endif
