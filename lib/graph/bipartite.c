/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/bipartite.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"

struct fill {
    diffmm_graph *graph;
    const struct diffmm__csr *rows; /* the rows of users */
    double *degrees;                /* of nodes; NULL where R is binary */
};

/* The entry of B at a place: a self loop has 1, another the value of entry `e` of R. */
enum { self_loop = -1 };

static void put(const struct fill *f, int64_t place, size_t column, int64_t e)
{
    f->graph->rows.indices[place] = (int32_t)column;
    if (f->degrees)
        f->graph->rows.values[place] = e == self_loop ? 1.0f : f->rows->values[e];
}

/* A user's row is itself, then its items. */
static void fill_users(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t u = begin; u < end; u++) {
        int64_t place = csr->pointers[u];
        put(f, place++, u, self_loop);
        for (int64_t e = f->rows->pointers[u]; e < f->rows->pointers[u + 1]; e++)
            put(f, place++, f->graph->users + (size_t)f->rows->indices[e], e);
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
            put(f, csr->pointers[node] + (*count)++, u, e);
        }
    for (size_t i = begin; i < end; i++)
        put(f, csr->pointers[users + i + 1] - 1, users + i, self_loop);
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

static void sum_rows(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    const struct diffmm__csr *csr = &f->graph->rows;
    for (size_t r = begin; r < end; r++) {
        f->degrees[r] = 0.0;
        for (int64_t e = csr->pointers[r]; e < csr->pointers[r + 1]; e++)
            f->degrees[r] += (double)csr->values[e];
    }
}

/* Entry (row, column) is divided by sqrt(degree(row) degree(column)). */
static void scale_values(void *argument, size_t begin, size_t end)
{
    const struct fill *f = argument;
    struct diffmm__csr *csr = &f->graph->rows;
    for (size_t r = begin; r < end; r++)
        for (int64_t e = csr->pointers[r]; e < csr->pointers[r + 1]; e++)
            csr->values[e] =
                (float)((double)csr->values[e] / sqrt(f->degrees[r] * f->degrees[csr->indices[e]]));
}

static void fill_graph(diffmm_graph *graph, const struct diffmm__csr *rows, double *degrees)
{
    struct fill fill = {.graph = graph, .rows = rows, .degrees = degrees};
    const diffmm_context *context = graph->context;
    diffmm__parallel_ranges(context, graph->users, diffmm__row_grain, count_users, &fill);
    diffmm__parallel_shares(context, graph->items, count_items, &fill);
    diffmm__csr_row_starts(graph->nodes, graph->rows.pointers);
    diffmm__parallel_ranges(context, graph->users, diffmm__row_grain, fill_users, &fill);
    diffmm__parallel_shares(context, graph->items, fill_items, &fill);
    if (degrees)
        diffmm__parallel_ranges(context, graph->nodes, diffmm__row_grain, sum_rows, &fill);
    diffmm__parallel_ranges(context, graph->nodes, diffmm__row_grain,
                            degrees ? scale_values : fill_values, &fill);
}

void diffmm__bipartite_fill(diffmm_graph *graph, const struct diffmm__csr *rows)
{
    fill_graph(graph, rows, NULL);
}

void diffmm__bipartite_fill_weighted(diffmm_graph *graph, const struct diffmm__csr *rows,
                                     double *degrees)
{
    fill_graph(graph, rows, degrees);
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

static diffmm_status check_weights(size_t count, const float *weight)
{
    for (size_t e = 0; e < count; e++) {
        if (!isfinite(weight[e]))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "weight[%zu] is not finite", e);
        if (weight[e] < 0.0f)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "weight[%zu] is %g, below 0", e,
                                (double)weight[e]);
    }
    return DIFFMM_OK;
}

/* The rows of pairs, in which of repeated pairs the largest weight counts. */
static void weigh_rows(const struct diffmm__csr *rows, size_t count, const int32_t *user,
                       const int32_t *item, const float *weight, float *values)
{
    memset(values, 0, diffmm__csr_entries(rows) * sizeof *values);
    for (size_t e = 0; e < count; e++) {
        float *value = &values[diffmm__csr_lower_bound(rows, (size_t)user[e], item[e])];
        *value = weight[e] > *value ? weight[e] : *value;
    }
}

/* A_hat of pairs with weights, of which the rows without weights are given. */
static diffmm_status create_weighted(const diffmm_context *context, struct diffmm__csr rows,
                                     size_t count, const int32_t *user, const int32_t *item,
                                     const float *weight, diffmm_graph **out)
{
    size_t nodes = rows.rows + rows.columns, entries = diffmm__csr_entries(&rows);
    struct diffmm__arena arena = diffmm__arena_on(context);
    double *degrees = diffmm__arena_take(&arena, nodes, sizeof *degrees);
    rows.values = diffmm__arena_take(&arena, entries, sizeof *rows.values);
    diffmm_graph *graph = NULL;
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY
                                        : diffmm__graph_create(context, rows.rows, rows.columns,
                                                               2 * entries + nodes, true, &graph);
    if (!status) {
        weigh_rows(&rows, count, user, item, weight, rows.values);
        diffmm__bipartite_fill_weighted(graph, &rows, degrees);
        *out = graph;
    }
    diffmm__arena_end(&arena);
    return status;
}

/* `weight` is NULL where R is binary. */
static diffmm_status create(const diffmm_context *context, size_t users, size_t items, size_t count,
                            const int32_t *user, const int32_t *item, const float *weight,
                            diffmm_graph **out)
{
    if (count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is %zu, not below 2^31", count);
    diffmm_status status = check_pairs(users, items, count, user, item);
    if (!status && weight)
        status = check_weights(count, weight);
    if (status)
        return status;
    struct diffmm__csr rows;
    status = diffmm__csr_from_pairs(context, users, items, count, user, item, &rows);
    if (status)
        return status;
    status = weight ? create_weighted(context, rows, count, user, item, weight, out)
                    : diffmm__bipartite_from_rows(context, &rows, out);
    diffmm__csr_end(context, &rows);
    return status;
}

diffmm_status diffmm_graph_create_bipartite(diffmm_context *context, size_t users, size_t items,
                                            size_t count, const int32_t *user, const int32_t *item,
                                            diffmm_graph **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    return out ? create(context, users, items, count, user, item, NULL, out) : diffmm__null("out");
}

diffmm_status diffmm_graph_create_weighted(diffmm_context *context, size_t users, size_t items,
                                           size_t count, const int32_t *user, const int32_t *item,
                                           const float *weight, diffmm_graph **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!out || (count > 0 && !weight))
        return diffmm__null(!out ? "out" : "weight");
    return create(context, users, items, count, user, item, count > 0 ? weight : NULL, out);
}
