/* SPDX-License-Identifier: BSD-2-Clause */
/* The forward pass: projection, then aggregation, to the final embeddings; and the rows
 * that are served. */
#include "model/forward.h"

#include "base/handle.h"
#include "base/status.h"
#include "model/aggregate.h"
#include "model/blend.h"
#include "model/model_share.h"
#include "model/project.h"
#include "model/workspace.h"

diffmm_status diffmm_model_forward(diffmm_model *model)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (!status)
        status = diffmm__model_check_whole(model);
    return status ? status : diffmm__model_forward(model);
}

/* Each peer has computed its users' rows: all receive them, unless they keep their own alone. */
static diffmm_status gather_users(diffmm_model *model, const struct diffmm__share *share)
{
    size_t bytes = model->d * sizeof *model->final;
    if (model->divided)
        return DIFFMM_OK;
    diffmm_status status = diffmm__share_gather_users(share, bytes, model->final);
    return status ? status : diffmm__share_gather_users(share, bytes, model->workspace->v);
}

static diffmm_status check_finite(const diffmm_model *model)
{
    size_t node = diffmm__model_first_not_finite(model, model->d, model->final);
    if (node == model->users + model->items)
        return DIFFMM_OK;
    bool of_user = node < model->users;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the final embedding of %s %zu is not finite",
                        of_user ? "user" : "item", node - (of_user ? 0 : model->users));
}

diffmm_status diffmm__model_forward_shared(diffmm_model *model, const struct diffmm__share *share)
{
    diffmm_status status = diffmm__model_check_trainable(model);
    if (status)
        return status;
    if ((status = diffmm__project(model, share)) || (status = diffmm__aggregate(model, share)) ||
        (status = gather_users(model, share)))
        return status;
    diffmm__model_embedded(model);
    status = check_finite(model);
    return status ? status : diffmm__blend_fill(model);
}

diffmm_status diffmm__model_forward(diffmm_model *model)
{
    const struct diffmm__share alone = diffmm__model_share_alone(model);
    return diffmm__model_forward_shared(model, &alone);
}
