/* SPDX-License-Identifier: BSD-2-Clause */
/* Learning a cold-start mapping from a model and the raw features of its items. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "cold_start/cold_start.h"
#include "cold_start/cold_start_scale.h"
#include "cold_start/least_squares.h"
#include "dataset/modalities.h"
#include "dataset/seal.h"
#include "evaluation/score_range.h"
#include "linalg/gemm.h"
#include "model/embeddings.h"

enum { least_items = 10, held_part = 5 };

/* What the mapping is learnt from. Every fifth item is held out from the first fit: these come
 * last. */
struct source {
    const diffmm_model *model;
    const diffmm_dataset *dataset;
    diffmm_placer *placer;
    struct diffmm__arena arena;
    size_t count, held, features;
    int32_t *item;    /* in the data set */
    int32_t *known;   /* in the model */
    float *z, *y;     /* see struct diffmm__least_squares */
    float *deviation; /* of each feature */
    float *map, *held_map;
};

static diffmm_status check_source(const diffmm_model *model, const diffmm_dataset *dataset)
{
    if (dataset->modality_count == 0 || dataset->modality_count > DIFFMM__COLD_START_MODALITIES)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the data set has %zu modalities; a cold-start mapping takes 1 to %d",
                            dataset->modality_count, DIFFMM__COLD_START_MODALITIES);
    diffmm_status status = diffmm__model_check_embeddings(model);
    return status ? status
                  : diffmm__score_range_check("model", model->users, model->items, model->width,
                                              diffmm__served_users(model),
                                              diffmm__served_items(model), NULL);
}

/* Find the data set's items that the model has; every fifth of them comes last. */
static diffmm_status match_items(struct source *s)
{
    const struct diffmm__catalog *catalog = s->dataset->catalog;
    s->item = diffmm__arena_take(&s->arena, catalog->items, sizeof *s->item);
    s->known = diffmm__arena_take(&s->arena, catalog->items, sizeof *s->known);
    int32_t *found = diffmm__arena_take(&s->arena, catalog->items, sizeof *found);
    if (s->arena.failed)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t matched = diffmm__catalog_match_items(catalog, s->model->catalog, found);
    if (matched < least_items)
        return diffmm__fail(
            DIFFMM_ERROR_INVALID_ARGUMENT,
            "the model knows %zu of the data set's items; a cold-start mapping takes "
            "at least %d",
            matched, least_items);
    s->held = matched / held_part;
    size_t place[2] = {0, matched - s->held};
    for (size_t i = 0; i < catalog->items; i++)
        if (found[i] >= 0) {
            size_t *next = &place[s->count++ % held_part == held_part - 1];
            s->item[*next] = (int32_t)i;
            s->known[(*next)++] = found[i];
        }
    return DIFFMM_OK;
}

/* Means of `columns` columns of rows that are `stride` apart, of all rows. */
static void take_means(size_t rows, size_t columns, const float *x, size_t stride, double *sum,
                       float *mean)
{
    memset(sum, 0, columns * sizeof *sum);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            sum[c] += (double)x[r * stride + c];
    for (size_t c = 0; c < columns; c++)
        mean[c] = (float)(sum[c] / (double)rows);
}

/* Whether no difference of two of these values overflows. */
static bool differences_fit(size_t rows, size_t columns, const float *x, size_t stride)
{
    float largest = 0.0f;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            largest = fmaxf(largest, fabsf(x[r * stride + c]));
    return largest < 0.25f * FLT_MAX;
}

/* Subtract the means in place, and compute each column's deviation. */
static void centre(size_t rows, size_t columns, const float *mean, float *x, size_t stride,
                   double *square, float *deviation)
{
    memset(square, 0, columns * sizeof *square);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            float value = x[r * stride + c] -= mean[c];
            square[c] += (double)value * (double)value;
        }
    for (size_t c = 0; c < columns; c++)
        deviation[c] = (float)sqrt(square[c] / (double)rows);
}

/* Whether a column varies; by less than this, dividing by its deviation would overflow. */
static bool varies(float deviation)
{
    return deviation >= FLT_MIN;
}

/* A column that varies by nothing but rounding, beside the others of its modality, says nothing:
 * divided by its deviation it would give an ordinary feature of a new item the largest of weights. */
static void forget_rounding(size_t columns, float *deviation)
{
    const double rounding = 1e-12;
    float largest = 0.0f;
    for (size_t c = 0; c < columns; c++)
        largest = fmaxf(largest, deviation[c]);
    for (size_t c = 0; c < columns; c++)
        if ((double)deviation[c] < rounding * (double)largest)
            deviation[c] = 0.0f;
}

/* Columns that do not vary become 0. */
static void standardise(size_t rows, size_t columns, const float *deviation, float *x,
                        size_t stride)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            x[r * stride + c] = varies(deviation[c]) ? x[r * stride + c] / deviation[c] : 0.0f;
}

/* One modality's features into its columns of z. */
static diffmm_status take_features(struct source *s, size_t m, size_t column, double *sum)
{
    const struct diffmm__cold_start_modality *modality = &s->placer->modalities[m];
    const float *features;
    size_t stride;
    float *scratch = NULL;
    diffmm_status status = diffmm__modalities_features(s->dataset, m, &features, &stride, &scratch);
    if (status)
        return status;
    for (size_t i = 0; i < s->count; i++)
        memcpy(s->z + i * s->features + column, features + (size_t)s->item[i] * stride,
               modality->dimensions * sizeof *s->z);
    diffmm__release(s->placer->context, scratch);
    float *z = s->z + column, *deviation = s->deviation + column;
    if (!differences_fit(s->count, modality->dimensions, z, s->features))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "modality '%s': its features are too large to be standardised",
                            modality->name);
    take_means(s->count, modality->dimensions, z, s->features, sum, modality->mean);
    centre(s->count, modality->dimensions, modality->mean, z, s->features, sum, deviation);
    forget_rounding(modality->dimensions, deviation);
    standardise(s->count, modality->dimensions, deviation, z, s->features);
    return DIFFMM_OK;
}

static diffmm_status take_embeddings(struct source *s, double *sum)
{
    size_t d = s->model->width;
    const float *rows = diffmm__served_items(s->model);
    for (size_t i = 0; i < s->count; i++)
        memcpy(s->y + i * d, rows + (size_t)s->known[i] * d, d * sizeof *s->y);
    take_means(s->count, d, s->y, d, sum, s->placer->mean);
    bool vary = false;
    for (size_t i = 0; i < s->count * d; i++) {
        s->y[i] -= s->placer->mean[i % d];
        vary = vary || s->y[i] != 0.0f;
    }
    return vary ? DIFFMM_OK
                : diffmm__fail(DIFFMM_ERROR_STATE, "model: its item embeddings are all alike; "
                                                   "diffmm_model_forward() computes them");
}

static diffmm_status take_all(struct source *s)
{
    size_t d = s->model->width, column = 0;
    for (size_t m = 0; m < s->placer->modality_count; m++)
        s->features += s->placer->modalities[m].dimensions;
    s->z = diffmm__arena_take(&s->arena, s->count, s->features * sizeof *s->z);
    s->y = diffmm__arena_take(&s->arena, s->count, d * sizeof *s->y);
    s->deviation = diffmm__arena_take(&s->arena, s->features, sizeof *s->deviation);
    s->map = diffmm__arena_take(&s->arena, s->features, d * sizeof *s->map);
    s->held_map = diffmm__arena_take(&s->arena, s->features, d * sizeof *s->held_map);
    double *sum = diffmm__arena_take(&s->arena, s->features + d, sizeof *sum);
    if (s->arena.failed)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = take_embeddings(s, sum);
    for (size_t m = 0; m < s->placer->modality_count && !status; m++) {
        status = take_features(s, m, column, sum);
        column += s->placer->modalities[m].dimensions;
    }
    return status;
}

/* Held-out predictions by modality, for the scales. */
static diffmm_status find_scales(struct source *s)
{
    size_t d = s->model->width, column = 0;
    const float *predictions[DIFFMM__COLD_START_MODALITIES];
    for (size_t m = 0; m < s->placer->modality_count; m++) {
        size_t inputs = s->placer->modalities[m].dimensions;
        float *out = diffmm__arena_take(&s->arena, s->held, d * sizeof *out);
        if (!out)
            return DIFFMM_ERROR_NO_MEMORY;
        diffmm__gemm(s->placer->context, s->held, d, inputs, 1.0f,
                     diffmm__plain(s->z + (s->count - s->held) * s->features + column, s->features),
                     diffmm__plain(s->held_map + column * d, d), 0.0f, out, d);
        diffmm_status status =
            diffmm__score_range_check(s->placer->modalities[m].name, s->model->users, s->held, d,
                                      diffmm__served_users(s->model), out, NULL);
        if (status)
            return status;
        predictions[m] = out;
        column += inputs;
    }
    return diffmm__cold_start_scale(s->placer, s->model, s->held, predictions);
}

/* The map for raw features is the one for standardised features, each row divided by the deviation
 * of its feature. (Floats divided in doubles give the same bits, and raise no overflow.) */
static diffmm_status keep_map(struct source *s)
{
    size_t d = s->model->width, column = 0;
    for (size_t m = 0; m < s->placer->modality_count; m++) {
        struct diffmm__cold_start_modality *modality = &s->placer->modalities[m];
        for (size_t r = 0; r < modality->dimensions; r++, column++)
            for (size_t c = 0; c < d; c++)
                modality->map[r * d + c] = varies(s->deviation[column])
                                               ? diffmm__narrow((double)s->map[column * d + c] /
                                                                (double)s->deviation[column])
                                               : 0.0f;
        if (!diffmm__all_finite(modality->dimensions * d, modality->map))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                "modality '%s': its features vary too little to be standardised",
                                modality->name);
    }
    return DIFFMM_OK;
}

static diffmm_status learn(struct source *s)
{
    diffmm_status status = match_items(s);
    if (!status)
        status = take_all(s);
    if (status)
        return status;
    struct diffmm__least_squares problem = {.context = s->placer->context,
                                            .items = s->count,
                                            .held = s->held,
                                            .features = s->features,
                                            .d = s->model->width,
                                            .z = s->z,
                                            .y = s->y};
    status = diffmm__least_squares_solve(&problem, s->map, s->held_map);
    if (!status)
        status = find_scales(s);
    return status ? status : keep_map(s);
}

static diffmm_status create(const diffmm_model *model, const diffmm_dataset *dataset,
                            diffmm_placer **out)
{
    diffmm_status status = check_source(model, dataset);
    if (status)
        return status;
    struct diffmm__cold_start_modality modalities[DIFFMM__COLD_START_MODALITIES] = {0};
    for (size_t m = 0; m < dataset->modality_count; m++) {
        memcpy(modalities[m].name, dataset->modalities[m].name, sizeof modalities[m].name);
        modalities[m].dimensions = dataset->modalities[m].dimensions;
    }
    struct source source = {
        .model = model, .dataset = dataset, .arena = diffmm__arena_on(dataset->context)};
    status = diffmm__cold_start_create(dataset->context, model->width, dataset->modality_count,
                                       modalities, &source.placer);
    if (status)
        return status;
    status = learn(&source);
    diffmm__arena_end(&source.arena);
    if (status) {
        diffmm_placer_destroy(source.placer);
        return status;
    }
    diffmm__cold_start_complete(source.placer);
    *out = source.placer;
    return DIFFMM_OK;
}

diffmm_status diffmm_placer_create(const diffmm_model *model, diffmm_dataset *dataset,
                                   diffmm_placer **out)
{
    if (!model || !dataset || !out)
        return diffmm__null(!model ? "model" : !dataset ? "dataset" : "out");
    struct diffmm__embedded embedded;
    DIFFMM__CALL model_call = diffmm__call_reads(model);
    DIFFMM__CALL dataset_call;
    diffmm_status status = diffmm__seal_call(&dataset_call, dataset);
    if (!status)
        status = diffmm__embedded_begin(model, &embedded);
    if (status)
        return status;
    status = create(embedded.model, dataset, out);
    diffmm__embedded_end(&embedded);
    return status;
}
