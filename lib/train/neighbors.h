/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated neighbours of all users, as the rows of a graph: of one modality at a time, or,
 * where they are kept for later epochs (the option `generate.every`), of every modality. */
#ifndef DIFFMM_TRAIN_NEIGHBORS_H
#define DIFFMM_TRAIN_NEIGHBORS_H

#include "linalg/csr.h"
#include "train/plan/epoch_plan.h"

struct diffmm__neighbors {
    size_t users, items, count; /* count: neighbours of a user at the most */
    bool kept;                  /* every modality's */
    int64_t *pointers;          /* users + 1: where each user's begin among all that there are */
    int32_t *rows;              /* users x count; as many times as there are modalities, if kept */
    int32_t *packed; /* where some have fewer than `count`: one modality's, without gaps */
    /* Only where scores are weights (the option `generate.weights`): */
    float *weights, *packed_weights; /* as many as rows; as packed */
    struct diffmm__neighbor *sorted; /* count: one user's */
};

/* Takes the memory from an arena, which may only measure; and says where the rows begin. */
void diffmm__neighbors_take(struct diffmm__arena *arena, const struct diffmm__plan *plan,
                            struct diffmm__neighbors *out);
void diffmm__neighbors_begin(struct diffmm__neighbors *neighbors,
                             const struct diffmm__settings *settings,
                             const struct diffmm__csr *train);

/* Where the items of modality `m` are, and their scores: users x count each, as they are generated,
 * each user's largest score first, and -1 for items that are not there. They are then put in the
 * order that a graph needs: ascending, so that -1 come first. Scores become weights:
 *     w_i = max(s_i, 0) / mean over the user's items j of max(s_j, 0),
 * so that a user's weights are 1 in the mean, as without scores; all 1 where no score is above 0.
 * Returns the first user for whom fewer items were found than there are, or whose scores are not
 * finite; the number of users where there is none. */
int32_t *diffmm__neighbors_items(const struct diffmm__neighbors *neighbors, size_t m);
float *diffmm__neighbors_weights(const struct diffmm__neighbors *neighbors, size_t m);
size_t diffmm__neighbors_order(const struct diffmm__neighbors *neighbors, size_t m);

/* Gives the users from number `known` on what those before have, over and over; and modality `to`
 * what modality `from` has. */
void diffmm__neighbors_repeat(const struct diffmm__neighbors *neighbors, size_t m, size_t known);
void diffmm__neighbors_copy(const struct diffmm__neighbors *neighbors, size_t from, size_t to);

/* The rows in that order, with weights where scores are; until the next call for any modality. */
struct diffmm__csr diffmm__neighbors_rows(const struct diffmm__neighbors *neighbors, size_t m);

#endif
