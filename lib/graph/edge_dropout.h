/* SPDX-License-Identifier: BSD-2-Clause */
/* Edge dropout: each stored entry (each direction and each self loop on its own) is kept with
 * probability keep_rate, and divided by it. */
#ifndef DIFFMM_GRAPH_EDGE_DROPOUT_H
#define DIFFMM_GRAPH_EDGE_DROPOUT_H

#include "graph/graph.h"

/* A copy of a graph with some edges, in two steps: the first draws and allocates everything, for
 * which it needs only the number of stored entries; the second copies. Entry e is kept if the draw
 * at position e of `stream` is below keep_rate. If keep_rate is 1, all are kept, and the copy is
 * the graph itself. All zero holds nothing. */
struct diffmm__edge_dropout {
    const diffmm_context *context;
    double keep_rate;
    uint8_t *kept;       /* per entry; NULL where all are kept */
    diffmm_graph *graph; /* room for what is kept */
};
diffmm_status diffmm__edge_dropout_begin(const diffmm_context *context, size_t users, size_t items,
                                         size_t entries, double keep_rate, uint64_t seed,
                                         uint64_t stream, struct diffmm__edge_dropout *out);
diffmm_graph *diffmm__edge_dropout_finish(struct diffmm__edge_dropout *dropout,
                                          const diffmm_graph *graph);
void diffmm__edge_dropout_end(struct diffmm__edge_dropout *dropout);

#endif
