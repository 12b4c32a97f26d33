/* SPDX-License-Identifier: BSD-2-Clause */
/* What is contrasted with what: every pair of modal views, or the main view with each modal view.
 * For each, InfoNCE over the users (batch users) plus InfoNCE over the items (batch positives).
 * Each view is normalised once, and its gradient taken back through the normalisation once. */
#include "contrastive/contrastive.h"

#include <math.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "contrastive/infonce.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"

struct scratch {
    const diffmm_context *context;
    size_t users, items, d, view_count;
    /* Per view, the main one last: normalised rows, norms, gradient of the normalised rows. */
    float **normalized, **norms, **gradients;
    struct diffmm__batch_nodes user_nodes, item_nodes;
    int32_t *seen;
    float *infonce;
    double flops;
};

void *diffmm__contrastive_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape)
{
    struct scratch s = {.context = arena->context,
                        .users = shape->users,
                        .items = shape->items,
                        .d = shape->d,
                        .view_count = shape->modalities};
    size_t nodes = s.users + s.items, most = s.users > s.items ? s.users : s.items;
    struct scratch *out = diffmm__arena_take(arena, 1, sizeof *out);
    s.normalized = diffmm__arena_take(arena, s.view_count + 1, sizeof *s.normalized);
    s.norms = diffmm__arena_take(arena, s.view_count + 1, sizeof *s.norms);
    s.gradients = diffmm__arena_take(arena, s.view_count + 1, sizeof *s.gradients);
    float **pointers[] = {s.normalized, s.norms, s.gradients};
    const size_t sizes[] = {nodes * s.d, nodes, nodes * s.d};
    for (size_t v = 0; v <= s.view_count && !arena->failed; v++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            float *array = diffmm__arena_take(arena, sizes[i], sizeof *array);
            if (pointers[i]) /* a measuring arena gives none */
                pointers[i][v] = array;
        }
    size_t distinct = shape->batch < most ? shape->batch : most;
    s.user_nodes.nodes = diffmm__arena_take(arena, distinct, sizeof(int32_t));
    s.user_nodes.times = diffmm__arena_take(arena, distinct, sizeof(float));
    s.item_nodes.nodes = diffmm__arena_take(arena, distinct, sizeof(int32_t));
    s.item_nodes.times = diffmm__arena_take(arena, distinct, sizeof(float));
    s.seen = diffmm__arena_take_zero(arena, most, sizeof *s.seen);
    s.infonce =
        diffmm__arena_take(arena, diffmm__infonce_scratch(most, s.d, distinct), sizeof(float));
    if (out)
        *out = s;
    return out;
}

double diffmm__contrastive_counted_flops(const void *scratch)
{
    const struct scratch *s = scratch;
    return s->flops;
}

double diffmm__contrastive_naive_flops(const struct diffmm__settings *settings,
                                       const struct diffmm__term_shape *shape)
{
    double m = (double)shape->modalities;
    double contrasts = settings->anchor == DIFFMM_ANCHOR_MAIN ? m : m * (m - 1.0) / 2.0;
    return contrasts * 6.0 * (double)shape->pairs * (double)(shape->users + shape->items) *
           (double)shape->d;
}

/* InfoNCE of view a (as p) and view b (as q), users plus items. */
static double contrast(struct scratch *s, size_t a, size_t b, double tau, double weight,
                       bool gradients)
{
    const float *p = s->normalized[a], *q = s->normalized[b];
    float *gp = gradients ? s->gradients[a] : NULL, *gq = gradients ? s->gradients[b] : NULL;
    size_t skip = s->users * s->d;
    double over_users = diffmm__infonce(s->context, s->users, s->d, p, q, &s->user_nodes, tau,
                                        weight, gp, gq, s->infonce);
    double over_items =
        diffmm__infonce(s->context, s->items, s->d, p + skip, q + skip, &s->item_nodes, tau, weight,
                        gradients ? gp + skip : NULL, gradients ? gq + skip : NULL, s->infonce);
    double rows_by_nodes = (double)s->user_nodes.count * (double)s->users +
                           (double)s->item_nodes.count * (double)s->items;
    s->flops += (gradients ? 6.0 : 2.0) * rows_by_nodes * (double)s->d;
    return over_users + over_items;
}

/* Gradients of normalised views, taken back through the normalisation: grad is kept times `keep`
 * and added to. */
static void normalize_backward(const struct scratch *s, size_t v, float keep, float *grad)
{
    diffmm__normalize_rows_backward(s->context, s->users + s->items, s->d, s->normalized[v],
                                    s->norms[v], s->gradients[v], 1.0f, keep, grad);
}

/* The value on valid arguments; gradients, times `weight`, of every view into s->gradients. */
static double contrastive(struct scratch *s, const diffmm_contrastive_loss_arguments *a,
                          double weight)
{
    bool with_main = a->anchor == DIFFMM_ANCHOR_MAIN, gradients = a->grad_views || a->grad_main;
    size_t nodes = s->users + s->items, used = s->view_count + (with_main ? 1 : 0);
    for (size_t v = 0; v < used; v++) {
        const float *view = v < s->view_count ? a->views[v] : a->main;
        diffmm__normalize_rows(s->context, nodes, s->d, view, s->d, s->normalized[v], s->d,
                               s->norms[v]);
        if (gradients)
            diffmm__vector_clear(s->context, nodes * s->d, s->gradients[v]);
    }
    diffmm__infonce_batch(s->users, a->count, a->batch_users, s->seen, &s->user_nodes);
    diffmm__infonce_batch(s->items, a->count, a->batch_items, s->seen, &s->item_nodes);

    double loss = 0.0;
    for (size_t b = 0; b < s->view_count; b++) {
        if (with_main)
            loss += contrast(s, s->view_count, b, a->tau, weight, gradients);
        else
            for (size_t first = 0; first < b; first++)
                loss += contrast(s, first, b, a->tau, weight, gradients);
    }
    return loss;
}

double diffmm__contrastive_term(const struct diffmm__term_batch *batch, double weight,
                                void *scratch)
{
    struct scratch *s = scratch;
    const diffmm_contrastive_loss_arguments arguments = {.anchor = batch->settings->anchor,
                                                         .views = batch->views,
                                                         .main = batch->final,
                                                         .count = batch->count,
                                                         .batch_users = batch->user,
                                                         .batch_items = batch->positive,
                                                         .tau = batch->settings->tau,
                                                         .grad_views = batch->grad_views,
                                                         .grad_main = batch->grad_final};
    double loss = contrastive(s, &arguments, weight);
    for (size_t v = 0; v < s->view_count; v++)
        normalize_backward(s, v, batch->keep_views, batch->grad_views[v]);
    if (arguments.anchor == DIFFMM_ANCHOR_MAIN)
        normalize_backward(s, s->view_count, 1.0f, batch->grad_final);
    return weight * loss;
}

static diffmm_status check_views(size_t view_count, const float *const *views)
{
    if (!views)
        return diffmm__null("views");
    for (size_t v = 0; v < view_count; v++)
        if (!views[v])
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "views[%zu] is NULL", v);
    return DIFFMM_OK;
}

static diffmm_status check_arguments(const diffmm_contrastive_loss_arguments *a)
{
    diffmm_status status;
    if (a->anchor != DIFFMM_ANCHOR_MODAL && a->anchor != DIFFMM_ANCHOR_MAIN)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "anchor is %d", (int)a->anchor);
    if (a->users == 0 || a->items == 0 || a->users > INT32_MAX || a->items > INT32_MAX ||
        a->d == 0 || a->d > 1 << 24 || a->view_count == 0 || a->view_count > 1 << 16 ||
        a->count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "users is %zu, items %zu, d %zu, view_count %zu, count %zu: each must "
                            "be at least 1",
                            a->users, a->items, a->d, a->view_count, a->count);
    if ((status = check_views(a->view_count, a->views)))
        return status;
    if (a->anchor == DIFFMM_ANCHOR_MAIN && !a->main)
        return diffmm__null("main");
    if ((status = diffmm__infonce_check_tau(a->tau)) ||
        (status = diffmm__check_numbers("batch_users", a->batch_users, a->count, a->users)))
        return status;
    return diffmm__check_numbers("batch_items", a->batch_items, a->count, a->items);
}

diffmm_status diffmm_contrastive_loss_with(diffmm_context *context,
                                           const diffmm_contrastive_loss_arguments *arguments)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    diffmm_contrastive_loss_arguments a = {.struct_size = sizeof a};
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_contrastive_loss_arguments, arguments, "arguments");
    if (!status)
        status = check_arguments(&a);
    if (status)
        return status;
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__term_shape shape = {
        .users = a.users, .items = a.items, .d = a.d, .modalities = a.view_count, .batch = a.count};
    struct scratch *scratch = diffmm__contrastive_take(&arena, &shape);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    double value = contrastive(scratch, &a, 1.0);
    for (size_t v = 0; a.grad_views && v < a.view_count; v++)
        if (a.grad_views[v])
            normalize_backward(scratch, v, 0.0f, a.grad_views[v]);
    if (a.grad_main && a.anchor == DIFFMM_ANCHOR_MAIN)
        normalize_backward(scratch, a.view_count, 0.0f, a.grad_main);
    else if (a.grad_main)
        diffmm__vector_clear(context, (a.users + a.items) * a.d, a.grad_main);
    diffmm__arena_end(&arena);
    if (a.loss)
        *a.loss = value;
    return DIFFMM_OK;
}

diffmm_status diffmm_contrastive_loss(diffmm_context *context, diffmm_anchor anchor, size_t users,
                                      size_t items, size_t d, size_t view_count,
                                      const float *const *views, const float *main, size_t count,
                                      const int32_t *batch_users, const int32_t *batch_items,
                                      double tau, double *loss, float *const *grad_views,
                                      float *grad_main)
{
    return diffmm_contrastive_loss_with(
        context, &(diffmm_contrastive_loss_arguments){.struct_size =
                                                          sizeof(diffmm_contrastive_loss_arguments),
                                                      .anchor = anchor,
                                                      .users = users,
                                                      .items = items,
                                                      .d = d,
                                                      .view_count = view_count,
                                                      .views = views,
                                                      .main = main,
                                                      .count = count,
                                                      .batch_users = batch_users,
                                                      .batch_items = batch_items,
                                                      .tau = tau,
                                                      .loss = loss,
                                                      .grad_views = grad_views,
                                                      .grad_main = grad_main});
}
