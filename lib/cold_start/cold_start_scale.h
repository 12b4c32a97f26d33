/* SPDX-License-Identifier: BSD-2-Clause */
/* How far new items are moved away from the mean, to be recommended as often as trained ones. A
 * user's bar is the score of the K-th best trained item that the user has not seen. With p the
 * prediction for an item and u the user's embedding, an item at
 *
 *     mean + a p
 *
 * reaches the bar where
 *
 *     a >= (bar - u . mean) / (u . p),   if u . p > 0.
 *
 * A trained item reaches it with probability K / I: so the scale is the quantile K / I of that
 * ratio over users and held-out items. K is 20, or more where there are so many items that too few
 * pairs would reach the bar. */
#ifndef DIFFMM_COLD_START_COLD_START_SCALE_H
#define DIFFMM_COLD_START_COLD_START_SCALE_H

#include <diffmm/model.h>

#include "cold_start/cold_start.h"

/* placer->scale from the held-out items' `predictions`, one for each modality (held x d), and the
 * model's final embeddings. */
diffmm_status diffmm__cold_start_scale(diffmm_placer *placer, const diffmm_model *model,
                                       size_t held, const float *const *predictions);

#endif
