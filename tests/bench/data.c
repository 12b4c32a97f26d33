/* SPDX-License-Identifier: BSD-2-Clause */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

#ifndef BENCH_DATA_FOLDER
#error "BENCH_DATA_FOLDER is the folder in which the folders of the data sets may lie"
#endif

const struct bench_shape bench_tiktok = {
    .title = "TikTok",
    .preset = "tiktok",
    .folder = BENCH_DATA_FOLDER "/tiktok",
    .variable = "DIFFMM_DATA_DIR",
    .users = 9308,
    .items = 6710,
    .interactions = 68722,
    .modality_count = 3,
    .modalities = {{"image", 128}, {"audio", 128}, {"text", 768}},
};

const struct bench_shape bench_sports = {
    .title = "Amazon-Sports",
    .preset = "sports",
    .folder = BENCH_DATA_FOLDER "/sports",
    .users = 35598,
    .items = 18357,
    .interactions = 296337,
    .modality_count = 2,
    .modalities = {{"image", 64}, {"text", 64}},
};

const struct bench_shape bench_users = {
    .title = "many users",
    .preset = "tiktok",
    .users = 200000,
    .items = 5000,
    .interactions = 1600000,
    .modality_count = 2,
    .modalities = {{"image", 64}, {"text", 64}},
};

const struct bench_shape bench_quick = {
    .title = "a small shape",
    .preset = "tiktok",
    .users = 150,
    .items = 120,
    .interactions = 1500,
    .modality_count = 3,
    .modalities = {{"image", 16}, {"audio", 8}, {"text", 24}},
};

const char *bench_folder(const struct bench_shape *shape)
{
    const char *named = shape->variable ? getenv(shape->variable) : NULL;
    if (named && *named)
        return named;
    return shape->folder && access(shape->folder, R_OK | X_OK) == 0 ? shape->folder : NULL;
}

/* Uniform in [-1, 1); a function of modality size, item and feature alone. */
static int random_features(size_t first, size_t count, float *out, void *user_data)
{
    const struct bench_modality *modality = user_data;
    size_t columns = modality->dimensions;
    for (size_t i = 0; i < count * columns; i++) {
        uint64_t bits = bench_random((uint64_t)columns << 40 | (first * columns + i));
        out[i] = (float)(int32_t)(bits >> 32) * 0x1p-31f;
    }
    return 0;
}

static void add_random(diffmm_dataset *dataset, const struct bench_modality *modality)
{
    bench_check(diffmm_dataset_add_modality(dataset, modality->name, modality->dimensions,
                                            random_features, (void *)(uintptr_t)modality));
}

static bool has_modality(const diffmm_dataset *dataset, const char *name)
{
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++)
        if (strcmp(diffmm_dataset_modality_name(dataset, m), name) == 0)
            return true;
    return false;
}

static diffmm_dataset *from_folder(diffmm_context *context, const char *folder,
                                   const struct bench_shape *shape, size_t modalities)
{
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_open(context, folder, &dataset));
    for (size_t m = 0; m < modalities; m++)
        if (!has_modality(dataset, shape->modalities[m].name))
            add_random(dataset, &shape->modalities[m]);
    if (diffmm_dataset_modalities(dataset) != modalities)
        bench_fail("%s has modalities beyond the %zu asked for", folder, modalities);
    return dataset;
}

static diffmm_dataset *synthetic(diffmm_context *context, const struct bench_shape *shape,
                                 size_t modalities)
{
    size_t dimensions[3];
    for (size_t m = 0; m < modalities; m++)
        dimensions[m] = shape->modalities[m].dimensions;
    diffmm_synthetic spec = {.struct_size = sizeof spec,
                             .users = shape->users,
                             .items = shape->items,
                             .interactions = shape->interactions,
                             .modality_count = modalities,
                             .dimensions = dimensions,
                             .seed = 1};
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_synthesize(context, &spec, &dataset));
    return dataset;
}

diffmm_dataset *bench_data(diffmm_context *context, const struct bench_shape *shape,
                           size_t modalities)
{
    if (modalities == 0 || modalities > shape->modality_count)
        bench_fail("%s has 1 to %zu modalities, not %zu", shape->title, shape->modality_count,
                   modalities);
    const char *folder = bench_folder(shape);
    return folder ? from_folder(context, folder, shape, modalities)
                  : synthetic(context, shape, modalities);
}

static void copy_rows(const diffmm_dataset *from, diffmm_split split, const bool *without,
                      diffmm_dataset *to)
{
    for (size_t u = 0; u < diffmm_dataset_users(from); u++) {
        const int32_t *items;
        size_t count;
        bench_check(diffmm_dataset_row(from, split, (int32_t)u, &items, &count));
        if (without && without[u])
            continue;
        int32_t *user = bench_take(count, sizeof *user);
        for (size_t i = 0; i < count; i++)
            user[i] = (int32_t)u;
        bench_check(diffmm_dataset_add_interactions(to, split, count, user, items));
        free(user);
    }
}

/* From the folder, if it has such a file. */
static void copy_modality(const struct bench_shape *shape, size_t m, diffmm_dataset *to)
{
    const struct bench_modality *modality = &shape->modalities[m];
    const char *folder = bench_folder(shape);
    char path[4096] = "";
    if (folder)
        snprintf(path, sizeof path, "%s/%s_feat.npy", folder, modality->name);
    if (folder && access(path, R_OK) == 0)
        bench_check(diffmm_dataset_read_modality(to, modality->name, path));
    else
        add_random(to, modality);
}

diffmm_dataset *bench_without_users(const diffmm_dataset *dataset, diffmm_context *context,
                                    const struct bench_shape *shape, size_t modalities,
                                    const bool *without)
{
    diffmm_dataset *copy;
    bench_check(diffmm_dataset_create(context, &copy));
    bench_check(
        diffmm_dataset_reserve(copy, diffmm_dataset_users(dataset), diffmm_dataset_items(dataset)));
    copy_rows(dataset, DIFFMM_TRAIN, without, copy);
    copy_rows(dataset, DIFFMM_VALID, without, copy);
    copy_rows(dataset, DIFFMM_TEST, without, copy);
    for (size_t m = 0; m < modalities; m++)
        copy_modality(shape, m, copy);
    return copy;
}

diffmm_dataset *bench_sparse_data(diffmm_context *context, size_t users, size_t items,
                                  size_t per_user)
{
    static const struct bench_modality small = {"features", 8};
    size_t count = users * per_user;
    int32_t *user = bench_take(count, sizeof *user), *item = bench_take(count, sizeof *item);
    for (size_t i = 0; i < count; i++) {
        user[i] = (int32_t)(i / per_user);
        item[i] = (int32_t)(bench_random(i) % items);
    }
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_create(context, &dataset));
    bench_check(diffmm_dataset_reserve(dataset, users, items));
    bench_check(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, count, user, item));
    add_random(dataset, &small);
    free(user);
    free(item);
    return dataset;
}

diffmm_model *bench_sparse_model(diffmm_context *context, size_t users, size_t items,
                                 size_t per_user)
{
    diffmm_dataset *dataset = bench_sparse_data(context, users, items, per_user);
    diffmm_options *options;
    diffmm_model *model;
    bench_check(diffmm_options_create(context, &options));
    bench_check(diffmm_options_set(options, "contrastive.enabled", "false"));
    bench_check(diffmm_model_create(dataset, options, &model));
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    bench_check(diffmm_model_forward(model));
    return model;
}

void bench_describe(const diffmm_dataset *dataset, const char *title, const char *folder)
{
    printf("%s (%s): %zu users, %zu items, interactions %zu + %zu + %zu, modalities", title,
           folder ? folder : "synthetic", diffmm_dataset_users(dataset),
           diffmm_dataset_items(dataset), diffmm_dataset_interactions(dataset, DIFFMM_TRAIN),
           diffmm_dataset_interactions(dataset, DIFFMM_VALID),
           diffmm_dataset_interactions(dataset, DIFFMM_TEST));
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++)
        printf("%s %s %zu", m > 0 ? "," : "", diffmm_dataset_modality_name(dataset, m),
               diffmm_dataset_modality_dimensions(dataset, m));
    printf("\n");
}

size_t bench_pairs(const diffmm_dataset *dataset, int32_t **user, int32_t **item)
{
    size_t count = diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), next = 0;
    *user = bench_take(count, sizeof **user);
    *item = bench_take(count, sizeof **item);
    for (size_t u = 0; u < diffmm_dataset_users(dataset); u++) {
        const int32_t *row;
        size_t length;
        bench_check(diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)u, &row, &length));
        for (size_t i = 0; i < length; i++) {
            (*user)[next] = (int32_t)u;
            (*item)[next++] = row[i];
        }
    }
    return next;
}
