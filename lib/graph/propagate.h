/* SPDX-License-Identifier: BSD-2-Clause */
/* Products of a graph's matrix A with node matrices of N rows and d columns, and propagation. A
 * product costs 2 d FLOPs per entry and is limited by memory; A^T serves the backward pass. */
#ifndef DIFFMM_GRAPH_PROPAGATE_H
#define DIFFMM_GRAPH_PROPAGATE_H

#include "graph/graph.h"

/* y = add + factor A x (or A^T x). x and y do not overlap; add may be NULL, or y itself. */
void diffmm__graph_multiply(const diffmm_graph *graph, bool transposed, size_t d, float factor,
                            const float *x, const float *add, float *y);

/* The same for rows `first` up to `end` alone, whose bits do not depend on the rows computed with
 * them. */
void diffmm__graph_multiply_rows(const diffmm_graph *graph, bool transposed, size_t first,
                                 size_t end, size_t d, float factor, const float *x,
                                 const float *add, float *y);

/* h = sum of A^l x for l = 0 .. layers (or of A^T). scratch has N x d floats, and is needed where
 * layers > 1. */
void diffmm__propagate(const diffmm_graph *graph, bool transposed, size_t layers, size_t d,
                       const float *x, float *h, float *scratch);

/* One step of it, 0 .. layers - 1, on rows `first` up to `end` alone: reads all rows of the step before.
 * Returns where its rows are: in scratch or h, those of the last step in h. */
float *diffmm__propagate_rows(const diffmm_graph *graph, bool transposed, size_t layers,
                              size_t step, size_t first, size_t end, size_t d, const float *x,
                              float *h, float *scratch);

#endif
