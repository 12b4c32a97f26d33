/* SPDX-License-Identifier: BSD-2-Clause */
/* The nodes that stand for all in the denominators of a step's contrasts. */
#ifndef DIFFMM_CONTRASTIVE_DRAWN_NODES_H
#define DIFFMM_CONTRASTIVE_DRAWN_NODES_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* Draws `count` of `nodes` nodes, uniformly and with replacement: a function of the seed, the
 * stream (base/streams.h) and the place in the list. */
void diffmm__drawn_nodes_fill(const diffmm_context *context, uint64_t seed, uint64_t stream,
                              size_t nodes, size_t count, int32_t *out);

#endif
