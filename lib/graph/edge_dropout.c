/* SPDX-License-Identifier: BSD-2-Clause */
/* Edge dropout: each stored entry, each direction and each self loop on its own, is kept with
 * probability keep_rate and divided by it. */
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "graph/graph.h"

/* The entries of `graph` where kept[e] is not 0. */
static diffmm_status keep_entries(const diffmm_graph *graph, double keep_rate, const uint8_t *kept,
                                  diffmm_graph **out)
{
    const struct diffmm__csr *from = &graph->rows;
    size_t entries = diffmm_graph_entries(graph), left = 0;
    for (size_t e = 0; e < entries; e++)
        left += kept[e] != 0;
    diffmm_graph *dropped;
    diffmm_status status =
        diffmm__graph_allocate(graph->context, graph->users, graph->items, left, &dropped);
    if (status)
        return status;
    struct diffmm__csr *to = &dropped->rows;
    int64_t place = 0;
    for (size_t r = 0; r < graph->nodes; r++) {
        to->pointers[r] = place;
        for (int64_t e = from->pointers[r]; e < from->pointers[r + 1]; e++)
            if (kept[e]) {
                to->columns[place] = from->columns[e];
                to->values[place++] = (float)((double)from->values[e] / keep_rate);
            }
    }
    to->pointers[graph->nodes] = place;
    status = diffmm__graph_transpose(dropped);
    if (status) {
        diffmm_graph_destroy(dropped);
        return status;
    }
    *out = dropped;
    return DIFFMM_OK;
}

diffmm_status diffmm_graph_drop_edges(const diffmm_graph *graph, double keep_rate,
                                      const uint8_t *kept, diffmm_graph **out)
{
    if (!graph || !kept || !out)
        return diffmm__null(!graph ? "graph" : !kept ? "kept" : "out");
    if (!(keep_rate > 0.0 && keep_rate <= 1.0))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "keep_rate is not in (0, 1]");
    return keep_entries(graph, keep_rate, kept, out);
}

diffmm_status diffmm__graph_drop_random(const diffmm_graph *graph, double keep_rate, uint64_t seed,
                                        uint64_t stream, diffmm_graph **out)
{
    if (keep_rate >= 1.0) {
        *out = diffmm__graph_retain(graph);
        return DIFFMM_OK;
    }
    size_t entries = diffmm_graph_entries(graph);
    uint8_t *kept = diffmm__allocate(graph->context, entries, 1);
    if (!kept)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t e = 0; e < entries; e++)
        kept[e] = diffmm__random_real(seed, stream, e) < keep_rate;
    diffmm_status status = keep_entries(graph, keep_rate, kept, out);
    diffmm__release(graph->context, kept);
    return status;
}
