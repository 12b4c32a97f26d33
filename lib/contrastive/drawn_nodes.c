/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/drawn_nodes.h"

#include "base/pool.h"
#include "base/random.h"

struct draw {
    uint64_t seed, stream, nodes;
    int32_t *out;
};

static void draw_range(void *argument, size_t begin, size_t end)
{
    const struct draw *d = argument;
    for (size_t j = begin; j < end; j++)
        d->out[j] = (int32_t)diffmm__random_below(d->seed, d->stream, j, d->nodes);
}

void diffmm__drawn_nodes_fill(const diffmm_context *context, uint64_t seed, uint64_t stream,
                              size_t nodes, size_t count, int32_t *out)
{
    struct draw draw = {.seed = seed, .stream = stream, .nodes = nodes, .out = out};
    diffmm__parallel_ranges(context, count, 2048, draw_range, &draw);
}
