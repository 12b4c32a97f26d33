/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/rows.h"

#include "base/memory.h"

/* Counting sort: starts[k] .. starts[k + 1] - 1 become the places of the entries with key k. */
static void count_keys(size_t keys, size_t count, const int32_t *key, int64_t *starts)
{
    for (size_t k = 0; k <= keys; k++)
        starts[k] = 0;
    for (size_t i = 0; i < count; i++)
        starts[key[i] + 1]++;
    for (size_t k = 0; k < keys; k++)
        starts[k + 1] += starts[k];
}

/* After handing out the places of all entries, start k has moved to start k + 1: move them back. */
static void restore_starts(size_t keys, int64_t *starts)
{
    for (size_t k = keys; k > 0; k--)
        starts[k] = starts[k - 1];
    starts[0] = 0;
}

/* Of pairs sorted by item, keep the first of each; `last` is one number for every user. Returns how
 * many are left. */
static size_t remove_repeats(size_t users, size_t count, int32_t *user, int32_t *item,
                             int32_t *last)
{
    size_t kept = 0;
    for (size_t u = 0; u < users; u++)
        last[u] = -1;
    for (size_t i = 0; i < count; i++) {
        if (last[user[i]] == item[i])
            continue;
        last[user[i]] = item[i];
        user[kept] = user[i];
        item[kept++] = item[i];
    }
    return kept;
}

diffmm_status diffmm__rows_build(const diffmm_context *context, size_t users, size_t items,
                                 size_t count, const int32_t *user, const int32_t *item,
                                 struct diffmm__rows *out)
{
    struct diffmm__rows rows = {0};
    struct diffmm__arena arena = diffmm__arena_on(context);
    int64_t *starts = diffmm__arena_take(&arena, items + 1, sizeof *starts);
    int32_t *order = diffmm__arena_take(&arena, count, sizeof *order);
    int32_t *sorted_user = diffmm__arena_take(&arena, count, sizeof *sorted_user);
    int32_t *last = diffmm__arena_take(&arena, users, sizeof *last);
    size_t kept = 0;
    if (!arena.failed) {
        /* By item first, then, keeping that order, by user. */
        count_keys(items, count, item, starts);
        for (size_t i = 0; i < count; i++) {
            int64_t place = starts[item[i]]++;
            order[place] = item[i];
            sorted_user[place] = user[i];
        }
        kept = remove_repeats(users, count, sorted_user, order, last);
        rows.pointers = diffmm__allocate(context, users + 1, sizeof *rows.pointers);
        rows.items = rows.pointers ? diffmm__allocate(context, kept, sizeof *rows.items) : NULL;
    }
    if (!rows.items) {
        diffmm__rows_end(context, &rows);
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    count_keys(users, kept, sorted_user, rows.pointers);
    for (size_t i = 0; i < kept; i++)
        rows.items[rows.pointers[sorted_user[i]]++] = order[i];
    restore_starts(users, rows.pointers);
    diffmm__arena_end(&arena);
    *out = rows;
    return DIFFMM_OK;
}

void diffmm__rows_end(const diffmm_context *context, struct diffmm__rows *rows)
{
    diffmm__release(context, rows->pointers);
    diffmm__release(context, rows->items);
    *rows = (struct diffmm__rows){0};
}

bool diffmm__rows_contain(const struct diffmm__rows *rows, int32_t user, int32_t item)
{
    int64_t low = rows->pointers[user], high = rows->pointers[user + 1];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (rows->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rows->pointers[user + 1] && rows->items[low] == item;
}
