/* SPDX-License-Identifier: BSD-2-Clause */
/* The normalised adjacency of a bipartite graph with self loops (paper, section 3.3), for the
 * binary users x items matrix R:
 *     B = [[0, R], [R^T, 0]] + I,   A_hat = D^-1/2 B D^-1/2,   D = row sums of B.
 * Time and memory are linear in nodes and entries. */
#ifndef DIFFMM_GRAPH_BIPARTITE_H
#define DIFFMM_GRAPH_BIPARTITE_H

#include "graph/graph.h"
#include "linalg/csr.h"

/* A_hat of R, given by rows. */
diffmm_status diffmm__bipartite_from_rows(const diffmm_context *context,
                                          const struct diffmm__csr *rows, diffmm_graph **out);

/* The same, into a symmetric graph that has room for two entries per entry of R, and one per
 * node. */
void diffmm__bipartite_fill(diffmm_graph *graph, const struct diffmm__csr *rows);

#endif
