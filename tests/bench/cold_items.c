/* SPDX-License-Identifier: BSD-2-Clause */
#include "cold_items.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *normalise(float *row, size_t d)
{
    double square = 0.0;
    for (size_t j = 0; j < d; j++)
        square += (double)row[j] * (double)row[j];
    float length = (float)fmax(sqrt(square), 1e-12);
    for (size_t j = 0; j < d; j++)
        row[j] /= length;
    return row;
}

static void take_features(struct cold_world *w, size_t m)
{
    w->name[m] = diffmm_dataset_modality_name(w->source, m);
    size_t d = w->dimensions[m] = diffmm_dataset_modality_dimensions(w->source, m);
    float *all = bench_take(w->items * d, sizeof *all);
    w->features[m] = bench_take(w->items * d, sizeof *all);
    bench_check(diffmm_dataset_features(w->source, m, 0, w->items, all));
    for (size_t i = 0; i < w->items; i++)
        memcpy(w->features[m] + i * d, all + (size_t)w->original[i] * d, d * sizeof *all);
    free(all);
    bench_check(diffmm_dataset_add_modality_array(w->known_data, w->name[m], w->known, d,
                                                  w->features[m], d));
}

static void take_pairs(struct cold_world *w, diffmm_split split)
{
    size_t count = 0, most = diffmm_dataset_interactions(w->source, split);
    int32_t *user = bench_take(most, sizeof *user), *item = bench_take(most, sizeof *item);
    for (size_t u = 0; u < w->users; u++) {
        const int32_t *row;
        size_t length;
        bench_check(diffmm_dataset_row(w->source, split, (int32_t)u, &row, &length));
        for (size_t i = 0; i < length; i++)
            if ((size_t)w->number[row[i]] < w->known) {
                user[count] = (int32_t)u;
                item[count++] = w->number[row[i]];
            }
    }
    bench_check(diffmm_dataset_add_interactions(w->known_data, split, count, user, item));
    free(user);
    free(item);
}

struct cold_world cold_hide(diffmm_context *context, const diffmm_dataset *source, size_t seed)
{
    struct cold_world w = {.source = source,
                           .users = diffmm_dataset_users(source),
                           .items = diffmm_dataset_items(source),
                           .modalities = diffmm_dataset_modalities(source)};
    size_t next = 0;
    w.number = bench_take(w.items, sizeof *w.number);
    w.original = bench_take(w.items, sizeof *w.original);
    for (int hidden = 0; hidden < 2; hidden++) {
        for (size_t i = 0; i < w.items; i++)
            if ((bench_random((uint64_t)seed << 32 | i) % 10 == 0) == hidden) {
                w.original[next] = (int32_t)i;
                w.number[i] = (int32_t)next++;
            }
        if (!hidden)
            w.known = next;
    }
    bench_check(diffmm_dataset_create(context, &w.known_data));
    bench_check(diffmm_dataset_reserve(w.known_data, w.users, w.known));
    for (int split = 0; split < 3; split++)
        take_pairs(&w, (diffmm_split)split);
    for (size_t m = 0; m < w.modalities; m++)
        take_features(&w, m);
    bench_check(diffmm_dataset_seal(w.known_data));
    return w;
}

void cold_end(struct cold_world *w)
{
    diffmm_dataset_destroy(w->known_data);
    for (size_t m = 0; m < w->modalities; m++)
        free(w->features[m]);
    free(w->number);
    free(w->original);
}

float *cold_unit_features(const struct cold_world *w, size_t *columns)
{
    *columns = 0;
    for (size_t m = 0; m < w->modalities; m++)
        *columns += w->dimensions[m];
    float *unit = bench_take(w->items * *columns, sizeof *unit);
    size_t column = 0;
    for (size_t m = 0; m < w->modalities; m++) {
        size_t d = w->dimensions[m];
        for (size_t j = 0; j < d; j++) {
            double mean = 0.0;
            for (size_t i = 0; i < w->known; i++)
                mean += (double)w->features[m][i * d + j] / (double)w->known;
            for (size_t i = 0; i < w->items; i++)
                unit[i * *columns + column + j] = w->features[m][i * d + j] - (float)mean;
        }
        for (size_t i = 0; i < w->items; i++)
            normalise(unit + i * *columns + column, d);
        column += d;
    }
    return unit;
}

static diffmm_parameter parameter(const diffmm_model *model, const char *modality, const char *what)
{
    char name[128];
    diffmm_parameter found = {.struct_size = sizeof found};
    snprintf(name, sizeof name, "modality.%s.projection.%s", modality, what);
    bench_check(diffmm_model_parameter(model, name, &found));
    return found;
}

/* Xn of one item: leaky F W (W: D x d), or F W^T + b (W: d x D), with length 1. */
static void project(const struct cold_world *w, const diffmm_model *model, size_t m, size_t item,
                    float *row)
{
    size_t inputs = w->dimensions[m], d = diffmm_model_dimensions(model);
    const float *features = w->features[m] + item * inputs;
    diffmm_parameter weight = parameter(model, w->name[m], "weight");
    bool linear = weight.rows == d && weight.columns == inputs;
    const float *bias = linear ? parameter(model, w->name[m], "bias").values : NULL;
    for (size_t c = 0; c < d; c++) {
        double sum = 0.0;
        for (size_t j = 0; j < inputs; j++)
            sum += (double)features[j] *
                   (double)(linear ? weight.values[c * inputs + j] : weight.values[j * d + c]);
        row[c] = (float)(linear ? sum + (double)bias[c] : sum > 0.0 ? sum : 0.2 * sum);
    }
    normalise(row, d);
}

float *cold_isolated_rows(const struct cold_world *w, const diffmm_model *model)
{
    size_t d = diffmm_model_dimensions(model), hidden = w->items - w->known;
    float weights[3], *rows = bench_take(hidden * d, sizeof *rows), *x = bench_take(d, sizeof *x);
    double ris;
    int64_t layers;
    bench_check(diffmm_model_modality_weights(model, weights));
    bench_check(diffmm_options_get_real(diffmm_model_options(model), "ris_lambda", &ris));
    bench_check(diffmm_options_get_integer(diffmm_model_options(model), "layers", &layers));
    for (size_t i = 0; i < hidden; i++) {
        float *v = rows + i * d;
        double square = 0.0;
        for (size_t m = 0; m < w->modalities; m++) {
            project(w, model, m, w->known + i, x);
            for (size_t c = 0; c < d; c++)
                v[c] += weights[m] * x[c];
        }
        for (size_t c = 0; c < d; c++)
            square += (double)v[c] * (double)v[c];
        double factor = (double)(layers + 1) + ris / fmax(sqrt(square), 1e-12);
        for (size_t c = 0; c < d; c++)
            v[c] = (float)(factor * (double)v[c]);
    }
    free(x);
    return rows;
}

/* Add the mean of the k known rows with the largest similarity. */
static void add_nearest(const struct cold_world *w, const diffmm_model *model, size_t k,
                        const float *similarity, float *row)
{
    size_t d = diffmm_model_dimensions(model), found;
    const float *final = diffmm_model_item_embeddings(model);
    int32_t *nearest = bench_take(k, sizeof *nearest);
    bench_check(diffmm_top_k(w->known, similarity, 0, NULL, k, nearest, NULL, &found));
    for (size_t n = 0; n < found; n++)
        for (size_t c = 0; c < d; c++)
            row[c] += final[(size_t)nearest[n] * d + c] / (float)found;
    free(nearest);
}

float *cold_nearest_rows(const struct cold_world *w, const diffmm_model *model, size_t k)
{
    size_t d = diffmm_model_dimensions(model), wide = w->modalities * d;
    float *rows = bench_take((w->items - w->known) * d, sizeof *rows);
    float *x = bench_take(w->items * wide, sizeof *x);
    float *similarity = bench_take(w->known, sizeof *similarity);
    for (size_t i = 0; i < w->items; i++)
        for (size_t m = 0; m < w->modalities; m++)
            project(w, model, m, i, x + i * wide + m * d);
    for (size_t i = w->known; i < w->items; i++) {
        for (size_t j = 0; j < w->known; j++) {
            similarity[j] = 0.0f;
            for (size_t c = 0; c < wide; c++)
                similarity[j] += x[i * wide + c] * x[j * wide + c];
        }
        add_nearest(w, model, k, similarity, rows + (i - w->known) * d);
    }
    free(x);
    free(similarity);
    return rows;
}

float *cold_placed_rows(const struct cold_world *w, const diffmm_placer *placer, double boost,
                        size_t modality)
{
    size_t hidden = w->items - w->known, count = w->modalities;
    const float **features = bench_take(hidden * count, sizeof *features);
    float *rows = bench_take(hidden * diffmm_placer_dimensions(placer), sizeof *rows);
    for (size_t i = 0; i < hidden; i++)
        for (size_t m = 0; m < count; m++)
            if (modality == SIZE_MAX || modality == m)
                features[i * count + m] = w->features[m] + (w->known + i) * w->dimensions[m];
    bench_check(diffmm_place_items(placer, hidden, features, boost, rows));
    free(features);
    return rows;
}
