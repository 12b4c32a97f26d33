/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a user's scores spread over all items, and what a denoiser's scores are multiplied by in a
 * blend (model/blend.h): the same for the users of training and for those who are folded in. */
#ifndef DIFFMM_MODEL_SCORE_SPREAD_H
#define DIFFMM_MODEL_SCORE_SPREAD_H

#include <stddef.h>

/* Of an n x n matrix. */
double diffmm__score_spread_trace(size_t n, const float *covariance);

/* The standard deviation of the scores of a row h of n floats: sqrt(h^T C h), with C the covariance
 * of the items' rows, of the given trace, and ch = h C. 0 where it is 0 or not finite, or may be
 * nothing but rounding. */
double diffmm__score_spread(size_t n, const float *h, const float *ch, double trace);

/* c = blend sd(H) / (modalities sd(m)), where `own` is sd(H) and `denoiser` is sd(m): 0 where sd(m)
 * is 0, or c too large for a float; 1 stands for an sd(H) of 0. */
float diffmm__score_spread_factor(double blend, size_t modalities, double own, double denoiser);

#endif
