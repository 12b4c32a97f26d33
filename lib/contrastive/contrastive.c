/* SPDX-License-Identifier: BSD-2-Clause */
/* What is contrasted with what: every pair of modal views, or the main view with each modal view.
 * For each, InfoNCE over the users (batch users) plus InfoNCE over the items (batch positives).
 * Each view is normalised once, and its gradient taken back through the normalisation once. With
 * drawn nodes in the denominators, the same for all pairs, only their rows and the batch's are. */
#include "contrastive/contrastive.h"

#include <math.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "contrastive/drawn_nodes.h"
#include "contrastive/infonce.h"
#include "contrastive/infonce_tiles.h"
#include "linalg/normalize_rows.h"
#include "linalg/vectors.h"

/* Users, or items. */
struct side {
    size_t nodes;
    size_t first_node; /* in the views */
    size_t first_row;  /* in what is normalised */
    struct diffmm__infonce_rows rows;
    int32_t *drawn; /* of the term of the objective */
};

struct scratch {
    const diffmm_context *context;
    size_t d, view_count, negatives;
    struct side sides[2];
    /* Per view, the main one last: normalised rows, norms, gradient of the normalised rows. */
    float **normalized, **norms, **gradients;
    float *infonce;
    double flops;
};

/* Both sides and scratch for either of them; returns how many rows of a view they have. */
static size_t take_sides(struct scratch *s, struct diffmm__arena *arena,
                         const struct diffmm__term_shape *shape)
{
    const size_t nodes[2] = {shape->users, shape->items};
    size_t rows = 0, floats = 0;
    for (size_t i = 0; i < 2; i++) {
        struct diffmm__infonce_shape own = {
            .nodes = nodes[i], .batch = shape->batch, .negatives = shape->negatives};
        s->sides[i] = (struct side){.nodes = nodes[i],
                                    .first_node = i == 0 ? 0 : shape->users,
                                    .first_row = rows,
                                    .rows = diffmm__infonce_rows_take(arena, &own)};
        if (shape->negatives > 0)
            s->sides[i].drawn = diffmm__arena_take(arena, shape->negatives, sizeof(int32_t));
        rows += diffmm__infonce_rows_most(&own);
        size_t batch = shape->batch < nodes[i] ? shape->batch : nodes[i];
        floats = diffmm__size_greater(floats,
                                      diffmm__infonce_scratch(diffmm__infonce_rows_candidates(&own),
                                                              shape->negatives > 0, s->d, batch));
    }
    s->infonce = diffmm__arena_take(arena, floats, sizeof(float));
    return rows;
}

void *diffmm__contrastive_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape)
{
    struct scratch s = {.context = arena->context,
                        .d = shape->d,
                        .view_count = shape->modalities,
                        .negatives = shape->negatives};
    struct scratch *out = diffmm__arena_take(arena, 1, sizeof *out);
    size_t rows = take_sides(&s, arena, shape);
    s.normalized = diffmm__arena_take(arena, s.view_count + 1, sizeof *s.normalized);
    s.norms = diffmm__arena_take(arena, s.view_count + 1, sizeof *s.norms);
    s.gradients = diffmm__arena_take(arena, s.view_count + 1, sizeof *s.gradients);
    float **pointers[] = {s.normalized, s.norms, s.gradients};
    const size_t sizes[] = {rows * s.d, rows, rows * s.d};
    for (size_t v = 0; v <= s.view_count && !arena->failed; v++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            float *array = diffmm__arena_take(arena, sizes[i], sizeof *array);
            if (pointers[i]) /* a measuring arena gives none */
                pointers[i][v] = array;
        }
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
    const size_t nodes[2] = {shape->users, shape->items};
    double candidates = 0.0;
    for (size_t i = 0; i < 2; i++)
        candidates += (double)diffmm__infonce_rows_candidates(
            &(struct diffmm__infonce_shape){.nodes = nodes[i], .negatives = shape->negatives});
    return contrasts * 6.0 * (double)shape->pairs * candidates * (double)shape->d;
}

/* Adds InfoNCE of view a (as p) and view b (as q), users plus items. */
static diffmm_status contrast(struct scratch *s, const struct diffmm__infonce_setting *setting,
                              size_t a, size_t b, bool gradients, double *loss)
{
    double losses[2] = {0.0, 0.0}, products = 0.0;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < 2 && !status; i++) {
        const struct diffmm__infonce_rows *rows = &s->sides[i].rows;
        size_t skip = s->sides[i].first_row * s->d;
        status = diffmm__infonce(setting, rows, s->normalized[a] + skip, s->normalized[b] + skip,
                                 gradients ? s->gradients[a] + skip : NULL,
                                 gradients ? s->gradients[b] + skip : NULL, &losses[i]);
        products += (double)rows->batch.count * (double)rows->candidates;
    }
    s->flops += (gradients ? 6.0 : 2.0) * products * (double)s->d;
    *loss += losses[0] + losses[1];
    return status;
}

/* The gradients of a side's normalised rows, of those that this peer adds to, are 0. */
static void clear_gradients(const struct scratch *s, const struct diffmm__peers *peers,
                            const struct side *side, size_t v)
{
    const struct diffmm__infonce_rows *rows = &side->rows;
    struct diffmm__part part = diffmm__infonce_part(peers, rows);
    float *gradients = s->gradients[v] + side->first_row * s->d;
    diffmm__vector_clear(s->context, (part.end - part.first) * s->d, gradients + part.first * s->d);
    diffmm__vector_clear(s->context, (rows->count - rows->candidates) * s->d,
                         gradients + rows->candidates * s->d);
}

/* All rows: each peer normalises those that it has. Row v of both sides together is node v. */
static diffmm_status normalize_all(const struct scratch *s, const struct diffmm__share *share,
                                   size_t v, const float *view)
{
    float *normalized = s->normalized[v], *norms = s->norms[v];
    diffmm__share_normalize(share, s->context, view, normalized, norms);
    diffmm_status status = diffmm__share_gather_users(share, s->d * sizeof *normalized, normalized);
    return status ? status : diffmm__share_gather_users(share, sizeof *norms, norms);
}

/* The rows of drawn nodes and of the batch's. */
static diffmm_status normalize_drawn(const struct scratch *s, const struct diffmm__share *share,
                                     size_t v, const float *view)
{
    const struct side *users = &s->sides[0], *items = &s->sides[1];
    size_t d = s->d, count = users->rows.count, skip = items->first_row;
    float *normalized = s->normalized[v], *norms = s->norms[v],
          *scratch = s->gradients[v]; /* which are not computed yet */
    if (share->peers.size == 1) {
        diffmm__infonce_rows_normalize(s->context, &users->rows, d, view, normalized, norms);
    } else {
        diffmm_status status =
            diffmm__share_collect(share, count, users->rows.nodes, view, normalized, scratch);
        if (status)
            return status;
        diffmm__normalize_rows(s->context, count, d, normalized, d, normalized, d, norms);
    }
    diffmm__infonce_rows_normalize(s->context, &items->rows, d, view + items->first_node * d,
                                   normalized + skip * d, norms + skip);
    return DIFFMM_OK;
}

/* A view's rows, normalised. */
static diffmm_status normalize(const struct scratch *s, const struct diffmm__share *share, size_t v,
                               const float *view)
{
    return s->sides[0].rows.nodes ? normalize_drawn(s, share, v, view)
                                  : normalize_all(s, share, v, view);
}

/* The gradients of a side's normalised rows, from the peers that have added to them to those that have
 * the rows. */
static diffmm_status pass_gradients(const struct diffmm__share *share, size_t side,
                                    const struct diffmm__infonce_rows *rows, float *gradients)
{
    return side == 0 && !rows->nodes
               ? diffmm__infonce_move(&share->peers, rows, share->peers.firsts[0], share->d,
                                      gradients)
               : diffmm__infonce_gather(&share->peers, rows, share->d, gradients);
}

/* A view's gradient, from that of its normalised rows: grad is kept times `keep` and added to. */
static diffmm_status normalize_backward(const struct scratch *s, const struct diffmm__share *share,
                                        size_t v, float keep, float *grad)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < 2 && !status; i++) {
        const struct side *side = &s->sides[i];
        size_t skip = side->first_row * s->d;
        struct diffmm__part own = i == 0 ? share->user : (struct diffmm__part){0, side->nodes};
        status = pass_gradients(share, i, &side->rows, s->gradients[v] + skip);
        if (!status)
            diffmm__infonce_rows_backward(s->context, &side->rows, own, s->d,
                                          s->normalized[v] + skip, s->norms[v] + side->first_row,
                                          s->gradients[v] + skip, keep,
                                          grad + side->first_node * s->d);
    }
    return status;
}

/* The value on valid arguments; gradients, times `weight`, of every view into s->gradients. */
static diffmm_status contrastive(struct scratch *s, const diffmm_contrastive_loss_arguments *a,
                                 const struct diffmm__share *share, double weight, double *loss)
{
    bool with_main = a->anchor == DIFFMM_ANCHOR_MAIN, gradients = a->grad_views || a->grad_main;
    size_t used = s->view_count + (with_main ? 1 : 0);
    const int32_t *batch[2] = {a->batch_users, a->batch_items};
    const int32_t *negatives[2] = {a->user_negatives, a->item_negatives};
    for (size_t i = 0; i < 2; i++) {
        struct side *side = &s->sides[i];
        if (a->negative_count > 0)
            diffmm__infonce_rows_drawn(&side->rows, side->nodes, a->count, batch[i],
                                       a->negative_count, negatives[i]);
        else
            diffmm__infonce_rows_all(&side->rows, side->nodes, a->count, batch[i]);
    }
    diffmm_status status = DIFFMM_OK;
    for (size_t v = 0; v < used && !status; v++) {
        status = normalize(s, share, v, v < s->view_count ? a->views[v] : a->main);
        for (size_t i = 0; i < 2 && gradients; i++)
            clear_gradients(s, &share->peers, &s->sides[i], v);
    }

    const struct diffmm__infonce_setting setting = {.context = s->context,
                                                    .peers = &share->peers,
                                                    .d = s->d,
                                                    .tau = a->tau,
                                                    .weight = weight,
                                                    .scratch = s->infonce};
    *loss = 0.0;
    for (size_t b = 0; b < s->view_count && !status; b++) {
        if (with_main)
            status = contrast(s, &setting, s->view_count, b, gradients, loss);
        else
            for (size_t first = 0; first < b && !status; first++)
                status = contrast(s, &setting, first, b, gradients, loss);
    }
    return status;
}

/* Draws the nodes of the batch's denominators, if they do not run over all. */
static void draw(const struct scratch *s, const struct diffmm__term_batch *batch)
{
    for (size_t i = 0; i < 2; i++)
        diffmm__drawn_nodes_fill(s->context, batch->settings->seed,
                                 diffmm__stream_contrast(i, batch->step), s->sides[i].nodes,
                                 s->negatives, s->sides[i].drawn);
}

diffmm_status diffmm__contrastive_term(const struct diffmm__term_batch *batch, double weight,
                                       void *scratch, double *value)
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
                                                         .grad_main = batch->grad_final,
                                                         .negative_count = s->negatives,
                                                         .user_negatives = s->sides[0].drawn,
                                                         .item_negatives = s->sides[1].drawn};
    draw(s, batch);
    diffmm_status status = contrastive(s, &arguments, batch->share, weight, value);
    *value *= weight;
    for (size_t v = 0; v < s->view_count && !status; v++)
        status = normalize_backward(s, batch->share, v, batch->keep_views, batch->grad_views[v]);
    if (!status && arguments.anchor == DIFFMM_ANCHOR_MAIN)
        status = normalize_backward(s, batch->share, s->view_count, 1.0f, batch->grad_final);
    return status;
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
    if ((status = diffmm__check_numbers("batch_items", a->batch_items, a->count, a->items)) ||
        a->negative_count == 0)
        return status;
    status = diffmm__infonce_rows_check("user_negatives", a->negative_count, a->user_negatives,
                                        a->users);
    return status ? status
                  : diffmm__infonce_rows_check("item_negatives", a->negative_count,
                                               a->item_negatives, a->items);
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
    struct diffmm__term_shape shape = {.users = a.users,
                                       .items = a.items,
                                       .d = a.d,
                                       .modalities = a.view_count,
                                       .batch = a.count,
                                       .negatives = a.negative_count};
    struct scratch *scratch = diffmm__contrastive_take(&arena, &shape);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    const struct diffmm__share alone = diffmm__share_alone(a.users, a.items, a.d);
    double value;
    status = contrastive(scratch, &a, &alone, 1.0, &value);
    for (size_t v = 0; a.grad_views && v < a.view_count; v++)
        if (a.grad_views[v])
            normalize_backward(scratch, &alone, v, 0.0f, a.grad_views[v]);
    if (a.grad_main && a.anchor == DIFFMM_ANCHOR_MAIN)
        normalize_backward(scratch, &alone, a.view_count, 0.0f, a.grad_main);
    else if (a.grad_main)
        diffmm__vector_clear(context, (a.users + a.items) * a.d, a.grad_main);
    diffmm__arena_end(&arena);
    if (a.loss && !status)
        *a.loss = value;
    return status;
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
