/* SPDX-License-Identifier: BSD-2-Clause */
/** @file graph.h
 *  The unit `graph`: normalised user-item graphs and propagation over them.
 *
 *  The nodes are the users, then the items: N = users + items. Node matrices are N x d, row-major,
 *  rows without gaps.
 *
 *  Context and threads: the context may be NULL; a graph never changes and may be used by any
 *  number of threads at once. */
#ifndef DIFFMM_GRAPH_H
#define DIFFMM_GRAPH_H

#include <diffmm/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An immutable sparse N x N matrix. Opaque. */
typedef struct diffmm_graph diffmm_graph;

/** The normalised adjacency of user-item pairs, with self loops (paper, section 3.3):
 *
 *      B = [[0, R], [R^T, 0]] + I,   A_hat = D^-1/2 B D^-1/2,   D = row sums of B,
 *
 *  where R is the binary users x items matrix of the pairs.
 *  @param context  or NULL
 *  @param users    U
 *  @param items    I; together at most 2^31 - 1
 *  @param count    pairs; repeated pairs count once
 *  @param user     `count` numbers, borrowed during the call
 *  @param item     likewise
 *  @param out      receives the graph */
DIFFMM_API diffmm_status diffmm_graph_create_bipartite(diffmm_context *context, size_t users,
                                                       size_t items, size_t count,
                                                       const int32_t *user, const int32_t *item,
                                                       diffmm_graph **out);

/** The same with weights: R has the weight of each pair in the place of 1, and D, the row sums of B,
 *  are sums of weights. With all weights 1 the graph is that of diffmm_graph_create_bipartite(), to
 *  the bit.
 *  @param context  or NULL
 *  @param users    U
 *  @param items    I; together at most 2^31 - 1
 *  @param count    pairs; of repeated pairs the largest weight counts
 *  @param user     `count` numbers, borrowed during the call
 *  @param item     likewise
 *  @param weight   `count` weights, not negative; one that is not finite is DIFFMM_ERROR_NUMERIC. A
 *                  pair of weight 0 is a stored entry of value 0
 *  @param out      receives the graph */
DIFFMM_API diffmm_status diffmm_graph_create_weighted(diffmm_context *context, size_t users,
                                                      size_t items, size_t count,
                                                      const int32_t *user, const int32_t *item,
                                                      const float *weight, diffmm_graph **out);

/** A copy in which each stored entry is kept or dropped on its own.
 *  @param graph      not changed
 *  @param keep_rate  in (0, 1]; kept entries are divided by it
 *  @param kept       one byte per entry in row-major order, non-zero to keep; the result is in
 *                    general no longer symmetric
 *  @param out        receives the copy */
DIFFMM_API diffmm_status diffmm_graph_drop_edges(const diffmm_graph *graph, double keep_rate,
                                                 const uint8_t *kept, diffmm_graph **out);

/** Release; accepts NULL. */
DIFFMM_API void diffmm_graph_destroy(diffmm_graph *graph);

DIFFMM_API size_t diffmm_graph_users(const diffmm_graph *graph);   /**< Number of users. */
DIFFMM_API size_t diffmm_graph_items(const diffmm_graph *graph);   /**< Number of items. */
DIFFMM_API size_t diffmm_graph_entries(const diffmm_graph *graph); /**< Number of stored entries. */

/** The entries in place, as compressed sparse rows: row r has the entries from pointers[r] up to
 *  pointers[r + 1] - 1, with ascending columns. Borrowed until the graph ends. An output that is
 *  not wanted may be NULL. */
DIFFMM_API diffmm_status diffmm_graph_rows(const diffmm_graph *graph, const int64_t **pointers,
                                           const int32_t **columns, const float **values);

/** y = A x, for N x d matrices x and y that do not overlap. */
DIFFMM_API diffmm_status diffmm_graph_multiply(const diffmm_graph *graph, size_t d, const float *x,
                                               float *y);

/** y = A^T x: the backward pass of diffmm_graph_multiply(). */
DIFFMM_API diffmm_status diffmm_graph_multiply_transposed(const diffmm_graph *graph, size_t d,
                                                          const float *x, float *y);

/** Propagation as in LightGCN, but with a sum of the layers in place of their mean:
 *
 *      h = sum of A^l x for l = 0 .. layers.
 *
 *  x and h must not overlap. */
DIFFMM_API diffmm_status diffmm_propagate(const diffmm_graph *graph, size_t layers, size_t d,
                                          const float *x, float *h);

/** The backward pass of diffmm_propagate():
 *
 *      grad_x = sum of (A^T)^l grad_h for l = 0 .. layers. */
DIFFMM_API diffmm_status diffmm_propagate_backward(const diffmm_graph *graph, size_t layers,
                                                   size_t d, const float *grad_h, float *grad_x);

#ifdef __cplusplus
}
#endif
#endif
