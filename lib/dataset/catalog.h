/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the users and items are and what each user has seen: what a sealed data set, its models and
 * scorers share. Immutable once made; counted references. */
#ifndef DIFFMM_DATASET_CATALOG_H
#define DIFFMM_DATASET_CATALOG_H

#include <stdatomic.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "dataset/ids.h"
#include "dataset/rows.h"

struct diffmm__catalog {
    diffmm_context *context;
    atomic_size_t references;
    size_t users, items;
    struct diffmm__ids user_ids, item_ids;
    struct diffmm__rows seen; /* the training rows */
};

/* An empty catalog (all zero but context and one reference), to be filled by its maker with blocks
 * from the context's allocator. */
struct diffmm__catalog *diffmm__catalog_create(diffmm_context *context);
struct diffmm__catalog *diffmm__catalog_retain(struct diffmm__catalog *catalog);
void diffmm__catalog_release(struct diffmm__catalog *catalog);

/* Nodes of graphs and training pairs are numbered by int32_t: DIFFMM_ERROR_INVALID_ARGUMENT where
 * the users and items together, or the pairs, are more than that counts. */
diffmm_status diffmm__catalog_check_counts(size_t users, size_t items, size_t pairs);

#endif
