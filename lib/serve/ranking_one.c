/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/ranking_one.h"

#include <string.h>

#include "base/memory.h"
#include "serve/ranking_share.h"

diffmm_status diffmm__ranking_run_one(const struct diffmm__query_plan *plan,
                                      struct diffmm__ranking *ranking, diffmm_hit *hits,
                                      size_t *found)
{
    enum { few = 128 };
    diffmm_hit few_hits[few], *own = hits, *owned = NULL;
    /* A filter that fails must leave the caller's hits as they were. */
    if (plan->query.filter && plan->capacity > few) {
        own = owned = diffmm__allocate(plan->scorer->context, plan->capacity, sizeof *owned);
        if (!owned)
            return DIFFMM_ERROR_NO_MEMORY;
    } else if (plan->query.filter) {
        own = few_hits;
    }
    ranking->topk.entries = (struct diffmm__ranked *)own;
    diffmm_status status = diffmm__ranking_shared(plan) ? diffmm__ranking_share(plan, ranking)
                                                        : diffmm__ranking_run(plan, 1, ranking);
    if (!status) {
        *found = diffmm__topk_finish(&ranking->topk);
        if (own != hits)
            memcpy(hits, own, *found * sizeof *hits);
    }
    diffmm__release(plan->scorer->context, owned);
    return status;
}
