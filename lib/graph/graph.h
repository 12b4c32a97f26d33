/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_GRAPH_GRAPH_H
#define DIFFMM_GRAPH_GRAPH_H

#include <stdbool.h>

#include <diffmm/graph.h>

#include "base/handle.h"
#include "base/pool.h"

/* A square sparse matrix by rows. */
struct diffmm__csr {
    int64_t *pointers;
    int32_t *columns;
    float *values;
};

struct diffmm_graph {
    struct diffmm__handle handle;
    diffmm_context *context;
    size_t users, items, nodes;
    struct diffmm__csr rows;
    struct diffmm__csr transposed; /* shares the arrays of `rows` where the matrix is symmetric */
};

/* Another hold on an immutable graph. */
diffmm_graph *diffmm__graph_retain(const diffmm_graph *graph);

/* A graph with room for `entries`; the maker fills rows, and calls diffmm__graph_transpose if the
 * matrix is not symmetric. */
diffmm_status diffmm__graph_allocate(const diffmm_context *context, size_t users, size_t items,
                                     size_t entries, bool symmetric, diffmm_graph **out);
void diffmm__graph_transpose(diffmm_graph *graph);

/* The same for a graph that was allocated as a symmetric one, and is none: its transpose gets arrays
 * of its own. */
diffmm_status diffmm__graph_transpose_apart(diffmm_graph *graph);

/* Whether every entry of complete rows stands on the other side of the diagonal too, with the same
 * bits. */
bool diffmm__graph_is_symmetric(const diffmm_graph *graph);

/* What diffmm__graph_allocate will allocate. */
size_t diffmm__graph_bytes(size_t nodes, size_t entries, bool symmetric);

/* Rows of a task where each row is a task's own. */
enum { diffmm__row_grain = 1024 };

/* For what goes through all entries and writes some of the rows: one range for each thread. */
void diffmm__each_worker(const diffmm_context *context, size_t total, diffmm__range_task task,
                         void *argument);

/* Where each row begins, from pointers[r + 1], the size of row r. */
void diffmm__row_starts(size_t rows, int64_t *pointers);

/* Fill a symmetric graph that has room for 2 pairs + nodes entries: as diffmm__graph_from_rows. */
void diffmm__graph_fill(diffmm_graph *graph, const int64_t *pointers, const int32_t *row_items);

/* The normalised adjacency of users' items: user u has items[pointers[u]] .. [pointers[u+1] - 1],
 * ascending, without repetition. */
diffmm_status diffmm__graph_from_rows(const diffmm_context *context, size_t users, size_t items,
                                      const int64_t *pointers, const int32_t *row_items,
                                      diffmm_graph **out);

/* A copy with edges kept at random (stored entry e is kept where the draw at position e of `stream`
 * says so; all of them, and no copy, where keep_rate is 1), in two steps: the first allocates all
 * there is to allocate, and need only know the number of stored entries. All zero holds nothing. */
struct diffmm__edge_drop {
    const diffmm_context *context;
    double keep_rate;
    uint8_t *kept;       /* per entry; NULL where all are kept */
    diffmm_graph *graph; /* room for what is kept */
};
diffmm_status diffmm__edge_drop_begin(const diffmm_context *context, size_t users, size_t items,
                                      size_t entries, double keep_rate, uint64_t seed,
                                      uint64_t stream, struct diffmm__edge_drop *out);
diffmm_graph *diffmm__edge_drop_finish(struct diffmm__edge_drop *drop, const diffmm_graph *graph);
void diffmm__edge_drop_end(struct diffmm__edge_drop *drop);

/* y = add + factor A x (or A^T x): N x d, no overlap of x and y; add may be NULL, or y itself. */
void diffmm__multiply(const diffmm_graph *graph, bool transposed, size_t d, float factor,
                      const float *x, const float *add, float *y);

/* h = sum of A^l x for l = 0 .. layers (or of A^T); scratch is N x d, needed where layers > 1. */
void diffmm__propagate(const diffmm_graph *graph, bool transposed, size_t layers, size_t d,
                       const float *x, float *h, float *scratch);

#endif
