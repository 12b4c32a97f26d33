/* SPDX-License-Identifier: BSD-2-Clause */
/* Propagation over a graph. */
#ifndef DIFFMM_GRAPH_PROPAGATE_H
#define DIFFMM_GRAPH_PROPAGATE_H

#include "graph/multiply.h"

/* h = sum of A^l x for l = 0 .. layers (or of A^T). scratch has N x d floats, and is needed where
 * layers > 1. */
void diffmm__propagate(const diffmm_graph *graph, bool transposed, size_t layers, size_t d,
                       const float *x, float *h, float *scratch);

/* The same of the rows that a peer has, its users' and all items'. */
diffmm_status diffmm__propagate_shared(const struct diffmm__share *share, const diffmm_graph *graph,
                                       bool transposed, size_t layers, const float *x, float *h,
                                       float *scratch);

#endif
