/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/neighbors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/plan/cadence.h"

struct diffmm__neighbor {
    int32_t item;
    float score;
};

void diffmm__neighbors_take(struct diffmm__arena *arena, const struct diffmm__plan *plan,
                            struct diffmm__neighbors *out)
{
    *out = (struct diffmm__neighbors){.users = plan->users,
                                      .items = plan->items,
                                      .count = plan->settings->rebuild_k,
                                      .kept = diffmm__cadence_keeps(plan->settings)};
    size_t modalities = out->kept ? plan->modalities : 1;
    out->pointers = diffmm__arena_take(arena, out->users + 1, sizeof *out->pointers);
    size_t entries = modalities * out->users * out->count;
    out->rows = diffmm__arena_take(arena, entries, sizeof *out->rows);
    if (!plan->settings->generate_scores)
        return;
    out->weights = diffmm__arena_take(arena, entries, sizeof *out->weights);
    out->sorted = diffmm__arena_take(arena, out->count, sizeof *out->sorted);
}

void diffmm__neighbors_begin(struct diffmm__neighbors *neighbors)
{
    for (size_t u = 0; u <= neighbors->users; u++)
        neighbors->pointers[u] = (int64_t)(u * neighbors->count);
}

/* Where what modality `m` has begins. */
static size_t first_of(const struct diffmm__neighbors *neighbors, size_t m)
{
    return neighbors->kept ? m * neighbors->users * neighbors->count : 0;
}

int32_t *diffmm__neighbors_items(const struct diffmm__neighbors *neighbors, size_t m)
{
    return neighbors->rows + first_of(neighbors, m);
}

float *diffmm__neighbors_weights(const struct diffmm__neighbors *neighbors, size_t m)
{
    return neighbors->weights ? neighbors->weights + first_of(neighbors, m) : NULL;
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int by_item(const void *a, const void *b)
{
    const struct diffmm__neighbor *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* Sorts one user's items with their scores. */
static void sort_scored(size_t count, struct diffmm__neighbor *room, int32_t *items, float *scores)
{
    for (size_t i = 0; i < count; i++)
        room[i] = (struct diffmm__neighbor){.item = items[i], .score = scores[i]};
    qsort(room, count, sizeof *room, by_item);
    for (size_t i = 0; i < count; i++) {
        items[i] = room[i].item;
        scores[i] = room[i].score;
    }
}

static double above_zero(float score)
{
    return score > 0.0f ? (double)score : 0.0;
}

/* Scores become weights. Returns whether they are finite. */
static bool weigh(size_t count, float *scores)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += above_zero(scores[i]);
    for (size_t i = 0; i < count && isfinite(sum); i++)
        scores[i] = sum > 0.0 ? (float)(above_zero(scores[i]) * (double)count / sum) : 1.0f;
    return isfinite(sum);
}

size_t diffmm__neighbors_order(const struct diffmm__neighbors *neighbors, size_t m)
{
    size_t count = neighbors->count;
    float *weights = diffmm__neighbors_weights(neighbors, m);
    for (size_t u = 0; u < neighbors->users; u++) {
        int32_t *row = diffmm__neighbors_items(neighbors, m) + u * count;
        if (weights)
            sort_scored(count, neighbors->sorted, row, weights + u * count);
        else
            qsort(row, count, sizeof *row, ascending);
        if (row[0] < 0 || (weights && !weigh(count, weights + u * count)))
            return u;
    }
    return neighbors->users;
}

void diffmm__neighbors_repeat(const struct diffmm__neighbors *neighbors, size_t m, size_t known)
{
    int32_t *items = diffmm__neighbors_items(neighbors, m);
    float *weights = diffmm__neighbors_weights(neighbors, m);
    size_t before = known * neighbors->count, all = neighbors->users * neighbors->count;
    for (size_t i = before; i < all; i++)
        items[i] = items[i - before];
    for (size_t i = before; weights && i < all; i++)
        weights[i] = weights[i - before];
}

void diffmm__neighbors_copy(const struct diffmm__neighbors *neighbors, size_t from, size_t to)
{
    size_t all = neighbors->users * neighbors->count, source = first_of(neighbors, from),
           target = first_of(neighbors, to);
    if (source == target)
        return;
    memcpy(neighbors->rows + target, neighbors->rows + source, all * sizeof *neighbors->rows);
    if (neighbors->weights)
        memcpy(neighbors->weights + target, neighbors->weights + source,
               all * sizeof *neighbors->weights);
}

struct diffmm__csr diffmm__neighbors_rows(const struct diffmm__neighbors *neighbors, size_t m)
{
    return diffmm__csr_view(neighbors->users, neighbors->items, neighbors->pointers,
                            diffmm__neighbors_items(neighbors, m),
                            diffmm__neighbors_weights(neighbors, m));
}
