/* SPDX-License-Identifier: BSD-2-Clause */
/* The normalised adjacency of a bipartite graph with self loops (paper, section 3.3):
 *     B = [[0, R], [R^T, 0]] + I,   A_hat = D^-1/2 B D^-1/2,   D = row sums of B.
 * Time and memory are linear in nodes and entries. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "graph/graph.h"

struct fill {
    diffmm_graph *graph;
    const int64_t *pointers;
    const int32_t *items;
};

/* A user's row is itself, then its items. */
static void fill_users(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t u = begin; u < end; u++) {
        int64_t place = csr->pointers[u];
        csr->columns[place++] = (int32_t)u;
        for (int64_t e = f->pointers[u]; e < f->pointers[u + 1]; e++)
            csr->columns[place++] = (int32_t)f->graph->users + f->items[e];
    }
}

/* Row sizes, self loops included. */
static void count_users(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    for (size_t u = begin; u < end; u++)
        f->graph->rows.pointers[u + 1] = f->pointers[u + 1] - f->pointers[u] + 1;
}

static void count_items(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    int64_t *sizes = f->graph->rows.pointers + f->graph->users + 1;
    for (size_t i = begin; i < end; i++)
        sizes[i] = 1;
    for (int64_t e = 0; e < f->pointers[f->graph->users]; e++) {
        size_t item = (size_t)f->items[e];
        if (item >= begin && item < end)
            sizes[item]++;
    }
}

/* An item's row is its users, then itself. Until it is complete its last column counts the users
 * written so far. */
static void fill_items(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    size_t users = f->graph->users;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t i = begin; i < end; i++)
        csr->columns[csr->pointers[users + i + 1] - 1] = 0;
    for (size_t u = 0; u < users; u++)
        for (int64_t e = f->pointers[u]; e < f->pointers[u + 1]; e++) {
            size_t item = (size_t)f->items[e], node = users + item;
            if (item < begin || item >= end)
                continue;
            int32_t *count = &csr->columns[csr->pointers[node + 1] - 1];
            csr->columns[csr->pointers[node] + *count] = (int32_t)u;
            ++*count;
        }
    for (size_t i = begin; i < end; i++)
        csr->columns[csr->pointers[users + i + 1] - 1] = (int32_t)(users + i);
}

/* Entry (row, column) is 1 / sqrt(degree(row) degree(column)). */
static void fill_values(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t r = begin; r < end; r++) {
        int64_t degree = csr->pointers[r + 1] - csr->pointers[r];
        for (int64_t e = csr->pointers[r]; e < csr->pointers[r + 1]; e++) {
            int32_t c = csr->columns[e];
            int64_t other = csr->pointers[c + 1] - csr->pointers[c];
            csr->values[e] = (float)(1.0 / sqrt((double)degree * (double)other));
        }
    }
}

void diffmm__graph_fill(diffmm_graph *graph, const int64_t *pointers, const int32_t *row_items)
{
    struct fill fill = {.graph = graph, .pointers = pointers, .items = row_items};
    const diffmm_context *context = graph->context;
    diffmm__parallel_ranges(context, graph->users, diffmm__row_grain, count_users, &fill);
    diffmm__each_worker(context, graph->items, count_items, &fill);
    diffmm__row_starts(graph->nodes, graph->rows.pointers);
    diffmm__parallel_ranges(context, graph->users, diffmm__row_grain, fill_users, &fill);
    diffmm__each_worker(context, graph->items, fill_items, &fill);
    diffmm__parallel_ranges(context, graph->nodes, diffmm__row_grain, fill_values, &fill);
}

diffmm_status diffmm__graph_from_rows(const diffmm_context *context, size_t users, size_t items,
                                      const int64_t *pointers, const int32_t *row_items,
                                      diffmm_graph **out)
{
    size_t entries = 2 * (size_t)pointers[users] + users + items;
    diffmm_graph *graph;
    diffmm_status status = diffmm__graph_allocate(context, users, items, entries, true, &graph);
    if (status)
        return status;
    diffmm__graph_fill(graph, pointers, row_items);
    *out = graph;
    return DIFFMM_OK;
}

static diffmm_status check_pairs(size_t users, size_t items, size_t count, const int32_t *user,
                                 const int32_t *item)
{
    if (count > 0 && (!user || !item))
        return diffmm__null(user ? "item" : "user");
    if (users == 0 || items == 0 || users > INT32_MAX || items > INT32_MAX - users)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "users is %zu and items %zu: each must be at least 1, and together "
                            "below 2^31",
                            users, items);
    for (size_t e = 0; e < count; e++) {
        if (user[e] < 0 || (size_t)user[e] >= users)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "user[%zu] is %d, but there are %zu users", e, user[e], users);
        if (item[e] < 0 || (size_t)item[e] >= items)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "item[%zu] is %d, but there are %zu items", e, item[e], items);
    }
    return DIFFMM_OK;
}

/* Pairs to rows: a counting sort by item, then one by user, leaves each row ascending. */
static void sort_pairs(size_t users, size_t items, size_t count, const int32_t *user,
                       const int32_t *item, int64_t *starts, int32_t *by_item, int64_t *pointers,
                       int32_t *row_items)
{
    memset(starts, 0, (items + 1) * sizeof *starts);
    for (size_t e = 0; e < count; e++)
        starts[item[e] + 1]++;
    for (size_t i = 0; i < items; i++)
        starts[i + 1] += starts[i];
    for (size_t e = 0; e < count; e++)
        by_item[starts[item[e]]++] = (int32_t)e;

    memset(pointers, 0, (users + 1) * sizeof *pointers);
    for (size_t e = 0; e < count; e++)
        pointers[user[e] + 1]++;
    for (size_t u = 0; u < users; u++)
        pointers[u + 1] += pointers[u];
    for (size_t s = 0; s < count; s++)
        row_items[pointers[user[by_item[s]]]++] = item[by_item[s]];
    memmove(pointers + 1, pointers, users * sizeof *pointers);
    pointers[0] = 0;
}

static void drop_repeated(size_t users, int64_t *pointers, int32_t *row_items)
{
    int64_t kept = 0, begin = 0;
    for (size_t u = 0; u < users; u++) {
        int64_t end = pointers[u + 1], row = kept;
        for (int64_t e = begin; e < end; e++)
            if (kept == row || row_items[kept - 1] != row_items[e])
                row_items[kept++] = row_items[e];
        pointers[u + 1] = kept;
        begin = end;
    }
}

diffmm_status diffmm_graph_create_bipartite(diffmm_context *context, size_t users, size_t items,
                                            size_t count, const int32_t *user, const int32_t *item,
                                            diffmm_graph **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!out)
        return diffmm__null("out");
    if (count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is %zu, not below 2^31", count);
    diffmm_status status = check_pairs(users, items, count, user, item);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(context);
    int64_t *starts = diffmm__arena_take(&arena, items + 1, sizeof *starts);
    int32_t *by_item = diffmm__arena_take(&arena, count, sizeof *by_item);
    int64_t *pointers = diffmm__arena_take(&arena, users + 1, sizeof *pointers);
    int32_t *row_items = diffmm__arena_take(&arena, count, sizeof *row_items);
    status = DIFFMM_ERROR_NO_MEMORY;
    if (!arena.failed) {
        sort_pairs(users, items, count, user, item, starts, by_item, pointers, row_items);
        drop_repeated(users, pointers, row_items);
        status = diffmm__graph_from_rows(context, users, items, pointers, row_items, out);
    }
    diffmm__arena_end(&arena);
    return status;
}
