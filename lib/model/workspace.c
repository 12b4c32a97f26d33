/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/workspace.h"

#include "linalg/gemm.h"

/* A measuring arena returns NULL, so there is no array of modalities to fill in. */
static void lay_out(struct diffmm__workspace *w, const struct diffmm__workspace_shape *shape)
{
    struct diffmm__arena *arena = &w->arena;
    size_t count = shape->modalities, nodes = shape->batch_users + shape->items,
           real = sizeof(float);
    size_t wide = nodes * shape->d, items = shape->items * shape->d;
    w->modality = diffmm__arena_take_zero(arena, count, sizeof *w->modality);
    w->weights = diffmm__arena_take(arena, count, sizeof *w->weights);
    w->grad_weights = diffmm__arena_take(arena, count, sizeof *w->grad_weights);
    w->views = diffmm__arena_take(arena, count, sizeof *w->views);
    w->grad_views = diffmm__arena_take(arena, count, sizeof *w->grad_views);
    for (size_t m = 0; m < count && !arena->failed; m++) {
        struct diffmm__modality_workspace own = {
            .projected = diffmm__arena_take(arena, items, real),
            .normalized = diffmm__arena_take_zero(arena, items, real),
            .norms = diffmm__arena_take(arena, shape->items, real),
            .view = diffmm__arena_take(arena, wide, real),
            .grad_view = diffmm__arena_take(arena, wide, real)};
        if (!w->modality || arena->failed)
            continue;
        own.grad_normalized = own.grad_view + shape->users * shape->d;
        w->modality[m] = own;
        w->views[m] = own.view;
        w->grad_views[m] = own.grad_view;
    }
    w->v = diffmm__arena_take_zero(arena, (shape->kept_users + shape->items) * shape->d,
                                   real); /* readable before the first pass, as final */
    w->grad_final = diffmm__arena_take(arena, wide, real);
    w->scratch = diffmm__arena_take(arena, wide, real);
    if (count == 0)
        w->grad_v = diffmm__arena_take(arena, wide, real);
    else if (w->views && !arena->failed)
        w->grad_v = w->views[0];
    w->v_norms = diffmm__arena_take(arena, nodes, real);
    if (shape->shared)
        w->collected = diffmm__arena_take(arena, 2 * shape->batch * shape->d, real);
    w->split_k = diffmm__arena_take(
        arena, diffmm__gemm_chunks(shape->items) * shape->widest * shape->d, real);
    w->stored = diffmm__arena_take(
        arena, diffmm__gemm_chunks(shape->items) * diffmm__gemm_most_terms() * shape->stored, real);
    struct diffmm__term_shape terms = {.users = shape->users,
                                       .items = shape->items,
                                       .d = shape->d,
                                       .modalities = count,
                                       .batch = shape->batch,
                                       .negatives = shape->negatives};
    diffmm__terms_take(arena, &shape->terms, &terms, w->terms);
}

size_t diffmm__workspace_bytes(const struct diffmm__workspace_shape *shape)
{
    struct diffmm__workspace measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, shape);
    return measured.arena.bytes;
}

static struct diffmm__workspace_shape shape_of(const diffmm_model *model)
{
    struct diffmm__workspace_shape shape = {.users = model->users,
                                            .batch_users = model->users,
                                            .kept_users = model->users,
                                            .items = model->items,
                                            .d = model->d,
                                            .modalities = model->modality_count,
                                            .terms = model->terms,
                                            .batch = model->settings.batch,
                                            .negatives = model->settings.negatives,
                                            .shared = model->settings.peers_batches};
    for (size_t m = 0; m < model->modality_count; m++) {
        size_t dimensions = model->modalities[m].dimensions;
        if (dimensions > shape.widest)
            shape.widest = dimensions;
        if (model->modalities[m].stored.data && dimensions > shape.stored)
            shape.stored = dimensions;
    }
    return shape;
}

diffmm_status diffmm__workspace_create(diffmm_model *model)
{
    struct diffmm__workspace *w = diffmm__allocate_zero(model->context, 1, sizeof *w);
    if (!w)
        return DIFFMM_ERROR_NO_MEMORY;
    model->workspace = w;
    w->arena = diffmm__arena_on(model->context);
    struct diffmm__workspace_shape shape = shape_of(model);
    lay_out(w, &shape);
    return w->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

void diffmm__workspace_destroy(diffmm_model *model)
{
    if (!model->workspace)
        return;
    diffmm__arena_end(&model->workspace->arena);
    diffmm__release(model->context, model->workspace);
    model->workspace = NULL;
}
