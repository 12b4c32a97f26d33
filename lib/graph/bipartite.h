/* SPDX-License-Identifier: BSD-2-Clause */
/* The normalised adjacency of a bipartite graph with self loops (paper, section 3.3), for the users x
 * items matrix R, which is binary, or has weights that are not negative:
 *     B = [[0, R], [R^T, 0]] + I,   A_hat = D^-1/2 B D^-1/2,   D = row sums of B.
 * With weights that are all 1 the bits are those of the binary matrix.
 * Time and memory are linear in nodes and entries. */
#ifndef DIFFMM_GRAPH_BIPARTITE_H
#define DIFFMM_GRAPH_BIPARTITE_H

#include "graph/graph.h"
#include "linalg/csr.h"

/* A_hat of a binary R, given by rows. */
diffmm_status diffmm__bipartite_from_rows(const diffmm_context *context,
                                          const struct diffmm__csr *rows, diffmm_graph **out);

/* The same, into a symmetric graph that has room for two entries per entry of R, and one per
 * node. */
void diffmm__bipartite_fill(diffmm_graph *graph, const struct diffmm__csr *rows);

/* The same of rows with values. `degrees` is room for a number per node. */
void diffmm__bipartite_fill_weighted(diffmm_graph *graph, const struct diffmm__csr *rows,
                                     double *degrees);

#endif
