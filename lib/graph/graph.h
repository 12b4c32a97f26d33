/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: a square sparse matrix by rows, with its transpose. */
#ifndef DIFFMM_GRAPH_GRAPH_H
#define DIFFMM_GRAPH_GRAPH_H

#include <stdbool.h>

#include <diffmm/graph.h>

#include "base/handle.h"
#include "linalg/csr.h"

struct diffmm_graph {
    struct diffmm__handle handle;
    diffmm_context *context;
    size_t users, items, nodes;
    struct diffmm__csr rows;
    struct diffmm__csr transposed; /* shares the arrays of `rows` where the matrix is symmetric */
};

/* Add a reference. Graphs are immutable. */
diffmm_graph *diffmm__graph_retain(const diffmm_graph *graph);

/* Make a graph with room for `entries`. The caller fills the rows, and then calls
 * diffmm__graph_transpose() unless the matrix is symmetric. */
diffmm_status diffmm__graph_create(const diffmm_context *context, size_t users, size_t items,
                                   size_t entries, bool symmetric, diffmm_graph **out);
void diffmm__graph_transpose(diffmm_graph *graph);

/* Give a graph that was made as a symmetric one, but turned out not to be symmetric, a transpose
 * with arrays of its own. */
diffmm_status diffmm__graph_transpose_apart(diffmm_graph *graph);

/* Whether every entry (r, c) of the complete rows has the same bits as an entry (c, r). */
bool diffmm__graph_is_symmetric(const diffmm_graph *graph);

/* The bytes that diffmm__graph_create() will allocate. */
size_t diffmm__graph_bytes(size_t nodes, size_t entries, bool symmetric);

/* Rows per task of a parallel loop over rows. */
enum { diffmm__row_grain = 1024 };

#endif
