/* SPDX-License-Identifier: BSD-2-Clause */
#include "cold_start/cold_start_scale.h"

#include <math.h>
#include <stdlib.h>

#include "base/numbers.h"
#include "base/pool.h"
#include "base/status.h"
#include "linalg/kernels.h"
#include "linalg/topk.h"
#include "model/model.h"

enum { most_users = 256, most_items = 512, cutoff = 20, tile = 1024 };

static const double reached = 0.003; /* at least so many of all pairs */
static const float largest =
    4.0f; /* features that predict nothing are not scaled up without limit */

struct sample {
    const diffmm_model *model;
    size_t users, items; /* sampled: users that have training items, items held out */
    int32_t user[most_users];
    size_t k;
    struct diffmm__ranked *entries; /* per worker: k */
    double *need;                   /* users: bar - u . mean */
    const float *mean;
    float *score; /* M x users x items: u . p of one modality */
    float *ratio; /* users x items */
};

static void sample_users(struct sample *s)
{
    const struct diffmm__csr *seen = &s->model->catalog->train;
    size_t users = s->model->users, with_items = 0, next = 0;
    for (size_t u = 0; u < users; u++)
        with_items += seen->pointers[u + 1] > seen->pointers[u];
    size_t wanted = with_items < most_users ? with_items : most_users;
    for (size_t u = 0; u < users && s->users < wanted; u++)
        if (seen->pointers[u + 1] > seen->pointers[u] && next++ * wanted / with_items >= s->users)
            s->user[s->users++] = (int32_t)u;
}

static const float *user_row(const struct sample *s, size_t index)
{
    return diffmm__served_users(s->model) + (size_t)s->user[index] * s->model->width;
}

static void find_bar(void *argument, size_t index, size_t worker)
{
    struct sample *s = argument;
    const diffmm_model *model = s->model;
    const float *u = user_row(s, index), *items = diffmm__served_items(model);
    const struct diffmm__csr *rows = &model->catalog->train;
    const int32_t *seen = rows->indices + rows->pointers[s->user[index]];
    const int32_t *end = rows->indices + rows->pointers[s->user[index] + 1];
    struct diffmm__topk topk = diffmm__topk_begin(s->entries + worker * s->k, s->k);
    float scores[tile];
    size_t trained = diffmm__catalog_trained(model->catalog);
    for (size_t first = 0; first < trained; first += tile) {
        size_t left = trained - first, count = left < tile ? left : tile;
        for (size_t i = 0; i < count; i++)
            scores[i] =
                diffmm__kernels()->dot_float(model->width, u, items + (first + i) * model->width);
        for (; seen < end && (size_t)*seen < first + count; seen++)
            scores[(size_t)*seen - first] = NAN;
        diffmm__topk_push(&topk, first, count, scores);
    }
    size_t found = diffmm__topk_finish(&topk);
    double bar = found > 0 ? (double)topk.entries[found - 1].score : 0.0;
    s->need[index] = bar - diffmm__kernels()->dot(model->width, u, s->mean);
}

static void score_modality(const struct sample *s, size_t held, const float *predictions,
                           float *out)
{
    size_t d = s->model->width;
    for (size_t b = 0; b < s->users; b++)
        for (size_t i = 0; i < s->items; i++)
            out[b * s->items + i] = diffmm__kernels()->dot_float(
                d, user_row(s, b), predictions + i * held / s->items * d);
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float find_scale(struct sample *s, size_t modalities, size_t set)
{
    size_t pairs = s->users * s->items;
    for (size_t i = 0; i < pairs; i++) {
        float score = 0.0f;
        for (size_t m = 0; m < modalities; m++)
            if (set >> m & 1)
                score += s->score[m * pairs + i];
        double need = s->need[i / s->items];
        s->ratio[i] = score > 0.0f ? diffmm__narrow(fmax(0.0, need / (double)score)) : INFINITY;
    }
    qsort(s->ratio, pairs, sizeof *s->ratio, compare);
    size_t rank =
        (size_t)((double)pairs * (double)s->k / (double)diffmm__catalog_trained(s->model->catalog));
    return fminf(s->ratio[rank < pairs ? rank : pairs - 1], largest);
}

static size_t bar_rank(size_t items)
{
    size_t k = (size_t)(reached * (double)items);
    k = k > cutoff ? k : cutoff;
    return k < items / 4 ? k : items / 4; /* a few items only */
}

diffmm_status diffmm__cold_start_scale(diffmm_placer *placer, const diffmm_model *model,
                                       size_t held, const float *const *predictions)
{
    struct sample s = {.model = model,
                       .k = bar_rank(diffmm__catalog_trained(model->catalog)),
                       .mean = placer->mean};
    struct diffmm__arena arena = diffmm__arena_on(placer->context);
    sample_users(&s);
    if (s.users == 0)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "model: none of its users has training items, which the scale of new "
                            "items is learnt from");
    s.items = held < most_items ? held : most_items;
    size_t pairs = s.users * s.items;
    s.entries =
        diffmm__arena_take(&arena, s.k, diffmm__workers(placer->context) * sizeof *s.entries);
    s.need = diffmm__arena_take(&arena, s.users, sizeof *s.need);
    s.score = diffmm__arena_take(&arena, pairs, placer->modality_count * sizeof *s.score);
    s.ratio = diffmm__arena_take(&arena, pairs, sizeof *s.ratio);
    if (arena.failed) {
        diffmm__arena_end(&arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    diffmm__parallel(placer->context, s.users, find_bar, &s);
    for (size_t m = 0; m < placer->modality_count; m++)
        score_modality(&s, held, predictions[m], s.score + m * pairs);
    placer->scale[0] = 1.0f;
    for (size_t set = 1; set < (size_t)1 << placer->modality_count; set++)
        placer->scale[set] = find_scale(&s, placer->modality_count, set);
    diffmm__arena_end(&arena);
    return DIFFMM_OK;
}
