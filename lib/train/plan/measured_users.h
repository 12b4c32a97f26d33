/* SPDX-License-Identifier: BSD-2-Clause */
/* The users on whom a trainer takes measures that cost: drawn once, from the seed, as many as the
 * option `measure.users` says. */
#ifndef DIFFMM_TRAIN_PLAN_MEASURED_USERS_H
#define DIFFMM_TRAIN_PLAN_MEASURED_USERS_H

#include "dataset/dataset.h"
#include "options/settings.h"

struct diffmm__measured_users {
    /* Of users who have training items: agreement and similarity of a graph. */
    size_t sampled;
    /* Of those of them who have items in validation, too, or, where none has, of all of them: the
     * measures of a denoiser. And the most training items that one of these may have. */
    size_t judged, longest;
};

/* How many there are; none where the settings measure nothing. */
struct diffmm__measured_users diffmm__measured_users_count(const diffmm_dataset *dataset,
                                                           const struct diffmm__settings *settings);

/* Draws them. `sampled` and `judged` receive their numbers, ascending. */
diffmm_status diffmm__measured_users_draw(const diffmm_dataset *dataset,
                                          const struct diffmm__settings *settings,
                                          const struct diffmm__measured_users *count,
                                          int32_t *sampled, int32_t *judged);

#endif
