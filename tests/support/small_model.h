/* SPDX-License-Identifier: BSD-2-Clause */
/* Small catalogs and models, made by hand: what model files and scorers are tested on. */
#ifndef DIFFMM_TESTS_SMALL_MODEL_H
#define DIFFMM_TESTS_SMALL_MODEL_H

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/random.h"
#include "dataset/catalog.h"
#include "failure.h"
#include "linalg/normal.h"
#include "model/model_create.h"
#include "model/parameters.h"

/* Names PREFIX0-, PREFIX1-, .. */
static inline void small_names(diffmm_context *context, size_t count, const char *prefix,
                               struct diffmm__ids *out)
{
    char *text = diffmm__allocate(context, count, 32);
    int64_t *offsets = diffmm__allocate(context, count + 1, sizeof *offsets);
    offsets[0] = 0;
    for (size_t i = 0; i < count; i++)
        offsets[i + 1] = offsets[i] + sprintf(text + offsets[i], "%s%zu-", prefix, i) + 1;
    expect_success(diffmm__ids_begin_text(context, count, text, offsets, prefix, out));
}

/* Rows that hold each item with probability one in `sparsity`; user 0 has none. */
static inline struct diffmm__csr small_rows(diffmm_context *context, size_t users, size_t items,
                                            uint64_t seed, uint64_t sparsity)
{
    struct diffmm__csr rows;
    int64_t count = 0;
    expect_success(diffmm__csr_begin(context, users, items, users * items, false, &rows));
    rows.pointers[0] = 0;
    for (size_t u = 0; u < users; u++) {
        for (size_t i = 0; u > 0 && i < items; i++)
            if (diffmm__random_below(seed, 1, u * items + i, sparsity) == 0)
                rows.indices[count++] = (int32_t)i;
        rows.pointers[u + 1] = count;
    }
    return rows;
}

static inline struct diffmm__catalog *small_catalog(diffmm_context *context, size_t users,
                                                    size_t items, bool named, uint64_t seed)
{
    struct diffmm__catalog *catalog = diffmm__catalog_create(context);
    catalog->users = users;
    catalog->items = items;
    catalog->train = small_rows(context, users, items, seed, 5);
    if (named) {
        small_names(context, users, "user", &catalog->user_ids);
        small_names(context, items, "item", &catalog->item_ids);
    } else {
        expect_success(diffmm__ids_begin_numeric(context, users, &catalog->user_ids));
        expect_success(diffmm__ids_begin_numeric(context, items, &catalog->item_ids));
    }
    return catalog;
}

static inline float *small_values(diffmm_context *context, size_t count, uint64_t seed)
{
    float *values = diffmm__allocate(context, count, sizeof *values);
    diffmm__normal_draws(seed, 2, 0, count, values);
    return values;
}

/* Two modalities: "image", 5 features, leaky; "text", 7 features, linear. */
static inline void small_modalities(diffmm_model *model)
{
    model->modality_count = 2;
    model->modalities = diffmm__allocate_zero(model->context, 2, sizeof *model->modalities);
    struct diffmm__model_modality *image = &model->modalities[0], *text = &model->modalities[1];
    strcpy(image->name, "image");
    image->dimensions = 5;
    image->projection = DIFFMM__PROJECTION_LEAKY;
    strcpy(text->name, "text");
    text->dimensions = 7;
    text->projection = DIFFMM__PROJECTION_LINEAR;
}

/* A model as one read from a file is; ends with diffmm_model_destroy(). */
static inline diffmm_model *small_model(diffmm_context *context, size_t users, size_t items,
                                        size_t d, bool named)
{
    diffmm_model *model = diffmm__model_allocate(context);
    model->catalog = small_catalog(context, users, items, named, 11);
    model->users = users;
    model->own_users.end = users;
    model->items = items;
    model->d = model->width = d;
    expect_success(diffmm_options_create(context, &model->options));
    expect_success(diffmm_options_set_integer(model->options, "d", (int64_t)d));
    expect_success(diffmm_options_set(model->options, "modality.text.projection", "linear"));
    expect_success(diffmm__settings_read(model->options, &model->settings));
    small_modalities(model);
    expect_success(diffmm__parameters_create(model, false));
    for (size_t p = 0; p < model->parameter_count; p++) {
        struct diffmm__parameter *parameter = &model->parameters[p];
        diffmm__normal_draws(p + 1, 2, 0, parameter->rows * parameter->columns, parameter->values);
    }
    model->final = small_values(context, (users + items) * d, 99);
    return model;
}

/* Some held-out items, so that more counts as seen than the training rows. */
static inline void small_held_out(diffmm_model *model)
{
    struct diffmm__csr held = small_rows(model->context, model->users, model->items, 23, 4);
    const struct diffmm__csr *const splits[] = {&model->catalog->train, &held};
    expect_success(diffmm__csr_unite(model->context, 2, splits, &model->seen));
    diffmm__csr_end(model->context, &held);
}

#endif
