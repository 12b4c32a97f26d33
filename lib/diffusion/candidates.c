/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/candidates.h"

#include <math.h>
#include <string.h>

#include "base/ascending.h"
#include "base/pool.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

void diffmm__candidates_take(struct diffmm__arena *arena, size_t items, size_t rank, size_t most,
                             struct diffmm__candidates *out)
{
    *out = (struct diffmm__candidates){0};
    out->chosen = diffmm__arena_take(arena, items, sizeof *out->chosen);
    out->items = diffmm__arena_take(arena, most, sizeof *out->items);
    out->rows = diffmm__arena_take(arena, most * rank, sizeof *out->rows);
}

void diffmm__candidates_choose(struct diffmm__candidates *candidates,
                               const struct diffmm__basis *basis,
                               const struct diffmm__ranked *ranked, size_t count)
{
    size_t rank = basis->rank;
    memset(candidates->chosen, 0, basis->items);
    for (size_t i = 0; i < count; i++)
        candidates->chosen[ranked[i].index] = 1;
    candidates->count = 0;
    for (size_t i = 0; i < basis->items; i++) {
        if (!candidates->chosen[i])
            continue;
        candidates->items[candidates->count] = (int32_t)i;
        diffmm__basis_score_row(basis, i, candidates->rows + candidates->count * rank);
        candidates->count++;
    }
}

/* Candidates, a tile of which is to be ranked for some users. */
struct tile {
    const struct diffmm__candidate_ranking *ranking;
    size_t first, width;
};

/* Masks the items of a user's own row among the tile's scores of candidates, which ascend. */
static void mask_own(const struct tile *t, size_t b, float *x)
{
    const struct diffmm__batch_rows *x0 = &t->ranking->users->x0;
    const int32_t *items = t->ranking->candidates->items + t->first;
    size_t row = diffmm__batch_rows_row(x0, b);
    for (int64_t e = x0->matrix.pointers[row]; e < x0->matrix.pointers[row + 1]; e++) {
        size_t place = diffmm__ascending_lower_bound(t->width, items, x0->matrix.indices[e]);
        if (place < t->width && items[place] == x0->matrix.indices[e])
            x[place] = NAN;
    }
}

static void rank_range(void *argument, size_t begin, size_t end)
{
    const struct tile *t = argument;
    const struct diffmm__candidate_ranking *r = t->ranking;
    for (size_t b = begin; b < end; b++) {
        float *x = r->x + b * t->width;
        if (r->unseen)
            mask_own(t, b, x);
        diffmm__topk_push_indices(&r->top[b], r->candidates->items + t->first, t->width, x);
    }
}

/* The score of an item for a user. */
static float score_of(const struct diffmm__candidate_ranking *r, size_t b, size_t item)
{
    const struct diffmm__basis *basis = r->users->basis;
    float score = diffmm__kernels()->dot_float(basis->rank, r->z + b * basis->rank,
                                               basis->values + item * basis->rank);
    return basis->weights ? score / basis->weights[item] : score;
}

/* The items of the users' own rows that are no candidates. */
static void rank_own_range(void *argument, size_t begin, size_t end)
{
    const struct diffmm__candidate_ranking *r = ((const struct tile *)argument)->ranking;
    const struct diffmm__csr *x0 = &r->users->x0.matrix;
    for (size_t b = begin; b < end; b++) {
        size_t row = diffmm__batch_rows_row(&r->users->x0, b);
        for (int64_t e = x0->pointers[row]; e < x0->pointers[row + 1]; e++) {
            size_t item = (size_t)x0->indices[e];
            if (r->candidates->chosen[item])
                continue;
            float score = score_of(r, b, item);
            diffmm__topk_push_indices(&r->top[b], &x0->indices[e], 1, &score);
        }
    }
}

/* Where the own row is left out, candidates may be fewer than are wanted of a user who has most of
 * them: then all other items are ranked, too. */
static void rank_others_range(void *argument, size_t begin, size_t end)
{
    const struct diffmm__candidate_ranking *r = ((const struct tile *)argument)->ranking;
    size_t items = r->users->basis->items;
    for (size_t b = begin; b < end; b++) {
        float *x = r->x + b * r->tile;
        if (r->top[b].count == r->top[b].capacity)
            continue;
        for (size_t first = 0; first < items; first += r->tile) {
            size_t width = items - first < r->tile ? items - first : r->tile;
            for (size_t i = 0; i < width; i++)
                x[i] = r->candidates->chosen[first + i] ? NAN : score_of(r, b, first + i);
            diffmm__batch_rows_mask(&r->users->x0, b, first, width, x);
            diffmm__topk_push(&r->top[b], first, width, x);
        }
    }
}

void diffmm__candidates_rank(const struct diffmm__candidate_ranking *r)
{
    size_t count = r->candidates->count, rows = r->users->rows, rank = r->users->basis->rank;
    struct tile t = {.ranking = r};
    for (; t.first < count; t.first += t.width) {
        t.width = count - t.first < r->tile ? count - t.first : r->tile;
        diffmm__gemm(r->context, rows, t.width, rank, 1.0f, diffmm__plain(r->z, rank),
                     diffmm__transposed(r->candidates->rows + t.first * rank, rank), 0.0f, r->x,
                     t.width);
        diffmm__parallel_ranges(r->context, rows, 16, rank_range, &t);
    }
    diffmm__parallel_ranges(r->context, rows, 16, r->unseen ? rank_others_range : rank_own_range,
                            &t);
}
