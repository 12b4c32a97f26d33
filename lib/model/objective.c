/* SPDX-License-Identifier: BSD-2-Clause */
/* The recommender's objective of one batch (paper, section 3.5), value and gradients:
 *
 *     L = BPR + ssl_reg L_contrastive + reg (||E_U||^2 + ||E_I||^2) + ..,
 *
 * the sum of the terms in the table of terms.c. */
#include "model/objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/status.h"
#include "linalg/vectors.h"
#include "model/aggregate.h"
#include "model/model_share.h"
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
    if (!status)
        status = diffmm__model_check_whole(model);
    if (status)
        return status;
    struct diffmm__share alone = diffmm__model_share_alone(model);
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

/* Terms read the final embeddings of the batch's users, whoever has them. */
static diffmm_status collect_final(const diffmm_model *model, const struct diffmm__share *share,
                                   struct diffmm__term_batch *batch)
{
    float *rows = model->workspace->collected;
    if (share->peers.size == 1)
        return DIFFMM_OK;
    batch->final_users = rows;
    return diffmm__share_collect(share, batch->count, batch->user, model->final, rows,
                                 rows + batch->count * model->d);
}

static diffmm_status evaluate_terms(diffmm_model *model, const struct diffmm__share *share,
                                    size_t count, const int32_t *user, const int32_t *positive,
                                    const int32_t *negative, double *total)
{
    struct diffmm__workspace *w = model->workspace;
    struct diffmm__term_batch batch = {.context = model->context,
                                       .share = share,
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
                                       .grad_embedding = diffmm__user_embedding(model)->gradient,
                                       .grad_final = w->grad_final,
                                       .grad_views = w->grad_views};
    diffmm_status status = collect_final(model, share, &batch);
    if (status)
        return status;
    diffmm__share_clear(share, model->context, batch.grad_embedding);
    diffmm__share_clear(share, model->context, batch.grad_final);
    return diffmm__terms_evaluate(&model->terms, &batch, w->terms, model->losses, total);
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
    bool views = diffmm__terms_need_views(&model->terms);
    if (views && (status = diffmm__views(model, share)))
        return status;

    size_t items = model->items * model->d;
    double total;
    status = evaluate_terms(model, share, count, user, positive, negative, &total);
    if (!status && views)
        status = diffmm__views_backward(model, share);
    for (size_t m = 0; m < model->modality_count && !views; m++)
        diffmm__vector_clear(model->context, items, model->workspace->modality[m].grad_normalized);
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
