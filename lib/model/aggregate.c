/* SPDX-License-Identifier: BSD-2-Clause */
/* Multi-modal graph aggregation, the main view (paper, section 3.3), with A = A_hat and
 * w = softmax(kappa):
 *
 *     Y_m = A [E_U; Xn_m],
 *     Z_m = Y_m + A [users of Y_m; E_I],
 *     V_m = Z_m + lambda A_m [E_U; E_I],
 *     V = sum_m w_m V_m,
 *     H = sum_l A^l V,
 *     final = H + ris_lambda rownorm(V).
 *
 * Everything before rownorm is linear and the weights sum to 1, so the sum over m is taken first:
 *
 *     Y = A [E_U; sum_m w_m Xn_m],
 *     V = Y + A [users of Y; E_I] + lambda sum_m w_m A_m [E_U; E_I],
 *
 * which costs L + 2 products with A in place of 2 M + L. A is symmetric: the backward pass
 * multiplies by A, too. */
#include "model/aggregate.h"

#include "graph/propagate.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"
#include "model/modality_weights.h"
#include "model/workspace.h"

/* Room for the sums of a dot product's stretches: V, which is no longer needed when there are any. */
static double *sums_of(const struct diffmm__workspace *w)
{
    return (double *)(void *)w->v;
}

/* Y = A [E_U; sum_m w_m Xn_m]. */
static diffmm_status mix(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    const diffmm_context *context = model->context;
    size_t d = model->d, users = model->users * d, items = model->items * d;
    float *input = w->grad_final;
    diffmm__share_copy(share, context, diffmm__user_embedding(model)->values, input);
    diffmm__vector_clear(context, items, input + users);
    for (size_t m = 0; m < model->modality_count; m++)
        diffmm__vector_add_scaled(context, items, w->weights[m], w->modality[m].normalized,
                                  input + users);
    return diffmm__graph_multiply_shared(share, model->adjacency, false, 1.0f, input, NULL, w->v);
}

/* V = Y + A [users of Y; E_I] + lambda sum_m w_m A_m [E_U; E_I]. */
static diffmm_status aggregate(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    size_t d = model->d, users = model->users * d, items = model->items * d;
    const float *embedding = diffmm__user_embedding(model)->values; /* [E_U; E_I] */
    float *input = w->grad_final;
    diffmm__share_copy(share, model->context, w->v, input);
    diffmm__vector_copy(model->context, items, embedding + users, input + users);
    diffmm_status status =
        diffmm__graph_multiply_shared(share, model->adjacency, false, 1.0f, input, w->v, w->v);
    for (size_t m = 0; m < model->modality_count && !status; m++)
        status = diffmm__graph_multiply_shared(
            share, model->modalities[m].graph, false,
            (float)model->settings.ris_adj_lambda * w->weights[m], embedding, w->v, w->v);
    return status;
}

diffmm_status diffmm__aggregate(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    diffmm__modality_weights(model, w->weights);
    diffmm_status status = mix(model, share);
    if (!status)
        status = aggregate(model, share);
    if (!status)
        status = diffmm__propagate_shared(share, model->adjacency, false, model->settings.layers,
                                          w->v, model->final, w->scratch);
    if (status)
        return status;
    diffmm__share_normalize(share, model->context, w->v, w->scratch, NULL);
    diffmm__share_add_scaled(share, model->context, (float)model->settings.ris_lambda, w->scratch,
                             model->final);
    return DIFFMM_OK;
}

/* dV = sum_l A^l dfinal + ris_lambda times rownorm's backward. */
static diffmm_status gradient_of_v(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    size_t d = model->d;
    diffmm_status status =
        diffmm__propagate_shared(share, model->adjacency, true, model->settings.layers,
                                 w->grad_final, w->grad_v, w->scratch);
    if (status)
        return status;
    /* Again: it was not kept. */
    diffmm__share_normalize(share, model->context, w->v, w->scratch, w->v_norms);
    struct diffmm__spans spans = diffmm__share_spans(share);
    for (size_t s = 0; s < spans.count; s++) {
        size_t first = spans.parts[s].first, skip = first * d;
        diffmm__normalize_rows_backward(model->context, spans.parts[s].end - first, d,
                                        w->scratch + skip, w->v_norms + first, w->grad_final + skip,
                                        (float)model->settings.ris_lambda, 1.0f, w->grad_v + skip);
    }
    return DIFFMM_OK;
}

/* Through lambda w_m A_m [E_U; E_I]:
 *     dw_m = lambda dV . A_m E = lambda A_m^T dV . E. */
static diffmm_status through_modality(diffmm_model *model, const struct diffmm__share *share,
                                      size_t m)
{
    struct diffmm__workspace *w = model->workspace;
    struct diffmm__parameter *embeddings = diffmm__user_embedding(model);
    double lambda = model->settings.ris_adj_lambda, dot;
    diffmm_status status = diffmm__graph_multiply_shared(share, model->modalities[m].graph, true,
                                                         1.0f, w->grad_v, NULL, w->scratch);
    if (status)
        return status;
    diffmm__share_add_scaled(share, model->context, (float)lambda * w->weights[m], w->scratch,
                             embeddings->gradient);
    status =
        diffmm__share_dot(share, model->context, w->scratch, embeddings->values, sums_of(w), &dot);
    w->grad_weights[m] = lambda * dot;
    return status;
}

/* Through A [users of Y; E_I]: its items are dE_I, its users part of dY, which takes the place of dV. */
static diffmm_status gradient_of_y(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    size_t d = model->d, users = model->users * d, user = share->user.first * d;
    diffmm_status status = diffmm__graph_multiply_shared(share, model->adjacency, true, 1.0f,
                                                         w->grad_v, NULL, w->scratch);
    if (status)
        return status;
    diffmm__vector_add_scaled(model->context, model->items * d, 1.0f, w->scratch + users,
                              diffmm__item_embedding(model)->gradient);
    diffmm__vector_add_scaled(model->context, (share->user.end - share->user.first) * d, 1.0f,
                              w->scratch + user, w->grad_v + user);
    return DIFFMM_OK;
}

/* Through Y = A [E_U; sum_m w_m Xn_m]. */
static diffmm_status through_mix(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    const diffmm_context *context = model->context;
    size_t d = model->d, users = model->users * d, items = model->items * d,
           user = share->user.first * d;
    float *grad_input = w->grad_final; /* which is no longer needed */
    diffmm_status status = diffmm__graph_multiply_shared(share, model->adjacency, true, 1.0f,
                                                         w->grad_v, NULL, grad_input);
    if (status)
        return status;
    diffmm__vector_add_scaled(context, (share->user.end - share->user.first) * d, 1.0f,
                              grad_input + user, diffmm__user_embedding(model)->gradient + user);
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__modality_workspace *own = &w->modality[m];
        diffmm__vector_add_scaled(context, items, w->weights[m], grad_input + users,
                                  own->grad_normalized);
        w->grad_weights[m] +=
            diffmm__vector_dot(context, items, grad_input + users, own->normalized);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__aggregate_backward(diffmm_model *model, const struct diffmm__share *share)
{
    struct diffmm__workspace *w = model->workspace;
    diffmm_status status = gradient_of_v(model, share);
    for (size_t m = 0; m < model->modality_count && !status; m++)
        status = through_modality(model, share, m);
    if (!status)
        status = gradient_of_y(model, share);
    if (!status)
        status = through_mix(model, share);
    if (!status)
        diffmm__softmax_backward(model->modality_count, w->weights, w->grad_weights,
                                 diffmm__modality_logits(model)->gradient);
    return status;
}
