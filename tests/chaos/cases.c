/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that is read through a mapping, and everything that is computed in one. */
#include <stdio.h>
#include <string.h>

#include "chaos.h"
#include "faults/faults.h"
#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "support/failure.h"

enum { most = 8 };

static const char *path_of(const struct chaos_world *world, const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    return path;
}

/* Whatever a call answers, a hit is a row that there is, and a failure says why. */
static void look_at(diffmm_status status, const diffmm_hit *hits, const size_t *found, size_t rows)
{
    if (status) {
        ck_assert(*diffmm_error_message());
        return;
    }
    ck_assert_uint_le(*found, most);
    for (size_t i = 0; i < *found; i++)
        ck_assert(hits[i].item >= 0 && (size_t)hits[i].item < rows);
}

static void rank(const diffmm_scorer *scorer, int32_t user)
{
    size_t items = diffmm_scorer_items(scorer), users = diffmm_scorer_users(scorer), found[2];
    int32_t both[2] = {user, 0}, candidates[] = {0, 1, 2};
    diffmm_hit hits[2 * most];
    diffmm_query query = {.struct_size = sizeof query, .count = most};
    look_at(diffmm_recommend(scorer, user, &query, hits, found), hits, found, items);
    look_at(diffmm_recommend_users(scorer, 2, both, &query, hits, found), hits, found, items);
    look_at(diffmm_similar_items(scorer, 0, DIFFMM_COSINE, &query, hits, found), hits, found,
            items);
    look_at(diffmm_similar_users(scorer, user, DIFFMM_DOT, &query, hits, found), hits, found,
            users);
    query.candidates = candidates;
    query.candidate_count = items < 3 ? items : 3;
    query.include_seen = 1;
    look_at(diffmm_recommend(scorer, user, &query, hits, found), hits, found, items);
}

/* Folded in with two further items, and explained. */
static void fold_in(const diffmm_scorer *scorer, int32_t user)
{
    const int32_t list[] = {1, 0};
    diffmm_hit items[16];
    float modalities[4], vector[64], score[2];
    diffmm_explanation explanation = {
        .struct_size = sizeof explanation, .modalities = modalities, .items = items};
    ck_assert_uint_le(diffmm_scorer_dimensions(scorer), 64);
    if (!diffmm_fold_in(scorer, user, 2, list, vector))
        diffmm_score_embedding(scorer, vector, 2, list, score);
    diffmm_score(scorer, user < 0 ? 0 : user, 2, list, score);
    if (!diffmm_explain(scorer, user, 2, list, 0, &explanation))
        ck_assert_uint_le(explanation.item_count, 16);
}

static void extend(const diffmm_scorer *scorer)
{
    static const float rows[64] = {1, 2, 3};
    const char *id = "new";
    diffmm_scorer *larger;
    if (diffmm_scorer_extend(scorer, 1, &id, rows, &larger))
        return;
    rank(larger, 0);
    diffmm_scorer_destroy(larger);
}

static void export(const struct chaos_world *world, const diffmm_scorer *scorer)
{
    diffmm_scorer_export(scorer, DIFFMM_ITEMS, DIFFMM_VECTORS_NPY, path_of(world, "out.npy"));
    diffmm_scorer_export(scorer, DIFFMM_USERS, DIFFMM_VECTORS_SAFETENSORS, path_of(world, "out"));
}

static void look_up(const diffmm_scorer *scorer)
{
    int32_t found;
    const int32_t *items;
    size_t count;
    for (int32_t u = 0; (size_t)u < diffmm_scorer_users(scorer); u++) {
        const char *id = diffmm_scorer_user_id(scorer, u);
        ck_assert(id && *id);
        diffmm_scorer_find_user(scorer, id, &found);
        expect_success(diffmm_scorer_seen(scorer, u, &items, &count));
        for (size_t i = 0; i < count; i++)
            ck_assert(items[i] >= 0 && (size_t)items[i] < diffmm_scorer_items(scorer));
    }
}

static void serve(const struct chaos_world *world)
{
    diffmm_scorer *scorer;
    if (diffmm_scorer_open(world->context, path_of(world, FAULT_MODEL), &scorer))
        return;
    for (int32_t user = 0; user < 3; user++) {
        chaos_change();
        rank(scorer, user);
        fold_in(scorer, user - 1);
    }
    extend(scorer);
    export(world, scorer);
    look_up(scorer);
    diffmm_scorer_destroy(scorer);
}

/* A model is a copy: nothing that it holds may be other than it was checked to be. */
static void load(const struct chaos_world *world)
{
    diffmm_model *model;
    diffmm_scorer *scorer;
    size_t size;
    if (diffmm_model_load(world->context, path_of(world, FAULT_MODEL), &model))
        return;
    for (size_t p = 0; p < diffmm_model_parameters(model); p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        expect_success(diffmm_model_parameter_at(model, p, &parameter));
        for (size_t i = 0; i < parameter.rows * parameter.columns; i++)
            ck_assert(parameter.values[i] - parameter.values[i] == 0.0f);
    }
    if (!diffmm_scorer_create(model, &scorer)) {
        rank(scorer, 1);
        diffmm_scorer_destroy(scorer);
    }
    diffmm_model_save_memory(model, NULL, 0, &size);
    diffmm_model_destroy(model);
}

static void describe(const struct chaos_world *world)
{
    static const char *const names[] = {FAULT_MODEL, FAULT_BEGUN, FAULT_TRAINED};
    for (size_t i = 0; i < 3; i++) {
        diffmm_file *file;
        diffmm_file_info info = {.struct_size = sizeof info};
        if (diffmm_file_open(world->context, path_of(world, names[i]), &file))
            continue;
        expect_success(diffmm_file_describe(file, &info));
        ck_assert(info.users > 0 && info.items > 0);
        diffmm_file_destroy(file);
    }
}

static void resume_from(const struct chaos_world *world, const char *name)
{
    diffmm_trainer *trainer;
    if (diffmm_trainer_resume(world->dataset, path_of(world, name), NULL, &trainer))
        return;
    diffmm_trainer_epoch(trainer, NULL);
    diffmm_trainer_destroy(trainer);
}

static void resume_begun(const struct chaos_world *world)
{
    resume_from(world, FAULT_BEGUN);
}

static void resume_trained(const struct chaos_world *world)
{
    resume_from(world, FAULT_TRAINED);
}

static void place(const struct chaos_world *world)
{
    static const float image[3] = {1, -1, 2};
    const float *features[] = {image};
    diffmm_placer *placer;
    float row[64];
    if (diffmm_placer_open(world->context, path_of(world, "placer"), &placer))
        return;
    ck_assert_uint_eq(diffmm_placer_modalities(placer), 1);
    ck_assert_uint_le(diffmm_placer_dimensions(placer), 64);
    if (diffmm_placer_modality_dimensions(placer, 0) == 3)
        diffmm_place_items(placer, 1, features, 1.0, row);
    diffmm_placer_destroy(placer);
}

static void walk(diffmm_dataset *dataset)
{
    if (diffmm_dataset_seal(dataset))
        return;
    for (size_t u = 0; u < diffmm_dataset_users(dataset) && u < 100; u++)
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++) {
            const int32_t *items;
            size_t count;
            expect_success(
                diffmm_dataset_row(dataset, (diffmm_split)split, (int32_t)u, &items, &count));
            for (size_t i = 0; i < count; i++)
                ck_assert(items[i] >= 0 && (size_t)items[i] < diffmm_dataset_items(dataset));
        }
    for (size_t i = 0; i < diffmm_dataset_items(dataset) && i < 100; i++)
        ck_assert_ptr_nonnull(diffmm_dataset_item_id(dataset, (int32_t)i));
}

static void open_dataset(const struct chaos_world *world, const char *path)
{
    diffmm_dataset *dataset;
    if (diffmm_dataset_open(world->context, path, &dataset))
        return;
    walk(dataset);
    diffmm_dataset_destroy(dataset);
}

static void open_folder(const struct chaos_world *world)
{
    open_dataset(world, world->folder);
}

static void open_tables(const struct chaos_world *world)
{
    open_dataset(world, path_of(world, "clicks.tsv"));
    open_dataset(world, path_of(world, "quoted.csv"));
}

const struct chaos_case chaos_cases[] = {{"serve", serve},
                                         {"load", load},
                                         {"describe", describe},
                                         {"resume, begun", resume_begun},
                                         {"resume, trained", resume_trained},
                                         {"place", place},
                                         {"open a folder", open_folder},
                                         {"open tables", open_tables},
                                         {NULL, NULL}};

static void write_placer(const char *folder)
{
    static const float values[16] = {1, 2, 3, 4};
    static const char modalities[] = "[{\"name\":\"image\",\"dimensions\":3}]";
    static const struct diffmm__metadata metadata[] = {
        {"format", "diffmm-placer"}, {"version", "1"}, {"d", "4"}, {"modalities", modalities}};
    static const struct diffmm__tensor tensors[] = {
        {"item.mean", DIFFMM__F32, 4, 0, values, NULL},
        {"scale", DIFFMM__F32, 2, 0, values, NULL},
        {"modality.image.mean", DIFFMM__F32, 3, 0, values, NULL},
        {"modality.image.map", DIFFMM__F32, 3, 4, values, NULL}};
    const struct chaos_world world = {.folder = folder};
    expect_success(
        diffmm__safetensors_write(NULL, path_of(&world, "placer"), metadata, 4, tensors, 4));
}

void chaos_files_begin(const char *folder)
{
    fault_files_begin(folder);
    write_placer(folder);
}
