/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/attachment.h"

#include <string.h>

#include "graph/graph.h"
#include "model/workspace.h"

diffmm_status diffmm__attachment_allocate(const diffmm_context *context, size_t modality_count,
                                          size_t layers, size_t d, struct diffmm__attachment **out)
{
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__attachment *a = diffmm__arena_take_zero(&arena, 1, sizeof *a);
    char(*names)[64] = diffmm__arena_take_zero(&arena, modality_count, sizeof *names);
    float *weights = diffmm__arena_take_zero(&arena, modality_count, sizeof *weights);
    float *mean = diffmm__arena_take_zero(&arena, d, sizeof *mean);
    const float **matrices =
        diffmm__arena_take_zero(&arena, modality_count + layers, sizeof *matrices);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *a = (struct diffmm__attachment){.arena = arena,
                                     .modality_count = modality_count,
                                     .layers = layers,
                                     .names = names,
                                     .weights = weights,
                                     .mean = mean,
                                     .content = matrices,
                                     .propagated = matrices + modality_count};
    *out = a;
    return DIFFMM_OK;
}

/* The arena holds the struct itself. */
void diffmm__attachment_destroy(struct diffmm__attachment *attachment)
{
    if (!attachment)
        return;
    struct diffmm__arena arena = attachment->arena;
    diffmm__arena_end(&arena);
}

static const float *copy_matrix(struct diffmm__arena *arena, size_t size, const float *from)
{
    float *copy = diffmm__arena_take(arena, size, sizeof *copy);
    if (copy)
        memcpy(copy, from, size * sizeof *copy);
    return copy;
}

diffmm_status diffmm__attachment_copy(const diffmm_context *context,
                                      const struct diffmm__attachment *from, size_t users,
                                      size_t items, size_t d, struct diffmm__attachment **out)
{
    struct diffmm__attachment *copy;
    diffmm_status status =
        diffmm__attachment_allocate(context, from->modality_count, from->layers, d, &copy);
    if (status)
        return status;
    size_t count = from->modality_count;
    copy->ris_lambda = from->ris_lambda;
    memcpy(copy->names, from->names, count * sizeof *copy->names);
    memcpy(copy->weights, from->weights, count * sizeof *copy->weights);
    memcpy(copy->mean, from->mean, d * sizeof *copy->mean);
    copy->users = copy_matrix(&copy->arena, users * d, from->users);
    copy->items = copy_matrix(&copy->arena, items * d, from->items);
    for (size_t m = 0; m < count; m++)
        copy->content[m] = copy_matrix(&copy->arena, items * d, from->content[m]);
    for (size_t l = 0; l < from->layers; l++)
        copy->propagated[l] = copy_matrix(&copy->arena, items * d, from->propagated[l]);
    if (copy->arena.failed) {
        diffmm__attachment_destroy(copy);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = copy;
    return DIFFMM_OK;
}

/* Layers above the first are not kept by the forward pass: H_l = V + A H_(l-1), for all nodes. */
static diffmm_status propagate(const diffmm_model *model, struct diffmm__attachment *a)
{
    const float *v = model->workspace->v;
    size_t users = model->users * model->d, items = model->items * model->d;
    if (a->layers > 0)
        a->propagated[0] = v + users;
    if (a->layers < 2)
        return DIFFMM_OK;
    struct diffmm__arena scratch = diffmm__arena_on(model->context);
    float *h = diffmm__arena_take(&scratch, users + items, sizeof *h);
    float *next = diffmm__arena_take(&scratch, users + items, sizeof *next);
    if (h)
        memcpy(h, v, (users + items) * sizeof *h);
    for (size_t l = 1; l < a->layers && !scratch.failed && !a->arena.failed; l++) {
        diffmm__multiply(model->adjacency, false, model->d, 1.0f, h, v, next);
        a->propagated[l] = copy_matrix(&a->arena, items, next + users);
        float *last = h;
        h = next;
        next = last;
    }
    bool failed = scratch.failed || a->arena.failed;
    diffmm__arena_end(&scratch);
    return failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

/* Users without training items have learnt nothing. */
static void average(const diffmm_model *model, float *mean)
{
    const int64_t *pointers = model->catalog->seen.pointers;
    const float *embedding = diffmm__user_embedding(model)->values;
    size_t d = model->d, count = 0;
    for (size_t u = 0; u < model->users; u++)
        count += pointers[u + 1] > pointers[u];
    for (size_t j = 0; j < d && count > 0; j++) {
        double sum = 0.0;
        for (size_t u = 0; u < model->users; u++)
            if (pointers[u + 1] > pointers[u])
                sum += (double)embedding[u * d + j];
        mean[j] = (float)(sum / (double)count);
    }
}

diffmm_status diffmm__attachment_of_model(const diffmm_model *model,
                                          struct diffmm__attachment **out)
{
    const struct diffmm__attachment *loaded = model->attachment;
    size_t layers = loaded ? loaded->layers : model->settings.layers;
    struct diffmm__attachment *a;
    if (!loaded && !model->workspace) {
        *out = NULL;
        return DIFFMM_OK;
    }
    diffmm_status status =
        diffmm__attachment_allocate(model->context, model->modality_count, layers, model->d, &a);
    if (status)
        return status;
    a->ris_lambda = (float)model->settings.ris_lambda;
    a->users = diffmm__user_embedding(model)->values;
    a->items = diffmm__item_embedding(model)->values;
    diffmm__modality_weights(model, a->weights);
    average(model, a->mean);
    for (size_t m = 0; m < model->modality_count; m++) {
        memcpy(a->names[m], model->modalities[m].name, sizeof *a->names);
        a->content[m] = loaded ? loaded->content[m] : model->workspace->modality[m].normalized;
    }
    for (size_t l = 0; loaded && l < layers; l++)
        a->propagated[l] = loaded->propagated[l];
    if (!loaded)
        status = propagate(model, a);
    if (status) {
        diffmm__attachment_destroy(a);
        return status;
    }
    *out = a;
    return DIFFMM_OK;
}
