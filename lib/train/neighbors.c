/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/neighbors.h"

#include <stdlib.h>

#include "train/plan/cadence.h"

void diffmm__neighbors_take(struct diffmm__arena *arena, const struct diffmm__plan *plan,
                            struct diffmm__neighbors *out)
{
    *out = (struct diffmm__neighbors){.users = plan->users,
                                      .items = plan->items,
                                      .count = plan->settings->rebuild_k,
                                      .kept = diffmm__cadence_keeps(plan->settings)};
    size_t modalities = out->kept ? plan->modalities : 1;
    out->pointers = diffmm__arena_take(arena, out->users + 1, sizeof *out->pointers);
    out->rows = diffmm__arena_take(arena, modalities * out->users * out->count, sizeof *out->rows);
}

void diffmm__neighbors_begin(struct diffmm__neighbors *neighbors)
{
    for (size_t u = 0; u <= neighbors->users; u++)
        neighbors->pointers[u] = (int64_t)(u * neighbors->count);
}

int32_t *diffmm__neighbors_items(const struct diffmm__neighbors *neighbors, size_t m)
{
    return neighbors->rows + (neighbors->kept ? m * neighbors->users * neighbors->count : 0);
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

size_t diffmm__neighbors_order(const struct diffmm__neighbors *neighbors, size_t m)
{
    size_t count = neighbors->count;
    for (size_t u = 0; u < neighbors->users; u++) {
        int32_t *row = diffmm__neighbors_items(neighbors, m) + u * count;
        qsort(row, count, sizeof *row, ascending);
        if (row[0] < 0)
            return u;
    }
    return neighbors->users;
}

struct diffmm__csr diffmm__neighbors_rows(const struct diffmm__neighbors *neighbors, size_t m)
{
    return diffmm__csr_view(neighbors->users, neighbors->items, neighbors->pointers,
                            diffmm__neighbors_items(neighbors, m), NULL);
}
