/* SPDX-License-Identifier: BSD-2-Clause */
/* The recommender's objective of one batch (paper, section 3.5), value and gradients:
 *
 *     L = BPR + ssl_reg L_contrastive + reg (||E_U||^2 + ||E_I||^2) + ..,
 *
 * the sum of the terms in the table of terms.c. */
#include "model/objective.h"

#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/status.h"
#include "linalg/vectors.h"
#include "model/aggregate.h"
#include "model/project.h"
#include "model/views.h"
#include "model/workspace.h"

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

diffmm_status diffmm_model_objective(diffmm_model *model, size_t count, const int32_t *user,
                                     const int32_t *positive, const int32_t *negative,
                                     diffmm_losses *losses)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (status)
        return status;
    struct diffmm__share alone = diffmm__share_alone(model);
    return diffmm__model_objective(model, &alone, count, user, positive, negative, losses);
}

/* Names each term that is not finite. */
static diffmm_status check_finite(const diffmm_model *model, double total)
{
    char names[256] = "";
    size_t length = 0;
    if (isfinite(total))
        return DIFFMM_OK;
    for (size_t i = 0; i < diffmm__terms_count() && length < sizeof names; i++)
        if (!isfinite(model->losses[i]))
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                       length > 0 ? ", " : "", diffmm__terms_at(i)->name);
    return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the recommender's loss is not finite (%s)",
                        length > 0 ? names : "the sum of its terms");
}

static void write_losses(const diffmm_model *model, double total, diffmm_losses *losses)
{
    *losses = (diffmm_losses){.total = total};
    for (size_t i = 0; i < diffmm__terms_count(); i++) {
        double *member = diffmm__terms_member(i, losses);
        if (member)
            *member = model->losses[i];
    }
}

diffmm_status diffmm__model_objective(diffmm_model *model, const struct diffmm__share *share,
                                      size_t count, const int32_t *user, const int32_t *positive,
                                      const int32_t *negative, diffmm_losses *losses)
{
    diffmm_status status;
    if ((status = diffmm__model_check_trainable(model)) ||
        (status = check_batch(model, count, user, positive, negative)) ||
        (status = diffmm__project(model, share)) || (status = diffmm__aggregate(model, share)))
        return status;
    diffmm__model_embedded(model);
    bool views = diffmm__terms_need_views(&model->terms),
         whole = share->peers.size == 1 ||
                 diffmm__terms_need_whole_views(&model->terms, &model->settings);
    if (views && (status = diffmm__views(model, share, whole)))
        return status;

    struct diffmm__workspace *w = model->workspace;
    struct diffmm__term_batch batch = {.context = model->context,
                                       .peers = &share->peers,
                                       .settings = &model->settings,
                                       .users = model->users,
                                       .items = model->items,
                                       .d = model->d,
                                       .modalities = model->modality_count,
                                       .count = count,
                                       .user = user,
                                       .positive = positive,
                                       .negative = negative,
                                       .step = model->steps,
                                       .embedding = diffmm__user_embedding(model)->values,
                                       .final = model->final,
                                       .views = (const float *const *)w->views,
                                       .views_whole = whole,
                                       .node = share->node,
                                       .grad_embedding = diffmm__user_embedding(model)->gradient,
                                       .grad_final = w->grad_final,
                                       .grad_views = w->grad_views};
    size_t d = model->d, items = model->items * d, skip = share->node.first * d;
    diffmm__vector_clear(model->context, share->node.end * d - skip, batch.grad_embedding + skip);
    diffmm__vector_clear(model->context, share->nodes * d, batch.grad_final);
    double total;
    status = diffmm__terms_evaluate(&model->terms, &batch, w->terms, model->losses, &total);
    if (!status && views)
        status = diffmm__views_backward(model, share);
    for (size_t m = 0; m < model->modality_count && !views; m++)
        diffmm__vector_clear(model->context, items, w->modality[m].grad_normalized);
    if (!status)
        status = diffmm__aggregate_backward(model, share);
    if (!status)
        status = diffmm__project_backward(model, share);
    if (!status)
        status = check_finite(model, total);
    if (!status && losses)
        write_losses(model, total, losses);
    return status;
}
