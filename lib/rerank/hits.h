/* SPDX-License-Identifier: BSD-2-Clause */
/* Hits that a caller gives. */
#ifndef DIFFMM_RERANK_HITS_H
#define DIFFMM_RERANK_HITS_H

#include <stdbool.h>

#include <diffmm/recommend.h>

/* The array is not NULL, each item is at least 0 and below `items`, and, where scores count, each is
 * finite; messages call it `name`. */
diffmm_status diffmm__hits_check(const char *name, size_t count, const diffmm_hit *hits,
                                 size_t items, bool scores);

/* Where `found` hits of `count` go. */
diffmm_status diffmm__hits_check_out(size_t count, const diffmm_hit *out, const size_t *found);

/* Whether one of the hits is of the item. */
bool diffmm__hits_have(size_t count, const diffmm_hit *hits, int32_t item);

#endif
