/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/graph.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"

static void end_graph(void *object)
{
    diffmm_graph *graph = object;
    diffmm_context *context = graph->context;
    if (graph->transposed.pointers != graph->rows.pointers)
        diffmm__csr_end(context, &graph->transposed);
    diffmm__csr_end(context, &graph->rows);
    diffmm__release(context, graph);
    diffmm__context_release(context);
}

diffmm_status diffmm__graph_create(const diffmm_context *context, size_t users, size_t items,
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
    diffmm_status status =
        diffmm__csr_begin(context, graph->nodes, graph->nodes, entries, true, &graph->rows);
    if (symmetric)
        graph->transposed = graph->rows;
    else if (!status)
        status = diffmm__csr_begin(context, graph->nodes, graph->nodes, entries, true,
                                   &graph->transposed);
    if (status) {
        diffmm_graph_destroy(graph);
        return status;
    }
    *out = graph;
    return DIFFMM_OK;
}

size_t diffmm__graph_bytes(size_t nodes, size_t entries, bool symmetric)
{
    size_t matrices =
        diffmm__size_product(symmetric ? 1 : 2, diffmm__csr_bytes(nodes, entries, true));
    return diffmm__size_sum(diffmm__allocation_bytes(1, sizeof(diffmm_graph)), matrices);
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

void diffmm__graph_transpose(diffmm_graph *graph)
{
    diffmm__csr_transpose(graph->context, &graph->rows, graph->nodes, NULL, &graph->transposed);
}

diffmm_status diffmm__graph_transpose_apart(diffmm_graph *graph)
{
    struct diffmm__csr apart;
    diffmm_status status = diffmm__csr_begin(graph->context, graph->nodes, graph->nodes,
                                             diffmm_graph_entries(graph), true, &apart);
    if (status)
        return status;
    graph->transposed = apart;
    diffmm__graph_transpose(graph);
    return DIFFMM_OK;
}

bool diffmm__graph_is_symmetric(const diffmm_graph *graph)
{
    const struct diffmm__csr *csr = &graph->rows;
    for (size_t r = 0; r < graph->nodes; r++)
        for (int64_t e = csr->pointers[r]; e < csr->pointers[r + 1]; e++) {
            size_t column = (size_t)csr->indices[e];
            int64_t other = diffmm__csr_lower_bound(csr, column, (int32_t)r);
            if (other == csr->pointers[column + 1] || csr->indices[other] != (int32_t)r ||
                csr->values[other] != csr->values[e])
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
        *columns = graph->rows.indices;
    if (values)
        *values = graph->rows.values;
    return DIFFMM_OK;
}
