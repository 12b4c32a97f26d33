/* SPDX-License-Identifier: BSD-2-Clause */
/** @file optim.h
 *  The unit `optim`: Adam, averages of parameters, BPR, L2, initial values.
 *
 *  Plain arrays, row-major without gaps. Gradients may be NULL; where given they are overwritten.
 *  DIFFMM_ERROR_NUMERIC where numbers given are not finite and the function says so.
 *
 *  Context and threads: no context, since nothing is allocated and no thread started; any thread at
 *  any time, on arrays that no other thread writes. */
#ifndef DIFFMM_OPTIM_H
#define DIFFMM_OPTIM_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Settings of Adam. Zero in a field means its default. */
typedef struct diffmm_adam {
    size_t struct_size;   /**< as for diffmm_context_settings */
    double learning_rate; /**< default 1e-3 */
    double beta1;         /**< default 0.9 */
    double beta2;         /**< default 0.999 */
    double epsilon;       /**< default 1e-8 */
    double weight_decay;  /**< decoupled; 0, the default: none */
} diffmm_adam;

/** One Adam step (Kingma and Ba 2015, algorithm 1), in place: m = beta1 m + (1 - beta1) g,
 *  v = beta2 v + (1 - beta2) g^2, x -= learning_rate m / (1 - beta1^step) /
 *  (sqrt(v / (1 - beta2^step)) + epsilon). With weight_decay (AdamW: Loshchilov and Hutter 2019,
 *  algorithm 2) x is first multiplied by 1 - learning_rate weight_decay, which must be above 0.
 *  @param adam           borrowed; NULL: all defaults
 *  @param step           1 for the first step
 *  @param count          size of the four arrays
 *  @param parameter      x
 *  @param gradient       g
 *  @param first_moment   m, 0 before the first step
 *  @param second_moment  v, 0 before the first step */
DIFFMM_API diffmm_status diffmm_adam_step(const diffmm_adam *adam, uint64_t step, size_t count,
                                          float *parameter, const float *gradient,
                                          float *first_moment, float *second_moment);

/** Adds the present values of a parameter to their exponentially weighted average, in place:
 *
 *      a_t = a_(t-1) + (1 - decay) / (1 - decay^t) (x_t - a_(t-1)),
 *
 *  which is the mean of x_1 .. x_t with the weights decay^(t - s). Nothing of a_0 remains. Where
 *  training ends near a minimum that its steps jump about, the average is nearer to it than the last
 *  step (Polyak and Juditsky 1992).
 *  @param decay      in [0, 1)
 *  @param step       t, 1 for the first step
 *  @param count      size of both arrays
 *  @param parameter  x_t
 *  @param average    a_(t-1), becomes a_t; not read in the first step */
DIFFMM_API diffmm_status diffmm_average_step(double decay, uint64_t step, size_t count,
                                             const float *parameter, float *average);

/** What diffmm_bpr_with() reads and writes. */
typedef struct diffmm_bpr_arguments {
    size_t struct_size;       /**< as for diffmm_context_settings */
    size_t users;             /**< U */
    size_t items;             /**< I */
    size_t d;                 /**< columns of the matrices */
    const float *user_matrix; /**< users x d */
    const float *item_matrix; /**< items x d */
    size_t count; /**< size of the batch, in which a triple counts as often as it stands there */
    const int32_t *user;     /**< `count` numbers */
    const int32_t *positive; /**< `count` numbers */
    const int32_t *negative; /**< `count` numbers */
    double divisor;          /**< the configured batch size, which may exceed count */
    double *loss;            /**< receives the value, or NULL */
    float *grad_user;        /**< users x d, or NULL */
    float *grad_item;        /**< items x d, or NULL */
} diffmm_bpr_arguments;

/** Bayesian personalised ranking (Rendle et al. 2009; paper, equation 19), where s is the dot
 *  product of two rows:
 *
 *      sum over b of -log sigmoid(s(u_b, i_b) - s(u_b, j_b)) / divisor.
 *
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_bpr_with(const diffmm_bpr_arguments *arguments);

/** diffmm_bpr_with(), one argument after the other: for unit tests of this term. */
DIFFMM_API diffmm_status diffmm_bpr(size_t users, size_t items, size_t d, const float *user_matrix,
                                    const float *item_matrix, size_t count, const int32_t *user,
                                    const int32_t *positive, const int32_t *negative,
                                    double divisor, double *loss, float *grad_user,
                                    float *grad_item);

/** weight * ||x||^2 and its gradient 2 weight x. */
DIFFMM_API diffmm_status diffmm_l2(size_t count, const float *x, double weight, double *loss,
                                   float *grad);

/** Xavier uniform: within +- sqrt(6 / (rows + columns)). `stream` tells draws of one seed apart. */
DIFFMM_API diffmm_status diffmm_initialize_xavier(size_t rows, size_t columns, uint64_t seed,
                                                  uint64_t stream, float *out);

/** Uniform within +- bound. */
DIFFMM_API diffmm_status diffmm_initialize_uniform(size_t count, double bound, uint64_t seed,
                                                   uint64_t stream, float *out);

/** Normal with mean 0 and the given standard deviation. */
DIFFMM_API diffmm_status diffmm_initialize_normal(size_t count, double deviation, uint64_t seed,
                                                  uint64_t stream, float *out);

#ifdef __cplusplus
}
#endif
#endif
