/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs of the reference files. */
#ifndef DIFFMM_TESTS_GRAPHS_H
#define DIFFMM_TESTS_GRAPHS_H

#include <diffmm/graph.h>

#include "compare.h"

/* The normalised adjacency of the pairs in two arrays of the file. */
diffmm_graph *graph_read(struct reference *reference, size_t users, size_t items,
                         const char *user_array, const char *item_array);

/* Compare a graph's entries with adj_row, adj_col and adj_val. */
void graph_expect(struct reference *reference, const diffmm_graph *graph);

#endif
