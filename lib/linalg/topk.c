/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/topk.h"

#include "linalg/kernels.h"

static bool worse(struct diffmm__ranked a, struct diffmm__ranked b)
{
    return a.score < b.score || (a.score == b.score && a.index > b.index);
}

/* Put `entry` where the root was and let it sink. */
static void sink(struct diffmm__ranked *heap, size_t count, struct diffmm__ranked entry)
{
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && worse(heap[child + 1], heap[child]))
            child++;
        if (!worse(heap[child], entry))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

static void rise(struct diffmm__ranked *heap, size_t at, struct diffmm__ranked entry)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!worse(entry, heap[parent]))
            break;
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = entry;
}

static void offer(struct diffmm__topk *topk, int32_t index, float score)
{
    struct diffmm__ranked entry = {.index = index, .score = score};
    if (topk->count < topk->capacity)
        rise(topk->entries, topk->count++, entry);
    else if (worse(topk->entries[0], entry))
        sink(topk->entries, topk->count, entry);
}

/* 64 scores at a time are compared with the bound; few pass. */
void diffmm__topk_push(struct diffmm__topk *topk, size_t base, size_t count, const float *scores)
{
    enum { stretch = 64 };
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    if (topk->capacity == 0)
        return;
    for (size_t begin = 0; begin < count; begin += stretch) {
        size_t now = count - begin < stretch ? count - begin : stretch;
        uint64_t passed = kernels->at_least(now, scores + begin, diffmm__topk_bound(topk));
        for (; passed; passed &= passed - 1) {
            size_t i = begin + (size_t)__builtin_ctzll(passed);
            if (diffmm__topk_admits(topk, scores[i])) /* the bound may have risen */
                offer(topk, (int32_t)(base + i), scores[i]);
        }
    }
}

void diffmm__topk_push_indices(struct diffmm__topk *topk, const int32_t *indices, size_t count,
                               const float *scores)
{
    if (topk->capacity == 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (diffmm__topk_admits(topk, scores[i]))
            offer(topk, indices[i], scores[i]);
}

size_t diffmm__topk_finish(struct diffmm__topk *topk)
{
    struct diffmm__ranked *heap = topk->entries;
    for (size_t left = topk->count; left > 1; left--) {
        struct diffmm__ranked worst = heap[0];
        sink(heap, left - 1, heap[left - 1]);
        heap[left - 1] = worst;
    }
    return topk->count;
}
