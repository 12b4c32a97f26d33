/* SPDX-License-Identifier: BSD-2-Clause */
/* The contrastive view of each modality (paper, section 3.4), forward and backward:
 *
 *     C = A_m [E_U; Xn_m],
 *     view = sum_l A_hat^l C.
 *
 * With a fusion ratio rho, A_m is mixed with A', which is A_hat with edges dropped at random:
 *
 *     (1 - rho) A_m + rho A' in place of A_m.
 */
#include "model/views.h"

#include <string.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "graph/propagate.h"
#include "linalg/kernels.h"
#include "linalg/vectors.h"
#include "model/model_graph.h"
#include "model/model_share.h"
#include "model/project.h"
#include "model/workspace.h"

/* y = (the view's graph) x, or its transpose; `other` is scratch, used with a fusion ratio only. */
static diffmm_status multiply_view_graph(const diffmm_model *model,
                                         const struct diffmm__share *share, size_t m,
                                         bool transposed, const float *x, float *y, float *other)
{
    const struct diffmm__model_modality *modality = &model->modalities[m];
    struct diffmm__spans spans = diffmm__share_spans(share);
    float rho = (float)model->settings.fusion_ratio;
    diffmm_status status =
        diffmm__graph_multiply_shared(share, modality->graph, transposed, 1.0f, x, NULL, y);
    if (status || !modality->observed)
        return status;
    for (size_t s = 0; s < spans.count; s++)
        diffmm__kernels()->scale((spans.parts[s].end - spans.parts[s].first) * model->d, 1.0f - rho,
                                 y + spans.parts[s].first * model->d);
    status =
        diffmm__graph_multiply_shared(share, modality->observed, transposed, 1.0f, x, NULL, other);
    if (!status)
        diffmm__share_add_scaled(share, model->context, rho, other, y);
    return status;
}

diffmm_status diffmm__views(diffmm_model *model, const struct diffmm__share *share)
{
    diffmm_status status = DIFFMM_OK;
    struct diffmm__workspace *w = model->workspace;
    size_t d = model->d, users = model->users * d, items = model->items * d;
    float *input = w->grad_final; /* which is not computed yet */
    diffmm__share_copy(share, model->context, diffmm__user_embedding(model)->values, input);
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        struct diffmm__modality_workspace *own = &w->modality[m];
        diffmm__vector_copy(model->context, items, own->normalized, input + users);
        /* C, in the memory of the gradient. */
        status = multiply_view_graph(model, share, m, false, input, own->grad_view, w->scratch);
        if (!status)
            status =
                diffmm__propagate_shared(share, model->adjacency, false, model->settings.layers,
                                         own->grad_view, own->view, w->scratch);
    }
    return status;
}

diffmm_status diffmm__views_backward(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    size_t user = share->user.first * model->d, users = share->user.end * model->d - user;
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        struct diffmm__modality_workspace *own = &w->modality[m];
        /* The view itself is no longer needed: its memory takes dC. Then its gradient is not either:
         * that of [E_U; Xn_m] takes its place, of which the items are grad_normalized. */
        status = diffmm__propagate_shared(share, model->adjacency, true, model->settings.layers,
                                          own->grad_view, own->view, w->scratch);
        if (!status)
            status =
                multiply_view_graph(model, share, m, true, own->view, own->grad_view, w->scratch);
        if (!status)
            diffmm__vector_add_scaled(model->context, users, 1.0f, own->grad_view + user,
                                      diffmm__user_embedding(model)->gradient + user);
    }
    return status;
}

diffmm_status diffmm_model_view(diffmm_model *model, const char *modality, float *out)
{
    struct diffmm__model_modality *found;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (!status)
        status = diffmm__model_check_whole(model);
    if (!status)
        status = diffmm__model_graph_modality(model, modality, &found);
    if (status)
        return status;
    if (!out)
        return diffmm__null("out");
    struct diffmm__share alone = diffmm__model_share_alone(model);
    if ((status = diffmm__project(model, &alone)) || (status = diffmm__views(model, &alone)))
        return status;
    size_t size = (model->users + model->items) * model->d;
    const float *view = model->workspace->views[found - model->modalities];
    if (diffmm__first_not_finite(size, view) < size)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "the view of modality '%s' is not finite",
                            modality);
    memcpy(out, view, size * sizeof *out);
    return DIFFMM_OK;
}
