/* SPDX-License-Identifier: BSD-2-Clause */
/* The users and items of a sealed data set and the training interactions between them. Data sets,
 * models and scorers share it; what a scorer counts as seen may be more (model/seen_of_model.h). It
 * does not change once it is made; references to it are counted. */
#ifndef DIFFMM_DATASET_CATALOG_H
#define DIFFMM_DATASET_CATALOG_H

#include <stdatomic.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "dataset/ids.h"
#include "linalg/csr.h"

struct diffmm__catalog {
    diffmm_context *context;
    atomic_size_t references;
    size_t users, items;
    size_t placed; /* the last items: put there by their features, not trained (new_items.h) */
    struct diffmm__ids user_ids, item_ids;
    struct diffmm__csr train; /* users x items: the training interactions */
};

/* An empty catalog (all zero but the context and one reference) for the caller to fill, with memory
 * from the context's allocator; NULL without memory. */
struct diffmm__catalog *diffmm__catalog_create(diffmm_context *context);
struct diffmm__catalog *diffmm__catalog_retain(struct diffmm__catalog *catalog);
void diffmm__catalog_release(struct diffmm__catalog *catalog);

/* The items that were trained, which come first. */
static inline size_t diffmm__catalog_trained(const struct diffmm__catalog *catalog)
{
    return catalog->items - catalog->placed;
}

/* For each item its number in `trained`, or -1 where that does not have it, or has not trained it;
 * returns how many have one. */
size_t diffmm__catalog_match_items(const struct diffmm__catalog *catalog,
                                   const struct diffmm__catalog *trained, int32_t *out);

/* Nodes of graphs and training pairs are numbered by int32_t: DIFFMM_ERROR_INVALID_ARGUMENT where
 * there are more users and items together, or more pairs, than an int32_t can number. */
diffmm_status diffmm__catalog_check_counts(size_t users, size_t items, size_t pairs);

#endif
