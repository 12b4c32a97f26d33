/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: a square sparse matrix by rows, with its transpose. */
#include "graph/graph.h"

#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"

static diffmm_status csr_allocate(const diffmm_context *context, size_t nodes, size_t entries,
                                  struct diffmm__csr *csr)
{
    csr->pointers = diffmm__allocate(context, nodes + 1, sizeof *csr->pointers);
    csr->columns = diffmm__allocate(context, entries, sizeof *csr->columns);
    csr->values = diffmm__allocate(context, entries, sizeof *csr->values);
    return csr->pointers && csr->columns && csr->values ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

static void csr_release(const diffmm_context *context, struct diffmm__csr *csr)
{
    diffmm__release(context, csr->pointers);
    diffmm__release(context, csr->columns);
    diffmm__release(context, csr->values);
}

static void end_graph(void *object)
{
    diffmm_graph *graph = object;
    diffmm_context *context = graph->context;
    if (graph->transposed.pointers != graph->rows.pointers)
        csr_release(context, &graph->transposed);
    csr_release(context, &graph->rows);
    diffmm__release(context, graph);
    diffmm__context_release(context);
}

diffmm_status diffmm__graph_allocate(const diffmm_context *context, size_t users, size_t items,
                                     size_t entries, bool symmetric, diffmm_graph **out)
{
    diffmm_graph *graph = diffmm__allocate_zero(context, 1, sizeof *graph);
    if (!graph)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__handle_begin(graph, end_graph);
    graph->context = diffmm__context_retain(context);
    graph->users = users;
    graph->items = items;
    graph->nodes = users + items;
    diffmm_status status = csr_allocate(context, graph->nodes, entries, &graph->rows);
    if (symmetric)
        graph->transposed = graph->rows;
    else if (!status)
        status = csr_allocate(context, graph->nodes, entries, &graph->transposed);
    if (status) {
        diffmm_graph_destroy(graph);
        return status;
    }
    *out = graph;
    return DIFFMM_OK;
}

size_t diffmm__graph_bytes(size_t nodes, size_t entries, bool symmetric)
{
    const struct diffmm__csr *csr;
    size_t pointers = diffmm__allocation_bytes(nodes + 1, sizeof *csr->pointers);
    size_t columns = diffmm__allocation_bytes(entries, sizeof *csr->columns);
    size_t values = diffmm__allocation_bytes(entries, sizeof *csr->values);
    size_t matrix = diffmm__size_sum(pointers, diffmm__size_sum(columns, values));
    return diffmm__size_sum(diffmm__allocation_bytes(1, sizeof(diffmm_graph)),
                            diffmm__size_product(symmetric ? 1 : 2, matrix));
}

diffmm_graph *diffmm__graph_retain(const diffmm_graph *graph)
{
    diffmm__handle_retain(graph);
    return (diffmm_graph *)(uintptr_t)graph;
}

void diffmm_graph_destroy(diffmm_graph *graph)
{
    diffmm__handle_release(graph);
}

void diffmm__each_worker(const diffmm_context *context, size_t total, diffmm__range_task task,
                         void *argument)
{
    size_t workers = diffmm__workers(context);
    diffmm__parallel_ranges(context, total, (total + workers - 1) / workers, task, argument);
}

void diffmm__row_starts(size_t rows, int64_t *pointers)
{
    pointers[0] = 0;
    for (size_t r = 0; r < rows; r++)
        pointers[r + 1] += pointers[r];
}

/* Counting sort by column, each task for a range of columns; rows are visited in order, so each
 * transposed row is ascending. */
static void count_columns(void *argument, size_t begin, size_t end)
{
    const diffmm_graph *graph = argument;
    int64_t *sizes = graph->transposed.pointers + 1;
    memset(sizes + begin, 0, (end - begin) * sizeof *sizes);
    for (int64_t e = 0; e < graph->rows.pointers[graph->nodes]; e++) {
        size_t column = (size_t)graph->rows.columns[e];
        if (column >= begin && column < end)
            sizes[column]++;
    }
}

static void place_columns(void *argument, size_t begin, size_t end)
{
    const diffmm_graph *graph = argument;
    const struct diffmm__csr *from = &graph->rows, *to = &graph->transposed;
    for (size_t r = 0; r < graph->nodes; r++)
        for (int64_t e = from->pointers[r]; e < from->pointers[r + 1]; e++) {
            size_t column = (size_t)from->columns[e];
            if (column < begin || column >= end)
                continue;
            int64_t place = to->pointers[column]++;
            to->columns[place] = (int32_t)r;
            to->values[place] = from->values[e];
        }
}

void diffmm__graph_transpose(diffmm_graph *graph)
{
    int64_t *pointers = graph->transposed.pointers;
    diffmm__each_worker(graph->context, graph->nodes, count_columns, graph);
    diffmm__row_starts(graph->nodes, pointers);
    diffmm__each_worker(graph->context, graph->nodes, place_columns, graph);
    /* Each pointer now stands at its row's end: shift them back by one row. */
    memmove(pointers + 1, pointers, graph->nodes * sizeof *pointers);
    pointers[0] = 0;
}

diffmm_status diffmm__graph_transpose_apart(diffmm_graph *graph)
{
    struct diffmm__csr apart;
    diffmm_status status =
        csr_allocate(graph->context, graph->nodes, diffmm_graph_entries(graph), &apart);
    if (status) {
        csr_release(graph->context, &apart);
        return status;
    }
    graph->transposed = apart;
    diffmm__graph_transpose(graph);
    return DIFFMM_OK;
}

/* Entry (row, column), or NULL. */
static const float *entry_at(const struct diffmm__csr *csr, int32_t row, int32_t column)
{
    int64_t low = csr->pointers[row], end = csr->pointers[row + 1], high = end;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (csr->columns[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && csr->columns[low] == column ? &csr->values[low] : NULL;
}

bool diffmm__graph_is_symmetric(const diffmm_graph *graph)
{
    const struct diffmm__csr *csr = &graph->rows;
    for (size_t r = 0; r < graph->nodes; r++)
        for (int64_t e = csr->pointers[r]; e < csr->pointers[r + 1]; e++) {
            const float *other = entry_at(csr, csr->columns[e], (int32_t)r);
            if (!other || *other != csr->values[e])
                return false;
        }
    return true;
}

size_t diffmm_graph_users(const diffmm_graph *graph)
{
    return graph ? graph->users : 0;
}

size_t diffmm_graph_items(const diffmm_graph *graph)
{
    return graph ? graph->items : 0;
}

size_t diffmm_graph_entries(const diffmm_graph *graph)
{
    return graph ? (size_t)graph->rows.pointers[graph->nodes] : 0;
}

diffmm_status diffmm_graph_rows(const diffmm_graph *graph, const int64_t **pointers,
                                const int32_t **columns, const float **values)
{
    if (!graph)
        return diffmm__null("graph");
    if (pointers)
        *pointers = graph->rows.pointers;
    if (columns)
        *columns = graph->rows.columns;
    if (values)
        *values = graph->rows.values;
    return DIFFMM_OK;
}
