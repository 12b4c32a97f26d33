/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated neighbours of all users, as the rows of a graph: of one modality at a time, or,
 * where they are kept for later epochs (the option `generate.every`), of every modality. */
#ifndef DIFFMM_TRAIN_NEIGHBORS_H
#define DIFFMM_TRAIN_NEIGHBORS_H

#include "linalg/csr.h"
#include "train/plan/epoch_plan.h"

struct diffmm__neighbors {
    size_t users, items, count; /* count: neighbours of each user */
    bool kept;                  /* every modality's */
    int64_t *pointers;          /* users + 1: where each user's row begins */
    int32_t *rows;              /* users x count; as many times as there are modalities, if kept */
};

/* Takes the memory from an arena, which may only measure; and says where the rows begin. */
void diffmm__neighbors_take(struct diffmm__arena *arena, const struct diffmm__plan *plan,
                            struct diffmm__neighbors *out);
void diffmm__neighbors_begin(struct diffmm__neighbors *neighbors);

/* Where the items of modality `m` are: users x count. They are drawn in any order, and then put in
 * the order that a graph needs: ascending. Returns the first user who has fewer items, which are
 * then -1; the number of users where there is none. */
int32_t *diffmm__neighbors_items(const struct diffmm__neighbors *neighbors, size_t m);
size_t diffmm__neighbors_order(const struct diffmm__neighbors *neighbors, size_t m);

/* The rows in that order. */
struct diffmm__csr diffmm__neighbors_rows(const struct diffmm__neighbors *neighbors, size_t m);

#endif
