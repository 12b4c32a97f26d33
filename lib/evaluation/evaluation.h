/* SPDX-License-Identifier: BSD-2-Clause */
/* All-ranking evaluation, made once and run again and again: one ranking of each user for whichever
 * of the two splits are wanted. */
#ifndef DIFFMM_EVALUATION_EVALUATION_H
#define DIFFMM_EVALUATION_EVALUATION_H

#include <stdbool.h>

#include <diffmm/metrics.h>

struct diffmm__evaluation;

/* What is evaluated: a sum of these. */
enum {
    DIFFMM__EVALUATE_VALID = 1,
    DIFFMM__EVALUATE_TEST = 2,
    DIFFMM__EVALUATE_KNOWN = 4 /* leave out users who have no training interaction */
};

/* Members as for diffmm_evaluate_with(), checked. */
struct diffmm__evaluation_request {
    size_t d;
    size_t cutoff_count;
    const size_t *cutoffs;
    unsigned what;
    size_t users; /* of those who count, so many are drawn by the seed; 0: all are taken */
    uint64_t seed;
};

/* How many users that is, where `active` ones count. */
size_t diffmm__evaluation_users(size_t active, size_t wanted);

/* Data set and cutoffs are borrowed until the evaluation ends. */
diffmm_status diffmm__evaluation_create(const diffmm_context *context,
                                        const diffmm_dataset *dataset,
                                        const struct diffmm__evaluation_request *request,
                                        struct diffmm__evaluation **out);
void diffmm__evaluation_destroy(struct diffmm__evaluation *evaluation);

/* What an evaluation of `active` users holds, once diffmm__evaluation_create() has drawn them. */
size_t diffmm__evaluation_bytes(size_t active, size_t items, size_t d, size_t cutoff_count,
                                const size_t *cutoffs, size_t threads);

/* Bytes of one user's results at one cutoff, for both splits. */
size_t diffmm__evaluation_result_bytes(void);

/* The smallest cutoff that reaches the end of some user's ranking: a user with something held out
 * who has no more items left to rank has the same Recall there whatever the model. How many such
 * users there are, and of how many. 0 where no cutoff reaches so far. */
struct diffmm__saturation {
    size_t cutoff, users, of;
};
struct diffmm__saturation
diffmm__evaluation_saturation(const struct diffmm__evaluation *evaluation);

/* `valid` and `test` receive cutoff_count results each, the same bits as split by split; one that
 * is not wanted is left alone. The matrices are finite. */
void diffmm__evaluation_run(struct diffmm__evaluation *evaluation, const float *user_matrix,
                            const float *item_matrix, diffmm_metrics *valid, diffmm_metrics *test);

/* The parts of diffmm__evaluation_run(): who is evaluated, ascending users; ranking `count` of them from
 * the one numbered `first` on, which takes the time, and is best done with many blocks of users at once;
 * then the means of all. */
struct diffmm__evaluated_users {
    const int32_t *users;
    size_t count, block;
};
struct diffmm__evaluated_users diffmm__evaluation_who(const struct diffmm__evaluation *evaluation);
void diffmm__evaluation_rank(struct diffmm__evaluation *evaluation, const float *user_matrix,
                             const float *item_matrix, size_t first, size_t count);
void diffmm__evaluation_means(const struct diffmm__evaluation *evaluation, diffmm_metrics *valid,
                              diffmm_metrics *test);

/* What is known of every user who is evaluated, one after the other, of `of_user` bytes each. Who ranks
 * some users only sets the others' here. */
struct diffmm__user_results {
    void *data;
    size_t of_user;
};
struct diffmm__user_results diffmm__evaluation_results(const struct diffmm__evaluation *evaluation);

#endif
