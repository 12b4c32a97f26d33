/* SPDX-License-Identifier: BSD-2-Clause */
#include "evaluation/popularity.h"

static void lay_out(struct diffmm__popularity *popularity, size_t items)
{
    struct diffmm__arena *arena = &popularity->arena;
    popularity->order = diffmm__arena_take(arena, items, sizeof *popularity->order);
    popularity->twice_rank = diffmm__arena_take(arena, items, sizeof *popularity->twice_rank);
}

size_t diffmm__popularity_bytes(size_t items)
{
    struct diffmm__popularity measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, items);
    return measured.arena.bytes;
}

/* How many entries each column has; returns the most of one. */
static size_t count_entries(const struct diffmm__csr *rows, uint32_t *counts)
{
    size_t most = 0;
    for (size_t i = 0; i < rows->columns; i++)
        counts[i] = 0;
    for (int64_t e = rows->pointers[0]; e < rows->pointers[rows->rows]; e++)
        if (++counts[rows->indices[e]] > most)
            most = counts[rows->indices[e]];
    return most;
}

/* Sorts by counting: first[c] becomes the place of the next item that has c entries. Its ranks are
 * then those of all places that such items take. */
static void rank(const struct diffmm__popularity *popularity, size_t items, size_t most,
                 uint32_t *first)
{
    uint32_t *counts = popularity->twice_rank, place = 0;
    for (size_t i = 0; i < items; i++)
        first[counts[i]]++;
    for (size_t c = most + 1; c-- > 0;) {
        uint32_t equal = first[c];
        first[c] = place;
        place += equal;
    }
    for (size_t i = 0; i < items; i++)
        popularity->order[first[counts[i]]++] = (int32_t)i;
    /* Now first[c] is one beyond the places of items with c entries, which begin at first[c + 1]:
     * the ranks from first[c + 1] + 1 to first[c] have this sum of the first and the last. */
    for (size_t i = 0; i < items; i++)
        counts[i] = first[counts[i]] + (counts[i] < most ? first[counts[i] + 1] : 0) + 1;
}

diffmm_status diffmm__popularity_begin(const diffmm_context *context,
                                       const struct diffmm__csr *rows,
                                       struct diffmm__popularity *out)
{
    *out = (struct diffmm__popularity){.arena = diffmm__arena_on(context)};
    lay_out(out, rows->columns);
    size_t most = out->arena.failed ? 0 : count_entries(rows, out->twice_rank);
    uint32_t *first =
        out->arena.failed ? NULL : diffmm__allocate_zero(context, most + 1, sizeof *first);
    if (!first) {
        diffmm__popularity_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    rank(out, rows->columns, most, first);
    diffmm__release(context, first);
    return DIFFMM_OK;
}

void diffmm__popularity_end(struct diffmm__popularity *popularity)
{
    diffmm__arena_end(&popularity->arena);
    *popularity = (struct diffmm__popularity){0};
}
