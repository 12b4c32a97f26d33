/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_SERVE_RANKING_ONE_H
#define DIFFMM_SERVE_RANKING_ONE_H

#include "serve/ranking.h"

/* A single ranking, from the first score to the caller's hits. */
diffmm_status diffmm__ranking_run_one(const struct diffmm__query_plan *plan,
                                      struct diffmm__ranking *ranking, diffmm_hit *hits,
                                      size_t *found);

#endif
