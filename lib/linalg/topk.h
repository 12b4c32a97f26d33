/* SPDX-License-Identifier: BSD-2-Clause */
/* The k largest of a stream of scores: by score descending, ties by the lower index. NaN never
 * enters, so a caller masks a score by setting it to NAN. The result does not depend on the order
 * of the stream. */
#ifndef DIFFMM_LINALG_TOPK_H
#define DIFFMM_LINALG_TOPK_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* May alias a public struct with the same members, in a caller's array. */
struct __attribute__((may_alias)) diffmm__ranked {
    int32_t index;
    float score;
};

/* A heap over the caller's array of `capacity` entries, with the worst at entries[0] until it is
 * finished. Entries beyond `count` are never touched. */
struct diffmm__topk {
    struct diffmm__ranked *entries;
    size_t capacity, count;
    float least; /* lower scores do not enter; -infinity unless the caller sets it */
};

static inline struct diffmm__topk diffmm__topk_begin(struct diffmm__ranked *entries,
                                                     size_t capacity)
{
    return (struct diffmm__topk){.entries = entries, .capacity = capacity, .least = -INFINITY};
}

/* The lowest score that may still enter. */
static inline float diffmm__topk_bound(const struct diffmm__topk *topk)
{
    return topk->count < topk->capacity ? topk->least : topk->entries[0].score;
}

/* Whether a score may still enter. Once the heap is full, most scores fail this comparison; NaN
 * always does. */
static inline bool diffmm__topk_admits(const struct diffmm__topk *topk, float score)
{
    return isgreaterequal(score, diffmm__topk_bound(topk)); /* raises nothing for NaN */
}

/* Offer the scores of indices base .. base + count - 1. */
void diffmm__topk_push(struct diffmm__topk *topk, size_t base, size_t count, const float *scores);

/* Offer the scores of the given indices. An index may be offered once only. */
void diffmm__topk_push_indices(struct diffmm__topk *topk, const int32_t *indices, size_t count,
                               const float *scores);

/* Sort the entries, the best first, and return their number. */
size_t diffmm__topk_finish(struct diffmm__topk *topk);

#endif
