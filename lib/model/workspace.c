/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/workspace.h"

#include "linalg/gemm.h"

diffmm_status diffmm__workspace_create(diffmm_model *model)
{
    struct diffmm__workspace *w = diffmm__allocate_zero(model->context, 1, sizeof *w);
    if (!w)
        return DIFFMM_ERROR_NO_MEMORY;
    model->workspace = w;
    w->arena = diffmm__arena_on(model->context);
    struct diffmm__arena *arena = &w->arena;
    size_t count = model->modality_count, nodes = model->users + model->items;
    size_t wide = nodes * model->d, items = model->items * model->d, real = sizeof(float);
    w->modality = diffmm__arena_take_zero(arena, count, sizeof *w->modality);
    w->weights = diffmm__arena_take(arena, count, sizeof *w->weights);
    w->grad_weights = diffmm__arena_take(arena, count, sizeof *w->grad_weights);
    w->views = diffmm__arena_take(arena, count, sizeof *w->views);
    w->grad_views = diffmm__arena_take(arena, count, sizeof *w->grad_views);
    for (size_t m = 0; m < count && !arena->failed; m++) {
        struct diffmm__modality_workspace *own = &w->modality[m];
        own->projected = diffmm__arena_take(arena, items, real);
        own->normalized = diffmm__arena_take_zero(arena, items, real);
        own->norms = diffmm__arena_take(arena, model->items, real);
        own->view = w->views[m] = diffmm__arena_take(arena, wide, real);
        own->grad_view = w->grad_views[m] = diffmm__arena_take(arena, wide, real);
        own->grad_normalized = diffmm__arena_take(arena, items, real);
    }
    w->mixed = diffmm__arena_take(arena, items, real);
    w->v =
        diffmm__arena_take_zero(arena, wide, real); /* readable before the first pass, as final */
    float **node_matrices[] = {&w->base,       &w->y,      &w->v_normalized,
                               &w->grad_final, &w->grad_v, &w->scratch};
    for (size_t i = 0; i < sizeof node_matrices / sizeof *node_matrices; i++)
        *node_matrices[i] = diffmm__arena_take(arena, wide, real);
    w->v_norms = diffmm__arena_take(arena, nodes, real);
    size_t widest = 0;
    for (size_t m = 0; m < count; m++)
        if (model->modalities[m].dimensions > widest)
            widest = model->modalities[m].dimensions;
    w->pieces =
        diffmm__arena_take(arena, diffmm__gemm_pieces(model->items) * widest * model->d, real);
    if (arena->failed)
        return DIFFMM_ERROR_NO_MEMORY;
    if (!model->settings.contrastive_enabled)
        return DIFFMM_OK;
    return diffmm__contrastive_scratch_create(model->context, model->users, model->items, model->d,
                                              count, model->settings.batch, &w->contrastive);
}

void diffmm__workspace_destroy(diffmm_model *model)
{
    if (!model->workspace)
        return;
    diffmm__contrastive_scratch_destroy(model->workspace->contrastive);
    diffmm__arena_end(&model->workspace->arena);
    diffmm__release(model->context, model->workspace);
    model->workspace = NULL;
}
