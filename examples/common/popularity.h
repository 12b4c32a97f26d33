/* SPDX-License-Identifier: BSD-2-Clause */
/* The baseline everything must beat: recommend what most users have. */
#ifndef DIFFMM_EXAMPLES_POPULARITY_H
#define DIFFMM_EXAMPLES_POPULARITY_H

#include <diffmm/diffmm.h>

/* Metrics of recommending by the number of training interactions: users get 1 as their only factor,
 * items their count. `out` has one entry per cutoff. */
diffmm_status evaluate_popularity(diffmm_context *context, const diffmm_dataset *dataset,
                                  diffmm_split split, size_t cutoff_count, const size_t *cutoffs,
                                  diffmm_metrics *out);

#endif
