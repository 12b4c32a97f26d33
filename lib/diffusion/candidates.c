/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/candidates.h"

#include <string.h>

void diffmm__candidates_take(struct diffmm__arena *arena, size_t items, size_t rank, size_t most,
                             struct diffmm__candidates *out)
{
    *out = (struct diffmm__candidates){.most = most};
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
