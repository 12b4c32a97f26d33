/* SPDX-License-Identifier: BSD-2-Clause */
#include "changing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/arrow_still.h"
#include "support/failure.h"
#include "support/folder.h"

static const int32_t numbers[] = {0, 1};
static const char *const names[] = {"ann", "bob"};
static const float values[64];

/* As fault_path(), whose text may be the outer call's argument. */
static const char *inner_path(const struct fault_world *world, const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    return path;
}

/* Functions that change a handle. */
static diffmm_status trainer_on_progress(struct fault_world *world)
{
    return diffmm_trainer_on_progress(world->trainer, NULL, NULL);
}

static diffmm_status trainer_epoch(struct fault_world *world)
{
    return diffmm_trainer_epoch(world->trainer, NULL);
}

static diffmm_status trainer_fit_final(struct fault_world *world)
{
    diffmm_trainer *final;
    diffmm_status status = diffmm_trainer_fit_final(world->trainer, NULL, NULL, &final);
    if (!status)
        diffmm_trainer_destroy(final);
    return status;
}

static diffmm_status trainer_fit(struct fault_world *world)
{
    return diffmm_trainer_fit(world->trainer, NULL, NULL);
}

static diffmm_status trainer_join(struct fault_world *world)
{
    return diffmm_trainer_join(world->trainer, NULL);
}

static diffmm_status trainer_restore_best(struct fault_world *world)
{
    return diffmm_trainer_restore_best(world->trainer);
}

/* To and fro, so that each call has something to do. */
static diffmm_status scorer_set_search(struct fault_world *world)
{
    static bool flat;
    flat = !flat;
    return diffmm_scorer_set_search(world->scorer,
                                    flat ? DIFFMM_SEARCH_FLAT : DIFFMM_SEARCH_FIRST_PASS);
}

diffmm_model *model_of(struct fault_world *world)
{
    return world->trainer ? diffmm_trainer_model(world->trainer) : world->model;
}

static diffmm_status model_set_parameter(struct fault_world *world)
{
    return diffmm_model_set_parameter(model_of(world), "modality_logits", 2, 1, values);
}

static diffmm_status model_inherit(struct fault_world *world)
{
    return diffmm_model_inherit(model_of(world), model_of(world));
}

static diffmm_status model_set_graph(struct fault_world *world)
{
    diffmm_model *model = model_of(world);
    return diffmm_model_set_graph(model, "text", diffmm_model_graph(model, "text"));
}

static diffmm_status model_forward(struct fault_world *world)
{
    return diffmm_model_forward(model_of(world));
}

static diffmm_status model_view(struct fault_world *world)
{
    static float view[1 << 16];
    return diffmm_model_view(model_of(world), "text", view);
}

static diffmm_status model_objective(struct fault_world *world)
{
    return diffmm_model_objective(model_of(world), 2, numbers, numbers, numbers, NULL);
}

static diffmm_status model_step(struct fault_world *world)
{
    return diffmm_model_step(model_of(world));
}

static diffmm_status dataset_reserve(struct fault_world *world)
{
    return diffmm_dataset_reserve(world->dataset, 3, 3);
}

static diffmm_status dataset_add_interactions(struct fault_world *world)
{
    return diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, 2, numbers, numbers);
}

static diffmm_status dataset_add_named_interactions(struct fault_world *world)
{
    return diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 2, names, names);
}

static diffmm_status dataset_read_interactions(struct fault_world *world)
{
    return diffmm_dataset_read_interactions(world->dataset, DIFFMM_TRAIN,
                                            inner_path(world, "clicks.tsv"));
}

static diffmm_status dataset_declare_items(struct fault_world *world)
{
    return diffmm_dataset_declare_items(world->dataset, 2, names);
}

static int load(size_t first, size_t count, float *out, void *user_data)
{
    (void)first;
    (void)user_data;
    memset(out, 0, count * sizeof *out);
    return 0;
}

static diffmm_status dataset_add_modality(struct fault_world *world)
{
    return diffmm_dataset_add_modality(world->dataset, "loaded", 1, load, NULL);
}

static int look_up(size_t count, const char *const *ids, float *out, void *user_data)
{
    return load((size_t)(ids[0] == NULL), count, out, user_data);
}

static diffmm_status dataset_add_modality_by_id(struct fault_world *world)
{
    return diffmm_dataset_add_modality_by_id(world->dataset, "looked-up", 1, look_up, NULL);
}

static diffmm_status dataset_add_modality_array(struct fault_world *world)
{
    return diffmm_dataset_add_modality_array(world->dataset, "array", 2, 3, values, 3);
}

static diffmm_status dataset_add_modality_copy(struct fault_world *world)
{
    return diffmm_dataset_add_modality_copy(world->dataset, "copy", 2, 3, values, 3);
}

static diffmm_status dataset_name_rows(struct fault_world *world)
{
    static const char *const rows[] = {"0", "1", "2", "3", "4", "5"};
    return diffmm_dataset_name_rows(world->dataset, "image", 6, rows);
}

static diffmm_status dataset_read_modality(struct fault_world *world)
{
    return diffmm_dataset_read_modality(world->dataset, "file",
                                        inner_path(world, "image_feat.npy"));
}

static diffmm_status dataset_map_modality(struct fault_world *world)
{
    return diffmm_dataset_map_modality(world->dataset, "mapped",
                                       inner_path(world, "image_feat.npy"));
}

static diffmm_status dataset_append_features(struct fault_world *world)
{
    return diffmm_dataset_append_features(world->dataset, "image", 1, values, 3);
}

static diffmm_status dataset_hold_out(struct fault_world *world)
{
    return diffmm_dataset_hold_out(world->dataset, 0.1, 0.1, 1);
}

static diffmm_status dataset_add_interactions_with(struct fault_world *world)
{
    const int32_t zero = 0;
    const diffmm_interactions given = {
        .struct_size = sizeof given, .count = 1, .user = &zero, .item = &zero};
    return diffmm_dataset_add_interactions_with(world->dataset, DIFFMM_TRAIN, &given);
}

static diffmm_status dataset_read_table(struct fault_world *world)
{
    return diffmm_dataset_read_table(world->dataset, DIFFMM_TRAIN, inner_path(world, "clicks.tsv"),
                                     NULL);
}

static diffmm_status dataset_read_arrow(struct fault_world *world)
{
    struct arrow_still still;
    struct ArrowArrayStream stream = still_stream(&still);
    diffmm_status status = diffmm_dataset_read_arrow(world->dataset, DIFFMM_TRAIN, &stream, NULL);
    ck_assert(still_all_back(&still) && !stream.release);
    return status;
}

static diffmm_status dataset_read_modality_arrow(struct fault_world *world)
{
    struct arrow_still still;
    struct ArrowArrayStream stream = still_items(&still);
    diffmm_status status =
        diffmm_dataset_read_modality_arrow(world->dataset, "stars", &stream, NULL);
    ck_assert(still_all_back(&still) && !stream.release);
    return status;
}

static diffmm_status dataset_filter_ratings(struct fault_world *world)
{
    return diffmm_dataset_filter_ratings(world->dataset, 1);
}

static diffmm_status dataset_deduplicate(struct fault_world *world)
{
    return diffmm_dataset_deduplicate(world->dataset, DIFFMM_KEEP_FIRST);
}

static diffmm_status dataset_filter_features(struct fault_world *world)
{
    static const char *const rows[] = {"0", "1", "2", "3", "4", "5"};
    (void)diffmm_dataset_name_rows(world->dataset, "image", 6, rows);
    return diffmm_dataset_filter_features(world->dataset);
}

static diffmm_status dataset_filter_features_of(struct fault_world *world)
{
    static const char *const rows[] = {"0", "1", "2", "3", "4", "5"};
    (void)diffmm_dataset_name_rows(world->dataset, "image", 6, rows);
    return diffmm_dataset_filter_features_of(world->dataset, "image");
}

static diffmm_status dataset_filter_core(struct fault_world *world)
{
    return diffmm_dataset_filter_core(world->dataset, 1, 1);
}

static diffmm_status dataset_hold_out_last(struct fault_world *world)
{
    return diffmm_dataset_hold_out_last(world->dataset, 1, 1);
}

static diffmm_status dataset_hold_out_from(struct fault_world *world)
{
    return diffmm_dataset_hold_out_from(world->dataset, NULL, "2020-01-01");
}

static diffmm_status dataset_seal(struct fault_world *world)
{
    return diffmm_dataset_seal(world->dataset);
}

static diffmm_status model_create(struct fault_world *world)
{
    diffmm_model *model;
    diffmm_status status = diffmm_model_create(world->dataset, world->options, &model);
    if (!status)
        diffmm_model_destroy(model);
    return status;
}

static diffmm_status trainer_create(struct fault_world *world)
{
    diffmm_trainer *trainer;
    diffmm_status status = diffmm_trainer_create(world->dataset, world->options, &trainer);
    if (!status)
        diffmm_trainer_destroy(trainer);
    return status;
}

static diffmm_status trainer_create_from(struct fault_world *world)
{
    diffmm_trainer *trainer;
    const diffmm_model *model = model_of(world);
    if (!model) /* reading a model is another matter */
        return trainer_create(world);
    diffmm_status status =
        diffmm_trainer_create_from(world->dataset, world->options, model, &trainer);
    if (!status)
        diffmm_trainer_destroy(trainer);
    return status;
}

static diffmm_status trainer_resume(struct fault_world *world)
{
    diffmm_trainer *trainer;
    diffmm_status status =
        diffmm_trainer_resume(world->dataset, inner_path(world, FAULT_BEGUN), NULL, &trainer);
    if (!status)
        diffmm_trainer_destroy(trainer);
    return status;
}

static diffmm_status trainer_resume_memory(struct fault_world *world)
{
    diffmm_trainer *trainer;
    return diffmm_trainer_resume_memory(world->dataset, values, sizeof values, NULL, &trainer);
}

/* Nobody is called where there is one peer. */
static int no_exchange(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                       size_t receive_bytes, void *user_data)
{
    (void)to, (void)send, (void)send_bytes, (void)from, (void)receive, (void)receive_bytes;
    return user_data == NULL;
}

static diffmm_status trainer_resume_peer(struct fault_world *world)
{
    const diffmm_peers alone = {.struct_size = sizeof alone, .size = 1, .exchange = no_exchange};
    diffmm_trainer *trainer;
    diffmm_status status = diffmm_trainer_resume_peer(
        world->dataset, inner_path(world, FAULT_BEGUN), NULL, &alone, &trainer);
    if (!status)
        diffmm_trainer_destroy(trainer);
    return status;
}

static diffmm_status trainer_forecast_peer(struct fault_world *world)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    return diffmm_trainer_forecast_peer(world->dataset, world->options, 1, 2, &forecast);
}

static diffmm_status trainer_forecast(struct fault_world *world)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    return diffmm_trainer_forecast(world->dataset, world->options, &forecast);
}

static diffmm_status trainer_measure(struct fault_world *world)
{
    diffmm_seconds seconds;
    return diffmm_trainer_measure(world->dataset, world->options, 1e-6, &seconds);
}

static diffmm_status placer_create(struct fault_world *world)
{
    diffmm_placer *placer;
    const diffmm_model *model = model_of(world);
    if (!model)
        return dataset_seal(world);
    diffmm_status status = diffmm_placer_create(model, world->dataset, &placer);
    if (!status)
        diffmm_placer_destroy(placer);
    return status;
}

static diffmm_status options_preset(struct fault_world *world)
{
    return diffmm_options_preset(world->options, "baby");
}

static diffmm_status options_set(struct fault_world *world)
{
    return diffmm_options_set(world->options, "modality.image.projection", "linear");
}

static diffmm_status options_set_integer(struct fault_world *world)
{
    return diffmm_options_set_integer(world->options, "epochs", 3);
}

static diffmm_status options_set_real(struct fault_world *world)
{
    return diffmm_options_set_real(world->options, "tau", 0.25);
}

static diffmm_status diffusion_set_parameter(struct fault_world *world)
{
    diffmm_parameter first = {.struct_size = sizeof first};
    expect_success(diffmm_diffusion_parameter_at(world->module, 0, &first));
    return diffmm_diffusion_set_parameter(world->module, first.name, first.rows, first.columns,
                                          first.values);
}

static const int64_t module_pointers[] = {0, 1, 2};
static const diffmm_diffusion_batch module_batch = {.struct_size = sizeof module_batch,
                                                    .rows = 2,
                                                    .row_pointers = module_pointers,
                                                    .row_items = numbers};

static diffmm_status diffusion_step(struct fault_world *world)
{
    return diffmm_diffusion_step(world->module, &module_batch, NULL);
}

static diffmm_status diffusion_objective(struct fault_world *world)
{
    return diffmm_diffusion_objective(world->module, &module_batch, NULL, NULL);
}

const struct changing changing[] = {
    {"diffmm_trainer_on_progress", TRAINER, trainer_on_progress},
    {"diffmm_trainer_epoch", TRAINER, trainer_epoch},
    {"diffmm_trainer_fit", TRAINER, trainer_fit},
    {"diffmm_trainer_fit_final", TRAINER, trainer_fit_final},
    {"diffmm_trainer_join", TRAINER, trainer_join},
    {"diffmm_trainer_restore_best", TRAINER, trainer_restore_best},
    {"diffmm_model_set_parameter", MODEL, model_set_parameter},
    {"diffmm_model_inherit", MODEL, model_inherit},
    {"diffmm_model_set_graph", MODEL, model_set_graph},
    {"diffmm_model_forward", MODEL, model_forward},
    {"diffmm_model_view", MODEL, model_view},
    {"diffmm_model_objective", MODEL, model_objective},
    {"diffmm_model_step", MODEL, model_step},
    {"diffmm_dataset_reserve", FILLED | SEALED, dataset_reserve},
    {"diffmm_dataset_add_interactions", FILLED | SEALED, dataset_add_interactions},
    {"diffmm_dataset_add_named_interactions", FILLED | SEALED, dataset_add_named_interactions},
    {"diffmm_dataset_read_interactions", FILLED | SEALED, dataset_read_interactions},
    {"diffmm_dataset_declare_items", FILLED | SEALED, dataset_declare_items},
    {"diffmm_dataset_add_modality", FILLED | SEALED, dataset_add_modality},
    {"diffmm_dataset_add_modality_by_id", FILLED | SEALED, dataset_add_modality_by_id},
    {"diffmm_dataset_add_modality_array", FILLED | SEALED, dataset_add_modality_array},
    {"diffmm_dataset_add_modality_copy", FILLED | SEALED, dataset_add_modality_copy},
    {"diffmm_dataset_name_rows", FILLED | SEALED, dataset_name_rows},
    {"diffmm_dataset_read_modality", FILLED | SEALED, dataset_read_modality},
    {"diffmm_dataset_map_modality", FILLED | SEALED, dataset_map_modality},
    {"diffmm_dataset_append_features", FILLED | SEALED, dataset_append_features},
    {"diffmm_dataset_hold_out", FILLED | SEALED, dataset_hold_out},
    {"diffmm_dataset_add_interactions_with", FILLED | SEALED, dataset_add_interactions_with},
    {"diffmm_dataset_read_table", FILLED | SEALED, dataset_read_table},
    {"diffmm_dataset_read_arrow", FILLED | SEALED, dataset_read_arrow},
    {"diffmm_dataset_read_modality_arrow", FILLED | SEALED, dataset_read_modality_arrow},
    {"diffmm_dataset_filter_ratings", FILLED | SEALED, dataset_filter_ratings},
    {"diffmm_dataset_deduplicate", FILLED | SEALED, dataset_deduplicate},
    {"diffmm_dataset_filter_features", FILLED | SEALED, dataset_filter_features},
    {"diffmm_dataset_filter_features_of", FILLED | SEALED, dataset_filter_features_of},
    {"diffmm_dataset_filter_core", FILLED | SEALED, dataset_filter_core},
    {"diffmm_dataset_hold_out_last", FILLED | SEALED, dataset_hold_out_last},
    {"diffmm_dataset_hold_out_from", FILLED | SEALED, dataset_hold_out_from},
    {"diffmm_dataset_seal", FILLED, dataset_seal},
    {"diffmm_model_create", FILLED, model_create},
    {"diffmm_trainer_create", FILLED, trainer_create},
    {"diffmm_trainer_create_from", FILLED, trainer_create_from},
    {"diffmm_trainer_resume", FILLED, trainer_resume},
    {"diffmm_trainer_resume_memory", FILLED, trainer_resume_memory},
    {"diffmm_trainer_resume_peer", FILLED, trainer_resume_peer},
    {"diffmm_trainer_forecast", FILLED, trainer_forecast},
    {"diffmm_trainer_forecast_peer", FILLED, trainer_forecast_peer},
    {"diffmm_trainer_measure", FILLED, trainer_measure},
    {"diffmm_placer_create", FILLED, placer_create},
    {"diffmm_scorer_set_search", SCORER, scorer_set_search},
    {"diffmm_diffusion_set_parameter", MODULE, diffusion_set_parameter},
    {"diffmm_diffusion_step", MODULE, diffusion_step},
    {"diffmm_diffusion_objective", MODULE, diffusion_objective},
    {"diffmm_options_preset", OPTIONS, options_preset},
    {"diffmm_options_set", OPTIONS, options_set},
    {"diffmm_options_set_integer", OPTIONS, options_set_integer},
    {"diffmm_options_set_real", OPTIONS, options_set_real},
};
const size_t changing_count = sizeof changing / sizeof *changing;
_Static_assert(sizeof changing <= most_changing * sizeof *changing, "most_changing is too small");
