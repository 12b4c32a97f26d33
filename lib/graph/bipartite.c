/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/bipartite.h"

#include <math.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/pool.h"
#include "base/status.h"

struct fill {
    diffmm_graph *graph;
    const struct diffmm__csr *rows; /* the rows of users */
};

/* A user's row is itself, then its items. */
static void fill_users(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t u = begin; u < end; u++) {
        int64_t place = csr->pointers[u];
        csr->indices[place++] = (int32_t)u;
        for (int64_t e = f->rows->pointers[u]; e < f->rows->pointers[u + 1]; e++)
            csr->indices[place++] = (int32_t)f->graph->users + f->rows->indices[e];
    }
}

/* The sizes of rows, with self loops. */
static void count_users(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    for (size_t u = begin; u < end; u++)
        f->graph->rows.pointers[u + 1] = f->rows->pointers[u + 1] - f->rows->pointers[u] + 1;
}

static void count_items(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    int64_t *sizes = f->graph->rows.pointers + f->graph->users + 1;
    for (size_t i = begin; i < end; i++)
        sizes[i] = 1;
    for (int64_t e = 0; e < f->rows->pointers[f->graph->users]; e++) {
        size_t item = (size_t)f->rows->indices[e];
        if (item >= begin && item < end)
            sizes[item]++;
    }
}

/* An item's row is its users, then itself. Until the row is complete, its last index counts the
 * users written so far. */
static void fill_items(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    size_t users = f->graph->users;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t i = begin; i < end; i++)
        csr->indices[csr->pointers[users + i + 1] - 1] = 0;
    for (size_t u = 0; u < users; u++)
        for (int64_t e = f->rows->pointers[u]; e < f->rows->pointers[u + 1]; e++) {
            size_t item = (size_t)f->rows->indices[e], node = users + item;
            if (item < begin || item >= end)
                continue;
            int32_t *count = &csr->indices[csr->pointers[node + 1] - 1];
            csr->indices[csr->pointers[node] + *count] = (int32_t)u;
            ++*count;
        }
    for (size_t i = begin; i < end; i++)
        csr->indices[csr->pointers[users + i + 1] - 1] = (int32_t)(users + i);
}

/* Entry (row, column) is 1 / sqrt(degree(row) degree(column)). */
static void fill_values(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t r = begin; r < end; r++) {
        int64_t degree = csr->pointers[r + 1] - csr->pointers[r];
        for (int64_t e = csr->pointers[r]; e < csr->pointers[r + 1]; e++) {
            int32_t c = csr->indices[e];
            int64_t other = csr->pointers[c + 1] - csr->pointers[c];
            csr->values[e] = (float)(1.0 / sqrt((double)degree * (double)other));
        }
    }
}

void diffmm__bipartite_fill(diffmm_graph *graph, const struct diffmm__csr *rows)
{
    struct fill fill = {.graph = graph, .rows = rows};
    const diffmm_context *context = graph->context;
    diffmm__parallel_ranges(context, graph->users, diffmm__row_grain, count_users, &fill);
    diffmm__parallel_shares(context, graph->items, count_items, &fill);
    diffmm__csr_row_starts(graph->nodes, graph->rows.pointers);
    diffmm__parallel_ranges(context, graph->users, diffmm__row_grain, fill_users, &fill);
    diffmm__parallel_shares(context, graph->items, fill_items, &fill);
    diffmm__parallel_ranges(context, graph->nodes, diffmm__row_grain, fill_values, &fill);
}

diffmm_status diffmm__bipartite_from_rows(const diffmm_context *context,
                                          const struct diffmm__csr *rows, diffmm_graph **out)
{
    size_t users = rows->rows, items = rows->columns;
    size_t entries = 2 * diffmm__csr_entries(rows) + users + items;
    diffmm_graph *graph;
    diffmm_status status = diffmm__graph_create(context, users, items, entries, true, &graph);
    if (status)
        return status;
    diffmm__bipartite_fill(graph, rows);
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
    struct diffmm__csr rows;
    status = diffmm__csr_from_pairs(context, users, items, count, user, item, &rows);
    if (status)
        return status;
    status = diffmm__bipartite_from_rows(context, &rows, out);
    diffmm__csr_end(context, &rows);
    return status;
}
