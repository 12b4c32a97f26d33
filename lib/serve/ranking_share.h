/* SPDX-License-Identifier: BSD-2-Clause */
/* One ranking on several threads: each ranks a stretch of the numbers, and the best of all are
 * ranked. */
#ifndef DIFFMM_SERVE_RANKING_SHARE_H
#define DIFFMM_SERVE_RANKING_SHARE_H

#include "serve/ranking.h"

/* Whether the query asks for it, and has what it takes. */
bool diffmm__ranking_shared(const struct diffmm__query_plan *plan);

/* Fails only without memory. */
diffmm_status diffmm__ranking_share(const struct diffmm__query_plan *plan,
                                    struct diffmm__ranking *ranking);

#endif
