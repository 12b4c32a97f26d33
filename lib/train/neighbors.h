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
    /* Only where scores are weights (the option `generate.weights`): */
    float *weights;                  /* as many as rows */
    struct diffmm__neighbor *sorted; /* count: one user's */
};

/* Takes the memory from an arena, which may only measure; and says where the rows begin. */
void diffmm__neighbors_take(struct diffmm__arena *arena, const struct diffmm__plan *plan,
                            struct diffmm__neighbors *out);
void diffmm__neighbors_begin(struct diffmm__neighbors *neighbors);

/* Where the items of modality `m` are, and their scores: users x count each. They are generated in
 * any order, and then put in the order that a graph needs: ascending. Scores become weights:
 *     w_i = max(s_i, 0) / mean over the user's items j of max(s_j, 0),
 * so that a user's weights are 1 in the mean, as without scores; all 1 where no score is above 0.
 * Returns the first user who has fewer items, which are then -1, or whose scores are not finite; the
 * number of users where there is none. */
int32_t *diffmm__neighbors_items(const struct diffmm__neighbors *neighbors, size_t m);
float *diffmm__neighbors_weights(const struct diffmm__neighbors *neighbors, size_t m);
size_t diffmm__neighbors_order(const struct diffmm__neighbors *neighbors, size_t m);

/* Gives the users from number `known` on what those before have, over and over; and modality `to`
 * what modality `from` has. */
void diffmm__neighbors_repeat(const struct diffmm__neighbors *neighbors, size_t m, size_t known);
void diffmm__neighbors_copy(const struct diffmm__neighbors *neighbors, size_t from, size_t to);

/* The rows in that order, with weights where scores are. */
struct diffmm__csr diffmm__neighbors_rows(const struct diffmm__neighbors *neighbors, size_t m);

#endif
