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
    bool gaps = plan->generated_edges < out->users * out->count;
    if (gaps)
        out->packed = diffmm__arena_take(arena, plan->generated_edges, sizeof *out->packed);
    if (!plan->settings->generate_scores)
        return;
    out->weights = diffmm__arena_take(arena, entries, sizeof *out->weights);
    out->sorted = diffmm__arena_take(arena, out->count, sizeof *out->sorted);
    if (gaps)
        out->packed_weights =
            diffmm__arena_take(arena, plan->generated_edges, sizeof *out->packed_weights);
}

void diffmm__neighbors_begin(struct diffmm__neighbors *neighbors,
                             const struct diffmm__settings *settings,
                             const struct diffmm__csr *train)
{
    neighbors->pointers[0] = 0;
    for (size_t u = 0; u < neighbors->users; u++)
        neighbors->pointers[u + 1] =
            neighbors->pointers[u] + (int64_t)diffmm__epoch_plan_neighbors(settings, train, u);
}

/* How many neighbours a user has. */
static size_t count_of(const struct diffmm__neighbors *neighbors, size_t user)
{
    return (size_t)(neighbors->pointers[user + 1] - neighbors->pointers[user]);
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
    size_t most = neighbors->count;
    for (size_t u = 0; u < neighbors->users; u++) {
        size_t count = count_of(neighbors, u), absent = most - count;
        int32_t *items = diffmm__neighbors_items(neighbors, m) + u * most;
        if (count > 0 && items[count - 1] < 0)
            return u;
        if (!neighbors->weights) {
            qsort(items, most, sizeof *items, ascending);
            continue;
        }
        float *weights = diffmm__neighbors_weights(neighbors, m) + u * most;
        sort_scored(most, neighbors->sorted, items, weights);
        memset(weights, 0, absent * sizeof *weights);
        if (!weigh(count, weights + absent))
            return u;
    }
    return neighbors->users;
}

void diffmm__neighbors_repeat(const struct diffmm__neighbors *neighbors, size_t m, size_t known)
{
    int32_t *items = diffmm__neighbors_items(neighbors, m);
    float *weights = diffmm__neighbors_weights(neighbors, m);
    for (size_t u = known; u < neighbors->users; u++) {
        size_t from = (u - known) * neighbors->count, to = u * neighbors->count;
        bool enough = count_of(neighbors, u) <= count_of(neighbors, u - known);
        for (size_t i = 0; i < neighbors->count; i++) {
            items[to + i] = i >= count_of(neighbors, u) ? -1
                            : enough                    ? items[from + i]
                                                        : (int32_t)i;
            if (weights)
                weights[to + i] = enough ? weights[from + i] : 1.0f;
        }
    }
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

/* Moves what is there together. */
static void pack(const struct diffmm__neighbors *neighbors, const int32_t *items,
                 const float *weights)
{
    for (size_t u = 0; u < neighbors->users; u++) {
        size_t count = count_of(neighbors, u), to = (size_t)neighbors->pointers[u],
               from = (u + 1) * neighbors->count - count;
        memcpy(neighbors->packed + to, items + from, count * sizeof *items);
        if (weights)
            memcpy(neighbors->packed_weights + to, weights + from, count * sizeof *weights);
    }
}

struct diffmm__csr diffmm__neighbors_rows(const struct diffmm__neighbors *neighbors, size_t m)
{
    const int32_t *items = diffmm__neighbors_items(neighbors, m);
    const float *weights = diffmm__neighbors_weights(neighbors, m);
    if (neighbors->packed)
        pack(neighbors, items, weights);
    return diffmm__csr_view(neighbors->users, neighbors->items, neighbors->pointers,
                            neighbors->packed ? neighbors->packed : items,
                            neighbors->packed ? neighbors->packed_weights : weights);
}
