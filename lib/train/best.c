/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing the best epoch, and early stopping. */
#include "train/best.h"

#include <string.h>

/* The item embedding's values are the tail of the user embedding's: one block of the model. */
static size_t block_size(const diffmm_model *model, size_t p)
{
    const struct diffmm__parameter *parameter = &model->parameters[p];
    return p == 1 ? 0 : (parameter->rows + (p == 0 ? model->items : 0)) * parameter->columns;
}

static size_t final_size(const diffmm_model *model)
{
    return (model->users + model->items) * model->d;
}

diffmm_status diffmm__best_create(const diffmm_model *model, size_t cutoffs,
                                  struct diffmm__best *out)
{
    size_t size = final_size(model);
    for (size_t p = 0; p < model->parameter_count; p++)
        size += block_size(model, p);
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
    for (size_t p = 0; p < model->parameter_count; p++) {
        memcpy(place, model->parameters[p].values, block_size(model, p) * sizeof *place);
        place += block_size(model, p);
    }
    memcpy(place, model->final, final_size(model) * sizeof *place);
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
    for (size_t p = 0; p < model->parameter_count; p++) {
        memcpy(model->parameters[p].values, place, block_size(model, p) * sizeof *place);
        place += block_size(model, p);
    }
    memcpy(model->final, place, final_size(model) * sizeof *place);
}
