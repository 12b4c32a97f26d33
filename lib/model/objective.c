/* SPDX-License-Identifier: BSD-2-Clause */
/* The recommender's objective of one batch (paper, section 3.5): BPR + ssl_reg contrastive + reg
 * L2, value and gradients. */
#include "model/objective.h"

#include <math.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/status.h"
#include "linalg/vectors.h"
#include "model/aggregate.h"
#include "model/project.h"
#include "model/views.h"
#include "model/workspace.h"
#include "optim/bpr.h"

static diffmm_status check_batch(const diffmm_model *model, size_t count, const int32_t *user,
                                 const int32_t *positive, const int32_t *negative)
{
    if (count == 0 || count > model->settings.batch)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "count is %zu, not 1 to the option batch, %zu", count,
                            model->settings.batch);
    diffmm_status status;
    if ((status = diffmm__check_numbers("user", user, count, model->users)) ||
        (status = diffmm__check_numbers("positive", positive, count, model->items)))
        return status;
    return diffmm__check_numbers("negative", negative, count, model->items);
}

/* Contrastive loss; its gradients go to every grad_view and, with the main anchor, grad_final. */
static double contrast(diffmm_model *model, size_t count, const int32_t *user,
                       const int32_t *positive)
{
    struct diffmm__workspace *w = model->workspace;
    const struct diffmm__settings *s = &model->settings;
    size_t all = (model->users + model->items) * model->d;
    diffmm__vector_clear(model->context, all, w->grad_final);
    if (!s->contrastive_enabled)
        return 0.0;
    diffmm__views(model);
    return s->ssl_reg * diffmm__contrastive(w->contrastive, s->anchor,
                                            (const float *const *)w->views, model->final, count,
                                            user, positive, s->tau, s->ssl_reg, w->grad_views,
                                            w->grad_final);
}

diffmm_status diffmm_model_objective(diffmm_model *model, size_t count, const int32_t *user,
                                     const int32_t *positive, const int32_t *negative,
                                     diffmm_losses *losses)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    return status ? status
                  : diffmm__model_objective(model, count, user, positive, negative, losses);
}

diffmm_status diffmm__model_objective(diffmm_model *model, size_t count, const int32_t *user,
                                      const int32_t *positive, const int32_t *negative,
                                      diffmm_losses *losses)
{
    diffmm_status status;
    if ((status = diffmm__model_check_trainable(model)) ||
        (status = check_batch(model, count, user, positive, negative)))
        return status;
    struct diffmm__workspace *w = model->workspace;
    const struct diffmm__settings *s = &model->settings;
    size_t d = model->d, users = model->users * d, items = model->items * d, all = users + items;
    const float *embedding = diffmm__user_embedding(model)->values;
    float *grad = diffmm__user_embedding(model)->gradient;
    diffmm_losses sum = {0};

    if ((status = diffmm__project(model)))
        return status;
    diffmm__aggregate(model);
    diffmm__model_embedded(model);
    sum.contrastive = contrast(model, count, user, positive);
    sum.bpr = diffmm__bpr(d, model->final, model->final + users, count, user, positive, negative,
                          (double)s->batch, w->grad_final, w->grad_final + users);
    sum.regularizer = s->reg * diffmm__vector_dot(model->context, all, embedding, embedding);
    sum.total = sum.bpr + sum.contrastive + sum.regularizer;

    diffmm__vector_clear(model->context, all, grad);
    diffmm__vector_add_scaled(model->context, all, (float)(2.0 * s->reg), embedding, grad);
    if (s->contrastive_enabled)
        diffmm__views_backward(model);
    else
        for (size_t m = 0; m < model->modality_count; m++)
            diffmm__vector_clear(model->context, items, w->modality[m].grad_normalized);
    diffmm__aggregate_backward(model);
    diffmm__project_backward(model);

    if (!isfinite(sum.total))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the recommender's %s loss is not finite",
                            !isfinite(sum.bpr)           ? "BPR"
                            : !isfinite(sum.contrastive) ? "contrastive"
                                                         : "L2");
    if (losses)
        *losses = sum;
    return DIFFMM_OK;
}
