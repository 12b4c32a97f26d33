/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing the best epoch, and early stopping. */
#include "train/best.h"

#include <string.h>

#include "model/workspace.h"

/* What is copied, array by array: every recommender parameter (the two embeddings are one block of
 * the model), the final embeddings, and what the forward pass left for serving
 * (model/attachment.h): V and each modality's Xn_m. A model without workspace has no such. */
struct array {
    float *values;
    size_t size;
};

static size_t array_count(const diffmm_model *model)
{
    return model->parameter_count + (model->workspace ? 1 + model->modality_count : 0);
}

static struct array array_at(const diffmm_model *model, size_t index)
{
    size_t items = model->items * model->d, all = model->users * model->d + items;
    const struct diffmm__parameter *parameter = &model->parameters[index];
    if (index == 0)
        return (struct array){parameter->values, all};
    if (index == 1)
        return (struct array){model->final, all};
    if (index < model->parameter_count)
        return (struct array){parameter->values, parameter->rows * parameter->columns};
    size_t m = index - model->parameter_count;
    if (m == model->modality_count)
        return (struct array){model->workspace->v, all};
    return (struct array){model->workspace->modality[m].normalized, items};
}

diffmm_status diffmm__best_create(const diffmm_model *model, size_t cutoffs,
                                  struct diffmm__best *out)
{
    size_t size = 0;
    for (size_t i = 0; i < array_count(model); i++)
        size += array_at(model, i).size;
    *out = (struct diffmm__best){.arena = diffmm__arena_on(model->context)};
    out->values = diffmm__arena_take(&out->arena, size, sizeof *out->values);
    out->valid = diffmm__arena_take_zero(&out->arena, cutoffs, sizeof *out->valid);
    out->test = diffmm__arena_take_zero(&out->arena, cutoffs, sizeof *out->test);
    if (out->arena.failed) {
        diffmm__best_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    return DIFFMM_OK;
}

void diffmm__best_end(struct diffmm__best *best)
{
    diffmm__arena_end(&best->arena);
}

static void keep(struct diffmm__best *best, const diffmm_model *model)
{
    float *place = best->values;
    for (size_t i = 0; i < array_count(model); i++) {
        struct array array = array_at(model, i);
        memcpy(place, array.values, array.size * sizeof *place);
        place += array.size;
    }
}

/* The metrics that count. */
static const diffmm_metrics *judge(const diffmm_model *model, const diffmm_metrics *valid,
                                   const diffmm_metrics *test)
{
    return model->settings.select_by_test || valid[0].users == 0 ? test : valid;
}

void diffmm__best_name(struct diffmm__best *best, const diffmm_model *model, size_t epoch,
                       size_t cutoffs, const diffmm_metrics *valid, const diffmm_metrics *test)
{
    best->epoch = epoch;
    best->score = judge(model, valid, test)[0].recall;
    memcpy(best->valid, valid, cutoffs * sizeof *valid);
    memcpy(best->test, test, cutoffs * sizeof *test);
}

void diffmm__best_offer(struct diffmm__best *best, const diffmm_model *model, size_t epoch,
                        size_t cutoffs, const diffmm_metrics *valid, const diffmm_metrics *test)
{
    const diffmm_metrics *metrics = judge(model, valid, test);
    if (best->epoch > 0 && metrics[0].users > 0 && metrics[0].recall <= best->score)
        return;
    diffmm__best_name(best, model, epoch, cutoffs, valid, test);
    keep(best, model);
}

bool diffmm__best_is_stale(const struct diffmm__best *best, size_t epoch, size_t patience)
{
    return patience > 0 && epoch >= best->epoch + patience;
}

void diffmm__best_restore(const struct diffmm__best *best, diffmm_model *model)
{
    const float *place = best->values;
    for (size_t i = 0; i < array_count(model); i++) {
        struct array array = array_at(model, i);
        memcpy(array.values, place, array.size * sizeof *place);
        place += array.size;
    }
}
