/* SPDX-License-Identifier: BSD-2-Clause */
/* The training pairs of an epoch, shuffled, each with a negative item. */
#ifndef DIFFMM_TRAIN_SAMPLER_H
#define DIFFMM_TRAIN_SAMPLER_H

#include "base/memory.h"
#include "dataset/catalog.h"

struct diffmm__pairs {
    struct diffmm__arena arena;
    size_t count;             /* pairs whose user has an item left that may serve as negative */
    int32_t *user, *positive; /* in the order of the rows */
    int32_t *order;           /* of this epoch */
    /* In this epoch's order. */
    int32_t *batch_user, *batch_positive, *batch_negative;
};

diffmm_status diffmm__pairs_create(const diffmm_context *context,
                                   const struct diffmm__catalog *catalog,
                                   struct diffmm__pairs *out);
/* What diffmm__pairs_create will allocate for so many training pairs. */
size_t diffmm__pairs_bytes(size_t pairs);
void diffmm__pairs_end(struct diffmm__pairs *pairs);

/* Shuffle, and draw for every pair an item that its user has not touched, uniformly. */
void diffmm__pairs_draw(struct diffmm__pairs *pairs, const diffmm_context *context,
                        const struct diffmm__catalog *catalog, uint64_t seed, uint64_t epoch);

#endif
