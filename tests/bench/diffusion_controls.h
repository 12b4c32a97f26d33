/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours that need no diffusion, to compare generated ones with. */
#ifndef DIFFMM_BENCH_DIFFUSION_CONTROLS_H
#define DIFFMM_BENCH_DIFFUSION_CONTROLS_H

#include "common.h"

/* The interactions of a split, by rows; and the features of a modality. */
struct bench_rows {
    size_t users, items;
    int64_t *pointers;
    int32_t *row;
};
struct bench_rows bench_rows_of(const diffmm_dataset *dataset, diffmm_split split);
void bench_rows_end(struct bench_rows *rows);

/* A list of `length` items for each user, best first, none of which the user has in training; -1
 * where there are fewer. To be freed. */
typedef int32_t *(*control_function)(const struct bench_rows *train, size_t length);

int32_t *control_random(const struct bench_rows *train, size_t length);
int32_t *control_popular(const struct bench_rows *train, size_t length);

/* By the sum over the user's items i of the cosine between the columns of i and j in the training
 * matrix, shrunk where users are few,
 *     (users of both) / (sqrt(users of i, times users of j) + 10). */
int32_t *control_item_knn(const struct bench_rows *train, size_t length);

/* The user's own items: the graph without diffusion. They are not new, so nothing is ranked. */
int32_t *control_observed(const struct bench_rows *train, size_t length);

/* The share of hits that items at random, none of the user's own, are expected to have: the mean over
 * users who have held-out items of these / (all items - own items). */
double control_random_hits(const struct bench_rows *train, const struct bench_rows *held);

/* Recall of the lists' first items on held-out ones, mean over users who have both. */
double control_recall(const struct bench_rows *train, const struct bench_rows *held, size_t length,
                      const int32_t *lists);

#endif
