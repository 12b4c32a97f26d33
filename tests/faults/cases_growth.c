/* SPDX-License-Identifier: BSD-2-Clause */
/* Data that grows, training from a model, new items, exported vectors. */
#include "faults.h"
#include "support/failure.h"

enum { users = 20, items = 30 };

/* Enough items to learn from where new ones belong. */
static void make_world(struct fault_world *world)
{
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = users,
                                   .items = items,
                                   .interactions = 120,
                                   .modality_count = 2,
                                   .seed = 3};
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    expect_success(diffmm_dataset_seal(world->dataset));
    fault_make_options(world);
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
}

static void make_world_with_scorer(struct fault_world *world)
{
    make_world(world);
    expect_success(diffmm_scorer_create(world->model, &world->scorer));
}

static diffmm_status extend_data(struct fault_world *world)
{
    return diffmm_dataset_extend(world->dataset, &world->out.dataset);
}

static void dataset_bits(struct fault_world *world)
{
    expect_success(diffmm_dataset_seal(world->out.dataset));
    fault_hash_dataset(world->out.dataset);
}

static void make_open_dataset(struct fault_world *world)
{
    diffmm_dataset *larger;
    make_world(world);
    expect_success(diffmm_dataset_extend(world->dataset, &larger));
    diffmm_dataset_destroy(world->dataset);
    world->dataset = larger;
}

static diffmm_status append_features(struct fault_world *world)
{
    static const float rows[512];
    return diffmm_dataset_append_features(world->dataset,
                                          diffmm_dataset_modality_name(world->dataset, 0), 1, rows,
                                          diffmm_dataset_modality_dimensions(world->dataset, 0));
}

static void count_bits(struct fault_world *world)
{
    size_t count = diffmm_dataset_items(world->dataset);
    fault_hash(&count, sizeof count);
}

static diffmm_status read_features(struct fault_world *world)
{
    return diffmm_dataset_features(world->dataset, 1, 3, 2, world->out.values);
}

static void make_other_trainer(struct fault_world *world)
{
    make_world(world);
    expect_success(diffmm_options_set(world->options, "seed", "77"));
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static diffmm_status inherit(struct fault_world *world)
{
    return diffmm_model_inherit(diffmm_trainer_model(world->trainer), world->model);
}

static void inherited_bits(struct fault_world *world)
{
    diffmm_model *model = diffmm_trainer_model(world->trainer);
    expect_success(diffmm_model_forward(model));
    fault_hash_model(model);
}

static diffmm_status create_from(struct fault_world *world)
{
    return diffmm_trainer_create_from(world->dataset, NULL, world->model, &world->out.trainer);
}

static void trainer_bits(struct fault_world *world)
{
    expect_success(diffmm_trainer_epoch(world->out.trainer, NULL));
    fault_hash_trainer(world->out.trainer);
}

static diffmm_status create_placer(struct fault_world *world)
{
    return diffmm_placer_create(world->model, world->dataset, &world->out.placer);
}

static void placer_bits(struct fault_world *world)
{
    const float *features[2] = {NULL, NULL};
    static const float some[512] = {1.0f, -0.5f};
    float row[64];
    features[0] = some;
    expect_success(diffmm_place_items(world->out.placer, 1, features, 1.0, row));
    fault_hash(row, diffmm_placer_dimensions(world->out.placer) * sizeof *row);
}

static void make_placer(struct fault_world *world)
{
    make_world(world);
    expect_success(diffmm_placer_create(world->model, world->dataset, &world->placer));
}

static void make_placer_file(struct fault_world *world)
{
    make_placer(world);
    expect_success(diffmm_placer_save(world->placer, fault_path(world, "placer.safetensors")));
}

static diffmm_status save_placer(struct fault_world *world)
{
    return diffmm_placer_save(world->placer, fault_path(world, "old.safetensors"));
}

static void old_file_bits(struct fault_world *world)
{
    fault_hash_file(fault_path(world, "old.safetensors"));
}

static diffmm_status open_placer(struct fault_world *world)
{
    return diffmm_placer_open(world->context, fault_path(world, "placer.safetensors"),
                              &world->out.placer);
}

static diffmm_status place_items(struct fault_world *world)
{
    const float *features[2] = {NULL, NULL};
    static const float some[512] = {1.0f, -0.5f};
    features[1] = some;
    return diffmm_place_items(world->placer, 1, features, 1.0, world->out.values);
}

static diffmm_status extend_into(struct fault_world *world, diffmm_scorer **out)
{
    static const float rows[128] = {0.5f, 0.25f};
    static const char *const ids[] = {"new-1", "new-2"};
    bool named = diffmm_scorer_find_item(world->scorer, "0", &(int32_t){0}) != DIFFMM_OK;
    return diffmm_scorer_extend(world->scorer, 2, named ? ids : NULL, rows, out);
}

static diffmm_status extend_scorer(struct fault_world *world)
{
    return extend_into(world, &world->out.scorer);
}

static void scorer_bits(struct fault_world *world)
{
    float scores[items + 2];
    expect_success(diffmm_score(world->out.scorer, 1, items + 2, NULL, scores));
    fault_hash(scores, sizeof scores);
}

static void make_extended_scorer(struct fault_world *world)
{
    diffmm_scorer *extended;
    make_world_with_scorer(world);
    expect_success(extend_into(world, &extended));
    diffmm_scorer_destroy(world->scorer);
    world->scorer = extended;
}

static diffmm_status save_scorer(struct fault_world *world)
{
    return diffmm_scorer_save(world->scorer, fault_path(world, "old.safetensors"));
}

static diffmm_status save_scorer_memory(struct fault_world *world)
{
    return diffmm_scorer_save_memory(world->scorer, world->out.saved.bytes,
                                     sizeof world->out.saved.bytes, &world->out.saved.size);
}

static void saved_bits(struct fault_world *world)
{
    fault_hash(world->out.saved.bytes, world->out.saved.size);
}

static diffmm_status export_vectors(struct fault_world *world)
{
    return diffmm_scorer_export(world->scorer, DIFFMM_ITEMS, DIFFMM_VECTORS_SAFETENSORS,
                                fault_path(world, "old.safetensors"));
}

static diffmm_status export_for_distances(struct fault_world *world)
{
    return diffmm_scorer_export_for(world->scorer, DIFFMM_ITEMS, DIFFMM_INDEX_L2,
                                    DIFFMM_VECTORS_SAFETENSORS,
                                    fault_path(world, "old.safetensors"));
}

const struct fault_case fault_growth_cases[] = {
    {"diffmm_dataset_extend", make_world, extend_data, dataset_bits, fault_end_dataset},
    {"diffmm_dataset_append_features", make_open_dataset, append_features, count_bits, NULL},
    {"diffmm_dataset_features", make_world, read_features, fault_hash_output, NULL},
    {"diffmm_model_inherit", make_other_trainer, inherit, inherited_bits, NULL},
    {"diffmm_trainer_create_from", make_world, create_from, trainer_bits, fault_end_trainer},
    {"diffmm_placer_create", make_world, create_placer, placer_bits, fault_end_placer},
    {"diffmm_placer_save", make_placer, save_placer, old_file_bits, NULL},
    {"diffmm_placer_open", make_placer_file, open_placer, placer_bits, fault_end_placer},
    {"diffmm_place_items", make_placer, place_items, fault_hash_output, NULL},
    {"diffmm_scorer_extend", make_world_with_scorer, extend_scorer, scorer_bits, fault_end_scorer},
    {"diffmm_scorer_save", make_extended_scorer, save_scorer, old_file_bits, NULL},
    {"diffmm_scorer_save_memory", make_extended_scorer, save_scorer_memory, saved_bits, NULL},
    {"diffmm_scorer_export", make_world_with_scorer, export_vectors, old_file_bits, NULL},
    {"diffmm_scorer_export_for", make_world_with_scorer, export_for_distances, old_file_bits, NULL},
    {.name = NULL}};
