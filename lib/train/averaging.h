/* SPDX-License-Identifier: BSD-2-Clause */
/* The average of the recommender's parameters over the steps of training (the option `average`).
 * There are two copies of the parameters: the raw ones, which training goes on from, and their
 * average, which is evaluated, kept and saved. The model has the raw ones while an epoch trains, and
 * the average from the evaluation on until the next epoch; the other copy is here. */
#ifndef DIFFMM_TRAIN_AVERAGING_H
#define DIFFMM_TRAIN_AVERAGING_H

#include "base/memory.h"
#include "losses/share.h"
#include "model/model.h"

struct diffmm__averaging {
    struct diffmm__arena arena;
    double decay;     /* of one step; 0: there is no average */
    uint64_t steps;   /* that the average is over */
    bool served;      /* the model has the average, */
    uint64_t changes; /* as long as it has changed no more often than so */
    float *values;    /* the other copy: all parameters, one after the other */
};

/* With so many steps in an epoch; all zero holds nothing. And what it allocates for a recommender of
 * so many numbers. */
diffmm_status diffmm__averaging_begin(const diffmm_model *model, size_t steps_of_epoch,
                                      struct diffmm__averaging *out);
size_t diffmm__averaging_bytes(const struct diffmm__settings *settings, size_t numbers);
void diffmm__averaging_end(struct diffmm__averaging *averaging);

/* Before an epoch: the model gets the raw parameters back. If it is no longer as the epoch before
 * left it, its present parameters are the raw ones, and the average begins anew. */
void diffmm__averaging_train(struct diffmm__averaging *averaging, diffmm_model *model);

/* After a step: adds the parameters to the average. */
void diffmm__averaging_step(struct diffmm__averaging *averaging, const diffmm_model *model,
                            const struct diffmm__share *share);

/* The averages of the users' embeddings, of which each peer has those of its users, to all; nothing
 * where the model is divided. */
diffmm_status diffmm__averaging_gather(const struct diffmm__averaging *averaging,
                                       const diffmm_model *model,
                                       const struct diffmm__share *share);

/* Before the evaluation: the model gets the average. And where the epoch fails after that: the model
 * gets the raw parameters back. */
void diffmm__averaging_serve(struct diffmm__averaging *averaging, diffmm_model *model);
void diffmm__averaging_withdraw(struct diffmm__averaging *averaging, diffmm_model *model);

/* The parameters that the model has now are the raw ones, and the average begins anew. And whether
 * it is so already, since the model has changed. */
void diffmm__averaging_restart(struct diffmm__averaging *averaging);
bool diffmm__averaging_is_over(const struct diffmm__averaging *averaging,
                               const diffmm_model *model);

#endif
