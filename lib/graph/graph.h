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

/* Adds a reference. Graphs are immutable. */
diffmm_graph *diffmm__graph_retain(const diffmm_graph *graph);

/* A graph with room for `entries`; the maker fills the rows, and calls diffmm__graph_transpose if the
 * matrix is not symmetric. */
diffmm_status diffmm__graph_create(const diffmm_context *context, size_t users, size_t items,
                                   size_t entries, bool symmetric, diffmm_graph **out);
void diffmm__graph_transpose(diffmm_graph *graph);

/* Gives a graph that was allocated as a symmetric one, but is not symmetric, a transpose with arrays of
 * its own. */
diffmm_status diffmm__graph_transpose_apart(diffmm_graph *graph);

/* Whether every entry of complete rows stands on the other side of the diagonal too, with the same
 * bits. */
bool diffmm__graph_is_symmetric(const diffmm_graph *graph);

/* What diffmm__graph_create will allocate. */
size_t diffmm__graph_bytes(size_t nodes, size_t entries, bool symmetric);

/* Rows of a parallel task where each row is a task's own. */
enum { diffmm__row_grain = 1024 };

#endif
