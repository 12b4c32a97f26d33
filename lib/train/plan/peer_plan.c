/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/plan/peer_plan.h"

#include "model/model_share.h"
#include "train/denoisers.h"

void diffmm__peer_plan(struct diffmm__plan *plan, const struct diffmm__csr *train, size_t rank,
                       size_t size)
{
    const struct diffmm__settings *s = plan->settings;
    const struct diffmm__users_work work = diffmm__model_share_work(train, s, plan->modalities);
    size_t own = diffmm__model_share_first(&work, size, rank + 1) -
                 diffmm__model_share_first(&work, size, rank);
    if (s->peers_batches)
        plan->batch_users = own;
    if (!s->peers_divide)
        return;
    plan->kept_users = own;
    plan->moments = diffmm__denoisers_owned(rank, size, plan->modalities);
}
