/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/edge_dropout.h"

#include <math.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/status.h"

enum { draw_grain = 8192 };

static size_t count_kept(size_t entries, const uint8_t *kept)
{
    size_t count = 0;
    for (size_t e = 0; e < entries; e++)
        count += kept[e] != 0;
    return count;
}

struct keep {
    const struct diffmm__csr *from;
    struct diffmm__csr *to;
    double keep_rate;
    const uint8_t *kept;
};

static void count_rows(void *argument, size_t begin, size_t end)
{
    const struct keep *k = argument;
    for (size_t r = begin; r < end; r++) {
        int64_t first = k->from->pointers[r], after = k->from->pointers[r + 1];
        k->to->pointers[r + 1] = (int64_t)count_kept((size_t)(after - first), k->kept + first);
    }
}

static void keep_rows(void *argument, size_t begin, size_t end)
{
    const struct keep *k = argument;
    for (size_t r = begin; r < end; r++) {
        int64_t place = k->to->pointers[r];
        for (int64_t e = k->from->pointers[r]; e < k->from->pointers[r + 1]; e++)
            if (k->kept[e]) {
                k->to->indices[place] = k->from->indices[e];
                k->to->values[place++] = (float)((double)k->from->values[e] / k->keep_rate);
            }
    }
}

/* Copy the entries of `graph` where kept[e] is not 0 into a graph that has room for them. */
static void keep_entries(const diffmm_graph *graph, double keep_rate, const uint8_t *kept,
                         diffmm_graph *out)
{
    struct keep k = {.from = &graph->rows, .to = &out->rows, .keep_rate = keep_rate, .kept = kept};
    diffmm__parallel_ranges(graph->context, graph->nodes, diffmm__row_grain, count_rows, &k);
    diffmm__csr_row_starts(graph->nodes, out->rows.pointers);
    diffmm__parallel_ranges(graph->context, graph->nodes, diffmm__row_grain, keep_rows, &k);
    diffmm__graph_transpose(out);
}

diffmm_status diffmm_graph_drop_edges(const diffmm_graph *graph, double keep_rate,
                                      const uint8_t *kept, diffmm_graph **out)
{
    DIFFMM__CALL call = diffmm__call_reads(graph);
    if (!graph || !kept || !out)
        return diffmm__null(!graph ? "graph" : !kept ? "kept" : "out");
    if (!isgreater(keep_rate, 0.0) || keep_rate > 1.0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "keep_rate is not in (0, 1]");
    diffmm_graph *dropped;
    diffmm_status status =
        diffmm__graph_create(graph->context, graph->users, graph->items,
                             count_kept(diffmm_graph_entries(graph), kept), false, &dropped);
    if (status)
        return status;
    keep_entries(graph, keep_rate, kept, dropped);
    *out = dropped;
    return DIFFMM_OK;
}

struct draw {
    double keep_rate;
    uint64_t seed, stream;
    uint8_t *kept;
};

static void draw_entries(void *argument, size_t begin, size_t end)
{
    const struct draw *d = argument;
    for (size_t e = begin; e < end; e++)
        d->kept[e] = diffmm__random_real(d->seed, d->stream, e) < d->keep_rate;
}

diffmm_status diffmm__edge_dropout_begin(const diffmm_context *context, size_t users, size_t items,
                                         size_t entries, double keep_rate, uint64_t seed,
                                         uint64_t stream, struct diffmm__edge_dropout *out)
{
    *out = (struct diffmm__edge_dropout){.context = context, .keep_rate = keep_rate};
    if (keep_rate >= 1.0)
        return DIFFMM_OK;
    out->kept = diffmm__allocate(context, entries, 1);
    if (!out->kept)
        return DIFFMM_ERROR_NO_MEMORY;
    struct draw draw = {.keep_rate = keep_rate, .seed = seed, .stream = stream, .kept = out->kept};
    diffmm__parallel_ranges(context, entries, draw_grain, draw_entries, &draw);
    diffmm_status status = diffmm__graph_create(context, users, items,
                                                count_kept(entries, out->kept), false, &out->graph);
    if (status)
        diffmm__edge_dropout_end(out);
    return status;
}

diffmm_graph *diffmm__edge_dropout_finish(struct diffmm__edge_dropout *drop,
                                          const diffmm_graph *graph)
{
    if (!drop->kept)
        return diffmm__graph_retain(graph);
    diffmm_graph *dropped = drop->graph;
    drop->graph = NULL;
    keep_entries(graph, drop->keep_rate, drop->kept, dropped);
    diffmm__edge_dropout_end(drop);
    return dropped;
}

void diffmm__edge_dropout_end(struct diffmm__edge_dropout *drop)
{
    diffmm_graph_destroy(drop->graph);
    diffmm__release(drop->context, drop->kept);
    *drop = (struct diffmm__edge_dropout){0};
}
