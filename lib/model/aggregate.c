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

void diffmm__aggregate(diffmm_model *model)
{
    struct diffmm__workspace *w = model->workspace;
    const diffmm_context *context = model->context;
    size_t d = model->d, users = model->users * d, items = model->items * d, all = users + items;
    const float *embedding = diffmm__user_embedding(model)->values; /* [E_U; E_I] */
    float *input = w->grad_final;
    diffmm__modality_weights(model, w->weights);

    diffmm__vector_copy(context, users, embedding, input);
    diffmm__vector_clear(context, items, input + users);
    for (size_t m = 0; m < model->modality_count; m++)
        diffmm__vector_add_scaled(context, items, w->weights[m], w->modality[m].normalized,
                                  input + users);
    diffmm__graph_multiply(model->adjacency, false, d, 1.0f, input, NULL, w->v); /* Y */

    diffmm__vector_copy(context, users, w->v, input);
    diffmm__vector_copy(context, items, embedding + users, input + users);
    diffmm__graph_multiply(model->adjacency, false, d, 1.0f, input, w->v, w->v);

    for (size_t m = 0; m < model->modality_count; m++)
        diffmm__graph_multiply(model->modalities[m].graph, false, d,
                               (float)model->settings.ris_adj_lambda * w->weights[m], embedding,
                               w->v, w->v);
    diffmm__propagate(model->adjacency, false, model->settings.layers, d, w->v, model->final,
                      w->scratch);
    float *normalized = w->scratch;
    diffmm__normalize_rows(context, model->users + model->items, d, w->v, d, normalized, d, NULL);
    diffmm__vector_add_scaled(context, all, (float)model->settings.ris_lambda, normalized,
                              model->final);
}

void diffmm__aggregate_backward(diffmm_model *model)
{
    struct diffmm__workspace *w = model->workspace;
    const diffmm_context *context = model->context;
    size_t d = model->d, users = model->users * d, items = model->items * d, all = users + items;
    double lambda = model->settings.ris_adj_lambda;
    const float *embedding = diffmm__user_embedding(model)->values; /* [E_U; E_I] */
    float *grad = diffmm__user_embedding(model)->gradient;          /* [dE_U; dE_I] */

    /* dV = sum_l A^l dfinal + ris_lambda times rownorm's backward. */
    diffmm__propagate(model->adjacency, true, model->settings.layers, d, w->grad_final, w->grad_v,
                      w->scratch);
    float *normalized = w->scratch; /* again: it was not kept */
    diffmm__normalize_rows(context, model->users + model->items, d, w->v, d, normalized, d,
                           w->v_norms);
    diffmm__normalize_rows_backward(context, model->users + model->items, d, normalized, w->v_norms,
                                    w->grad_final, (float)model->settings.ris_lambda, 1.0f,
                                    w->grad_v);

    /* dw_m = lambda dV . A_m E = lambda A_m^T dV . E. */
    for (size_t m = 0; m < model->modality_count; m++) {
        diffmm__graph_multiply(model->modalities[m].graph, true, d, 1.0f, w->grad_v, NULL,
                               w->scratch);
        diffmm__vector_add_scaled(context, all, (float)lambda * w->weights[m], w->scratch, grad);
        w->grad_weights[m] = lambda * diffmm__vector_dot(context, all, w->scratch, embedding);
    }

    /* Through A [users of Y; E_I]: its items are dE_I, its users part of dY. */
    diffmm__graph_multiply(model->adjacency, true, d, 1.0f, w->grad_v, NULL, w->scratch);
    diffmm__vector_add_scaled(context, items, 1.0f, w->scratch + users, grad + users);
    diffmm__vector_add_scaled(context, users, 1.0f, w->scratch, w->grad_v); /* now dY */

    /* Through Y = A [E_U; mixed]. */
    float *grad_input = w->grad_final; /* which is no longer needed */
    diffmm__graph_multiply(model->adjacency, true, d, 1.0f, w->grad_v, NULL, grad_input);
    diffmm__vector_add_scaled(context, users, 1.0f, grad_input, grad);
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__modality_workspace *own = &w->modality[m];
        diffmm__vector_add_scaled(context, items, w->weights[m], grad_input + users,
                                  own->grad_normalized);
        w->grad_weights[m] +=
            diffmm__vector_dot(context, items, grad_input + users, own->normalized);
    }
    diffmm__softmax_backward(model->modality_count, w->weights, w->grad_weights,
                             diffmm__modality_logits(model)->gradient);
}
