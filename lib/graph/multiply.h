/* SPDX-License-Identifier: BSD-2-Clause */
/* Products of a graph's matrix A with node matrices of N rows and d columns. A product costs 2 d FLOPs
 * per entry and is limited by memory; A^T serves the backward pass. */
#ifndef DIFFMM_GRAPH_MULTIPLY_H
#define DIFFMM_GRAPH_MULTIPLY_H

#include "graph/graph.h"
#include "losses/share.h"

/* y = add + factor A x (or A^T x). x and y do not overlap; add may be NULL, or y itself. */
void diffmm__graph_multiply(const diffmm_graph *graph, bool transposed, size_t d, float factor,
                            const float *x, const float *add, float *y);

/* The same for rows `first` up to `end` alone, whose bits do not depend on the rows computed with
 * them. */
void diffmm__graph_multiply_rows(const diffmm_graph *graph, bool transposed, size_t first,
                                 size_t end, size_t d, float factor, const float *x,
                                 const float *add, float *y);

/* The same for the rows that a peer has, its users' and all items', of matrices of which it has these
 * rows. The graph has entries between users and items, and loops. */
diffmm_status diffmm__graph_multiply_shared(const struct diffmm__share *share,
                                            const diffmm_graph *graph, bool transposed,
                                            float factor, const float *x, const float *add,
                                            float *y);

#endif
