/* SPDX-License-Identifier: BSD-2-Clause */
/* What is contrasted with what: every pair of modal views, or the main view with each modal view.
 * For each, InfoNCE over the users (batch users) plus InfoNCE over the items (batch positives).
 * Each view is normalised once, and its gradient taken back through the normalisation once. */
#include "contrastive/anchors.h"

#include <math.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "contrastive/infonce.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"

struct diffmm__contrastive_scratch {
    const diffmm_context *context;
    struct diffmm__arena arena;
    size_t users, items, d, view_count;
    /* Per view, the main one last: normalised rows, norms, gradient of the normalised rows. */
    float **normalized, **norms, **gradients;
    struct diffmm__batch_nodes user_nodes, item_nodes;
    int32_t *seen;
    float *infonce;
    double flops;
};

/* With sizes set; an arena that measures gives no arrays of pointers to fill in. */
static void lay_out(struct diffmm__contrastive_scratch *s, size_t batch)
{
    struct diffmm__arena *arena = &s->arena;
    size_t nodes = s->users + s->items, most = s->users > s->items ? s->users : s->items;
    s->normalized = diffmm__arena_take(arena, s->view_count + 1, sizeof *s->normalized);
    s->norms = diffmm__arena_take(arena, s->view_count + 1, sizeof *s->norms);
    s->gradients = diffmm__arena_take(arena, s->view_count + 1, sizeof *s->gradients);
    float **pointers[] = {s->normalized, s->norms, s->gradients};
    const size_t sizes[] = {nodes * s->d, nodes, nodes * s->d};
    for (size_t v = 0; v <= s->view_count && !arena->failed; v++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            float *array = diffmm__arena_take(arena, sizes[i], sizeof *array);
            if (pointers[i])
                pointers[i][v] = array;
        }
    size_t distinct = batch < most ? batch : most;
    s->user_nodes.nodes = diffmm__arena_take(arena, distinct, sizeof(int32_t));
    s->user_nodes.times = diffmm__arena_take(arena, distinct, sizeof(float));
    s->item_nodes.nodes = diffmm__arena_take(arena, distinct, sizeof(int32_t));
    s->item_nodes.times = diffmm__arena_take(arena, distinct, sizeof(float));
    s->seen = diffmm__arena_take_zero(arena, most, sizeof *s->seen);
    s->infonce =
        diffmm__arena_take(arena, diffmm__infonce_scratch(most, s->d, distinct), sizeof(float));
}

size_t diffmm__contrastive_scratch_bytes(size_t users, size_t items, size_t d, size_t view_count,
                                         size_t batch)
{
    struct diffmm__contrastive_scratch measured = {.arena = diffmm__arena_measure(),
                                                   .users = users,
                                                   .items = items,
                                                   .d = d,
                                                   .view_count = view_count};
    lay_out(&measured, batch);
    return measured.arena.bytes;
}

diffmm_status diffmm__contrastive_scratch_create(const diffmm_context *context, size_t users,
                                                 size_t items, size_t d, size_t view_count,
                                                 size_t batch,
                                                 struct diffmm__contrastive_scratch **out)
{
    struct diffmm__contrastive_scratch *s = diffmm__allocate_zero(context, 1, sizeof *s);
    if (!s)
        return DIFFMM_ERROR_NO_MEMORY;
    s->context = context;
    s->arena = diffmm__arena_on(context);
    s->users = users;
    s->items = items;
    s->d = d;
    s->view_count = view_count;
    lay_out(s, batch);
    if (s->arena.failed) {
        diffmm__contrastive_scratch_destroy(s);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = s;
    return DIFFMM_OK;
}

void diffmm__contrastive_scratch_destroy(struct diffmm__contrastive_scratch *scratch)
{
    if (!scratch)
        return;
    diffmm__arena_end(&scratch->arena);
    diffmm__release(scratch->context, scratch);
}

double diffmm__contrastive_flops(const struct diffmm__contrastive_scratch *scratch)
{
    return scratch->flops;
}

/* InfoNCE of view a (as p) and view b (as q), users plus items. */
static double contrast(struct diffmm__contrastive_scratch *s, size_t a, size_t b, double tau,
                       double weight, bool gradients)
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

double diffmm__contrastive(struct diffmm__contrastive_scratch *s, diffmm_anchor anchor,
                           const float *const *views, const float *main, size_t count,
                           const int32_t *batch_users, const int32_t *batch_items, double tau,
                           double weight, float *const *grad_views, float *grad_main)
{
    bool with_main = anchor == DIFFMM_ANCHOR_MAIN, gradients = grad_views || grad_main;
    size_t nodes = s->users + s->items, used = s->view_count + (with_main ? 1 : 0);
    for (size_t v = 0; v < used; v++) {
        const float *view = v < s->view_count ? views[v] : main;
        diffmm__normalize_rows(s->context, nodes, s->d, view, s->d, s->normalized[v], s->d,
                               s->norms[v]);
        if (gradients)
            diffmm__vector_clear(s->context, nodes * s->d, s->gradients[v]);
    }
    diffmm__batch_nodes(s->users, count, batch_users, s->seen, &s->user_nodes);
    diffmm__batch_nodes(s->items, count, batch_items, s->seen, &s->item_nodes);

    double loss = 0.0;
    for (size_t b = 0; b < s->view_count; b++) {
        if (with_main)
            loss += contrast(s, s->view_count, b, tau, weight, gradients);
        else
            for (size_t a = 0; a < b; a++)
                loss += contrast(s, a, b, tau, weight, gradients);
    }
    for (size_t v = 0; v < used; v++) {
        float *gradient = v == s->view_count ? grad_main : grad_views ? grad_views[v] : NULL;
        if (gradient)
            diffmm__normalize_rows_backward(s->context, nodes, s->d, s->normalized[v], s->norms[v],
                                            s->gradients[v], 1.0f, 0.0f, gradient);
    }
    if (!with_main && grad_main)
        diffmm__vector_clear(s->context, nodes * s->d, grad_main);
    return loss;
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

diffmm_status diffmm_contrastive_loss(diffmm_context *context, diffmm_anchor anchor, size_t users,
                                      size_t items, size_t d, size_t view_count,
                                      const float *const *views, const float *main, size_t count,
                                      const int32_t *batch_users, const int32_t *batch_items,
                                      double tau, double *loss, float *const *grad_views,
                                      float *grad_main)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    diffmm_status status;
    if (anchor != DIFFMM_ANCHOR_MODAL && anchor != DIFFMM_ANCHOR_MAIN)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "anchor is %d", (int)anchor);
    if (users == 0 || items == 0 || users > INT32_MAX || items > INT32_MAX || d == 0 ||
        d > 1 << 24 || view_count == 0 || view_count > 1 << 16 || count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "users is %zu, items %zu, d %zu, view_count %zu, count %zu: each must "
                            "be at least 1",
                            users, items, d, view_count, count);
    if ((status = check_views(view_count, views)))
        return status;
    if (anchor == DIFFMM_ANCHOR_MAIN && !main)
        return diffmm__null("main");
    if ((status = diffmm__check_tau(tau)) ||
        (status = diffmm__check_numbers("batch_users", batch_users, count, users)) ||
        (status = diffmm__check_numbers("batch_items", batch_items, count, items)))
        return status;
    struct diffmm__contrastive_scratch *scratch;
    status =
        diffmm__contrastive_scratch_create(context, users, items, d, view_count, count, &scratch);
    if (status)
        return status;
    double value = diffmm__contrastive(scratch, anchor, views, main, count, batch_users,
                                       batch_items, tau, 1.0, grad_views, grad_main);
    diffmm__contrastive_scratch_destroy(scratch);
    if (loss)
        *loss = value;
    return DIFFMM_OK;
}
