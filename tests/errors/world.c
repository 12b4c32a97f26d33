/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/folder.h"
#include "support/settings.h"

struct bytes model_file, checkpoint_file, module_file;

static const float image[items * features] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6};

static diffmm_context *make_context(void)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 2}, &context));
    return context;
}

static diffmm_options *make_options(diffmm_context *context)
{
    static const char *const list[] = {
        "embedding_size", "8", "hidden_sizes",        "6", "batch", "8", "epochs", "3",
        "cutoffs",        "2", "time_embedding_size", "4", NULL};
    return settings(context, list);
}

static diffmm_dataset *make_dataset(diffmm_context *context, enum kind kind)
{
    static const int32_t user[] = {0, 0, 1, 2, 2, 3}, item[] = {0, 1, 2, 3, 0, 1};
    static const int32_t held[] = {0, 1}, held_item[] = {2, 3};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    if (kind == EMPTY_DATASET)
        return dataset;
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 6, user, item));
    expect_success(
        diffmm_dataset_add_modality_array(dataset, "image", items, features, image, features));
    if (kind == DATASET) {
        expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TEST, 2, held, held_item));
        expect_success(diffmm_dataset_seal(dataset));
    }
    return dataset;
}

/* Placers want more items than the others have. Users take them in turn. */
enum { many_items = 12 };

static diffmm_dataset *make_many_items(diffmm_context *context)
{
    int32_t user[many_items], item[many_items];
    static const float rows[many_items * features] = {1, 2, 3, 9, 8, 7, 6, 5, 4, 3, 1, 0,
                                                      7, 7, 1, 2, 9, 4, 5, 5, 0, 8, 1, 6,
                                                      4, 2, 8, 0, 3, 3, 6, 9, 2, 1, 5, 7};
    diffmm_dataset *dataset;
    for (int32_t i = 0; i < many_items; i++) {
        user[i] = i % users;
        item[i] = i;
    }
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, many_items, user, item));
    expect_success(
        diffmm_dataset_add_modality_array(dataset, "image", many_items, features, rows, features));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

static diffmm_dataset *make_rated(diffmm_context *context)
{
    static const int32_t user[] = {0, 0, 0, 1}, item[] = {0, 1, 2, 1};
    static const double rating[] = {1, 2, 3, 4};
    const int64_t day = 86400000000, first = 18262 * day; /* 2020-01-01 */
    const int64_t time[] = {first, first + day, first + 2 * day, first};
    const diffmm_interactions given = {.struct_size = sizeof given,
                                       .count = 4,
                                       .user = user,
                                       .item = item,
                                       .rating = rating,
                                       .time = time};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions_with(dataset, DIFFMM_TRAIN, &given));
    return dataset;
}

static diffmm_trainer *make_trainer(diffmm_context *context, bool trained)
{
    diffmm_dataset *dataset = make_dataset(context, DATASET);
    diffmm_options *options = make_options(context);
    diffmm_trainer *trainer;
    expect_success(diffmm_trainer_create(dataset, options, &trainer));
    if (trained)
        expect_success(diffmm_trainer_epoch(trainer, NULL));
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    return trainer;
}

static diffmm_model *make_model(diffmm_context *context, enum kind kind)
{
    diffmm_dataset *dataset =
        kind == MODEL ? make_dataset(context, DATASET) : make_many_items(context);
    diffmm_options *options = make_options(context);
    diffmm_model *model;
    expect_success(diffmm_model_create(dataset, options, &model));
    if (kind == MANY_ITEMS_MODEL)
        expect_success(diffmm_model_forward(model));
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    return model;
}

static diffmm_diffusion *make_module(diffmm_context *context)
{
    diffmm_options *options = make_options(context);
    diffmm_diffusion *module;
    expect_success(diffmm_diffusion_create(context, items, options, 3, &module));
    diffmm_options_destroy(options);
    return module;
}

static diffmm_diffusion *make_spectral_module(diffmm_context *context)
{
    static const float basis[items * 2] = {1, 0, 0, 1};
    diffmm_options *options = make_options(context);
    diffmm_diffusion *module;
    expect_success(diffmm_diffusion_create_spectral(context, items, 2, basis, options, 3, &module));
    diffmm_options_destroy(options);
    return module;
}

void *world_make(enum kind kind)
{
    static const int32_t numbers[] = {0, 1, 3};
    diffmm_context *context = make_context();
    void *made = NULL;
    diffmm_scorer *scorer = NULL;
    diffmm_graph *graph = NULL;
    diffmm_schedule *schedule = NULL;
    diffmm_file *file = NULL;
    diffmm_placer *placer = NULL;
    switch (kind) {
    case CONTEXT: return context;
    case OPTIONS: made = make_options(context); break;
    case EMPTY_DATASET:
    case OPEN_DATASET:
    case DATASET: made = make_dataset(context, kind); break;
    case RATED_DATASET: made = make_rated(context); break;
    case MANY_ITEMS: made = make_many_items(context); break;
    case MODEL:
    case MANY_ITEMS_MODEL: made = make_model(context, kind); break;
    case TRAINER:
    case TRAINED: made = make_trainer(context, kind == TRAINED); break;
    case SCORER:
        expect_success(
            diffmm_scorer_open_memory(context, model_file.data, model_file.size, &scorer));
        made = scorer;
        break;
    case GRAPH:
        expect_success(
            diffmm_graph_create_bipartite(context, users, items, 3, numbers, numbers, &graph));
        made = graph;
        break;
    case SCHEDULE:
        expect_success(diffmm_schedule_create(context, 5, 0.1, 0.001, 0.02, 1, &schedule));
        made = schedule;
        break;
    case FILE_INFO:
        expect_success(diffmm_file_open_memory(context, model_file.data, model_file.size, &file));
        made = file;
        break;
    case PLACER:
        expect_success(diffmm_placer_open(context, "placer.safetensors", &placer));
        made = placer;
        break;
    case MODULE: made = make_module(context); break;
    case SPECTRAL_MODULE: made = make_spectral_module(context); break;
    default: ck_abort_msg("no handle is of kind %d", (int)kind);
    }
    diffmm_context_destroy(context);
    return made;
}

void world_end(enum kind kind, void *handle)
{
    switch (kind) {
    case CONTEXT: diffmm_context_destroy(handle); break;
    case OPTIONS: diffmm_options_destroy(handle); break;
    case EMPTY_DATASET:
    case OPEN_DATASET:
    case DATASET:
    case RATED_DATASET:
    case MANY_ITEMS: diffmm_dataset_destroy(handle); break;
    case MODEL:
    case MANY_ITEMS_MODEL: diffmm_model_destroy(handle); break;
    case TRAINER:
    case TRAINED: diffmm_trainer_destroy(handle); break;
    case SCORER: diffmm_scorer_destroy(handle); break;
    case GRAPH: diffmm_graph_destroy(handle); break;
    case SCHEDULE: diffmm_schedule_destroy(handle); break;
    case FILE_INFO: diffmm_file_destroy(handle); break;
    case PLACER: diffmm_placer_destroy(handle); break;
    case MODULE:
    case SPECTRAL_MODULE: diffmm_diffusion_destroy(handle); break;
    default: ck_abort_msg("no handle is of kind %d", (int)kind);
    }
}

static void take_bytes(struct bytes *out, size_t size)
{
    out->size = size;
    out->data = malloc(size);
    ck_assert_ptr_nonnull(out->data);
}

static void make_files(void)
{
    diffmm_context *context = make_context();
    diffmm_trainer *trainer = make_trainer(context, true);
    const diffmm_model *model = diffmm_trainer_model(trainer);
    size_t size;
    expect_success(diffmm_model_save_memory(model, NULL, 0, &size));
    take_bytes(&model_file, size);
    expect_success(
        diffmm_model_save_memory(model, (void *)(uintptr_t)model_file.data, size, &size));
    expect_success(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &size));
    take_bytes(&checkpoint_file, size);
    expect_success(diffmm_trainer_checkpoint_memory(
        trainer, (void *)(uintptr_t)checkpoint_file.data, size, &size));
    diffmm_trainer_destroy(trainer);
    diffmm_diffusion *module = make_module(context);
    expect_success(diffmm_diffusion_save_memory(module, NULL, 0, &size));
    take_bytes(&module_file, size);
    expect_success(
        diffmm_diffusion_save_memory(module, (void *)(uintptr_t)module_file.data, size, &size));
    diffmm_diffusion_destroy(module);
    diffmm_context_destroy(context);
}

static void end_files(void)
{
    free((void *)(uintptr_t)model_file.data);
    free((void *)(uintptr_t)checkpoint_file.data);
    free((void *)(uintptr_t)module_file.data);
}

void give_file(struct entry *entries, size_t count, struct bytes file)
{
    for (size_t e = 0; e < count; e++)
        for (size_t i = 0; i + 1 < most_arguments; i++) {
            struct argument *argument = &entries[e].arguments[i];
            if (argument->kind != DATA || strcmp(argument->name, "data") != 0)
                continue;
            argument->good.in = file.data;
            argument->bytes = file.size;
            argument[1].good.n = file.size;
        }
}

static void save_placer(const char *path)
{
    diffmm_context *context = make_context();
    diffmm_dataset *dataset = make_many_items(context);
    diffmm_model *model = make_model(context, MANY_ITEMS_MODEL);
    diffmm_placer *placer;
    expect_success(diffmm_placer_create(model, dataset, &placer));
    expect_success(diffmm_placer_save(placer, path));
    diffmm_placer_destroy(placer);
    diffmm_model_destroy(model);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

/* The files that the tables name, in a folder of the test's own, which is made the current one. */
static void make_folder(struct folder *folder)
{
    static const char clicks[] = "user\titem\n0\t0\n0\t1\n1\t1\n";
    static const char header[] = "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, "
                                 "'shape': (2, 3), }";
    unsigned char npy[128 + 24];
    *folder = folder_begin();
    ck_assert_int_eq(chdir(folder->path), 0);
    memset(npy, ' ', sizeof npy);
    memcpy(npy, header, sizeof header - 1);
    npy[127] = '\n';
    memset(npy + 128, 0, 24);
    write_bytes("clicks.tsv", clicks, sizeof clicks - 1);
    write_bytes("bad.tsv", "who\twhat\n", 9);
    write_bytes("clicks.xyz", clicks, sizeof clicks - 1);
    write_bytes("cover_feat.npy", npy, sizeof npy);
    write_bytes("model.safetensors", model_file.data, model_file.size);
    write_bytes("run.ckpt", checkpoint_file.data, checkpoint_file.size);
    write_bytes("module.safetensors", module_file.data, module_file.size);
    save_placer("placer.safetensors");
}

static void end_folder(const struct folder *folder, const char *before)
{
    ck_assert_int_eq(chdir(before), 0);
    folder_end(folder);
}

static struct folder folder;
static char folder_before[4096];

void world_open(void)
{
    ck_assert_ptr_nonnull(getcwd(folder_before, sizeof folder_before));
    make_files();
    make_folder(&folder);
}

void world_close(void)
{
    end_folder(&folder, folder_before);
    end_files();
}
