/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing the best epoch, and early stopping. */
#include "train/best.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/workspace.h"

/* A model without workspace has nothing but parameters and final embeddings. */
size_t diffmm__kept_count(const diffmm_model *model)
{
    return model->parameter_count + 2 + (model->blend ? 1 : 0) +
           (model->workspace ? model->modality_count + 1 : 0);
}

static struct diffmm__kept kept(const char *name, size_t user_rows, size_t other_rows,
                                size_t columns, float *values)
{
    struct diffmm__kept array = {.rows = user_rows + other_rows,
                                 .columns = columns,
                                 .user_rows = user_rows,
                                 .values = values};
    snprintf(array.name, sizeof array.name, "%s", name);
    return array;
}

struct diffmm__kept diffmm__kept_at(const diffmm_model *model, size_t index)
{
    size_t users = model->users, items = model->items, d = model->d;
    if (index < model->parameter_count) {
        const struct diffmm__parameter *p = &model->parameters[index];
        bool of_users = p == diffmm__user_embedding(model);
        return kept(p->name, of_users ? p->rows : 0, of_users ? 0 : p->rows, p->columns, p->values);
    }
    size_t further = index - model->parameter_count;
    if (further == 0)
        return kept("final.user", users, 0, d, model->final);
    if (further == 1)
        return kept("final.item", 0, items, d, model->final + users * d);
    size_t m = further - 2;
    if (model->blend) {
        if (m == 0) /* those of the items follow (model/blend.h) */
            return kept("served.user", users, 0, model->width, model->served);
        m--;
    }
    if (m == model->modality_count)
        return kept("aggregated", users, items, d, model->workspace->v);
    struct diffmm__kept content = kept("", 0, items, d, model->workspace->modality[m].normalized);
    snprintf(content.name, sizeof content.name, "content.%s", model->modalities[m].name);
    return content;
}

static void lay_out(struct diffmm__best *best, size_t count, size_t cutoffs)
{
    best->values = diffmm__arena_take_zero(&best->arena, count, sizeof *best->values);
    best->valid = diffmm__arena_take_zero(&best->arena, cutoffs, sizeof *best->valid);
    best->test = diffmm__arena_take_zero(&best->arena, cutoffs, sizeof *best->test);
}

size_t diffmm__best_bytes(size_t count, size_t cutoffs)
{
    struct diffmm__best measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, count, cutoffs);
    return measured.arena.bytes;
}

diffmm_status diffmm__best_create(const diffmm_model *model, size_t cutoffs,
                                  struct diffmm__best *out)
{
    size_t size = 0;
    for (size_t i = 0; i < diffmm__kept_count(model); i++) {
        struct diffmm__kept array = diffmm__kept_at(model, i);
        size += array.rows * array.columns;
    }
    *out = (struct diffmm__best){.arena = diffmm__arena_on(model->context)};
    lay_out(out, size, cutoffs);
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

/* The rows that the model has, of an array of this shape. */
static void copy(const diffmm_model *model, const struct diffmm__kept *array, const float *from,
                 float *to)
{
    const struct diffmm__part own =
        array->user_rows > 0 ? model->own_users : (struct diffmm__part){0, 0};
    const struct diffmm__part parts[] = {own, {array->user_rows, array->rows}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t skip = parts[i].first * array->columns, end = parts[i].end * array->columns;
        if (end > skip)
            memcpy(to + skip, from + skip, (end - skip) * sizeof *to);
    }
}

static void keep(struct diffmm__best *best, const diffmm_model *model)
{
    float *place = best->values;
    for (size_t i = 0; i < diffmm__kept_count(model); i++) {
        struct diffmm__kept array = diffmm__kept_at(model, i);
        copy(model, &array, array.values, place);
        place += array.rows * array.columns;
    }
}

/* The metrics that count: of the split that was asked for, unless the other one alone has users. */
static const diffmm_metrics *judge(const diffmm_model *model, const diffmm_metrics *valid,
                                   const diffmm_metrics *test)
{
    bool by_test = model->settings.select_by_test ? test[0].users > 0 || valid[0].users == 0
                                                  : valid[0].users == 0;
    return by_test ? test : valid;
}

/* 1: a is the larger, -1: b is, 0: neither. NaN is the least. */
static int larger(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (int)isnan(b) - (int)isnan(a);
    return (a > b) - (a < b);
}

/* The measures are compared in their order until one differs. Recall alone would not do: where a
 * cutoff reaches the whole catalogue it is 1 in every epoch, and the first epoch would be chosen
 * whatever it is. */
static int compare(size_t cutoffs, const diffmm_metrics *a, double loss_a, const diffmm_metrics *b,
                   double loss_b)
{
    int order = 0;
    for (size_t c = 0; c < cutoffs && order == 0; c++) {
        order = larger(a[c].recall, b[c].recall);
        if (order == 0)
            order = larger(a[c].ndcg, b[c].ndcg);
    }
    return order != 0 ? order : larger(-loss_a, -loss_b);
}

void diffmm__best_name(struct diffmm__best *best, size_t epoch,
                       const struct diffmm__results *results)
{
    best->epoch = epoch;
    best->loss = results->loss;
    memcpy(best->valid, results->valid, results->cutoffs * sizeof *best->valid);
    memcpy(best->test, results->test, results->cutoffs * sizeof *best->test);
}

void diffmm__best_offer(struct diffmm__best *best, const diffmm_model *model, size_t epoch,
                        const struct diffmm__results *results)
{
    const diffmm_metrics *metrics = judge(model, results->valid, results->test);
    if (best->epoch > 0 && metrics[0].users > 0 &&
        compare(results->cutoffs, metrics, results->loss, judge(model, best->valid, best->test),
                best->loss) <= 0)
        return;
    diffmm__best_name(best, epoch, results);
    keep(best, model);
}

bool diffmm__best_is_stale(const struct diffmm__best *best, size_t epoch, size_t patience)
{
    return patience > 0 && epoch >= best->epoch + patience;
}

void diffmm__best_restore(const struct diffmm__best *best, diffmm_model *model)
{
    const float *place = best->values;
    for (size_t i = 0; i < diffmm__kept_count(model); i++) {
        struct diffmm__kept array = diffmm__kept_at(model, i);
        copy(model, &array, place, array.values);
        place += array.rows * array.columns;
    }
}
