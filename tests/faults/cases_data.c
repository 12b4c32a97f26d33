/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts, options, data sets: making, filling, reading, dividing, drawing from. */
#include <string.h>

#include "faults.h"
#include "support/arrow_still.h"
#include "support/failure.h"

static diffmm_status create_context(struct fault_world *world)
{
    return diffmm_context_create(&world->settings, &world->out.context);
}

static void context_bits(struct fault_world *world)
{
    size_t threads = diffmm_context_threads(world->out.context);
    fault_hash(&threads, sizeof threads);
}

static void end_context(struct fault_world *world)
{
    diffmm_context_destroy(world->out.context);
}

static diffmm_status create_options(struct fault_world *world)
{
    return diffmm_options_create(world->context, &world->out.options);
}

static diffmm_status copy_options(struct fault_world *world)
{
    return diffmm_options_copy(world->options, &world->out.options);
}

static void new_options_bits(struct fault_world *world)
{
    fault_hash_options(world->out.options);
}

static void end_options(struct fault_world *world)
{
    diffmm_options_destroy(world->out.options);
}

static diffmm_status set_preset(struct fault_world *world)
{
    return diffmm_options_preset(world->options, "sports");
}

static diffmm_status set_text(struct fault_world *world)
{
    return diffmm_options_set(world->options, "hidden_sizes", "7,8");
}

static diffmm_status set_of_modality(struct fault_world *world)
{
    return diffmm_options_set(world->options, "modality.sound.projection", "linear");
}

static diffmm_status set_integer(struct fault_world *world)
{
    return diffmm_options_set_integer(world->options, "batch", 99);
}

static diffmm_status set_real(struct fault_world *world)
{
    return diffmm_options_set_real(world->options, "learning_rate", 0.3);
}

static void options_bits(struct fault_world *world)
{
    fault_hash_options(world->options);
}

static void empty_dataset(struct fault_world *world)
{
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
}

static diffmm_status create_dataset(struct fault_world *world)
{
    return diffmm_dataset_create(world->context, &world->out.dataset);
}

static diffmm_status open_folder(struct fault_world *world)
{
    return diffmm_dataset_open(world->context, world->folder, &world->out.dataset);
}

static diffmm_status open_table(struct fault_world *world)
{
    return diffmm_dataset_open(world->context, fault_path(world, "clicks.tsv"),
                               &world->out.dataset);
}

static diffmm_status synthesize(struct fault_world *world)
{
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 20, .items = 12, .seed = 2};
    return diffmm_dataset_synthesize(world->context, &spec, &world->out.dataset);
}

static void new_dataset_bits(struct fault_world *world)
{
    /* An empty one cannot be sealed, and has nothing that could differ. */
    if (diffmm_dataset_interactions(world->out.dataset, DIFFMM_TRAIN) == 0)
        return;
    expect_success(diffmm_dataset_seal(world->out.dataset));
    fault_hash_dataset(world->out.dataset);
}

static diffmm_status add_numbers(struct fault_world *world)
{
    static const int32_t user[] = {0, 1, 2}, item[] = {3, 1, 0};
    return diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, 3, user, item);
}

static diffmm_status add_many_names(struct fault_world *world)
{
    char text[40][8];
    const char *ids[40];
    for (int i = 0; i < 40; i++) {
        ids[i] = text[i];
        memcpy(text[i], "id-00-x", 8);
        text[i][3] = (char)('0' + i / 10);
        text[i][4] = (char)('0' + i % 10);
    }
    return diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 40, ids, ids);
}

static diffmm_status declare_items(struct fault_world *world)
{
    static const char *const ids[] = {"green", "blue", "red"};
    return diffmm_dataset_declare_items(world->dataset, 3, ids);
}

static void declared_bits(struct fault_world *world)
{
    static const char *const user[] = {"ann"}, *const item[] = {"red"};
    expect_success(
        diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 1, user, item));
    expect_success(diffmm_dataset_seal(world->dataset));
    fault_hash_dataset(world->dataset);
}

static diffmm_status read_table(struct fault_world *world)
{
    return diffmm_dataset_read_interactions(world->dataset, DIFFMM_TRAIN,
                                            fault_path(world, "clicks.tsv"));
}

static const diffmm_table_format plain_format = {.struct_size = sizeof plain_format,
                                                 .header = DIFFMM_YES};

static diffmm_status read_with_format(struct fault_world *world)
{
    return diffmm_dataset_read_table(world->dataset, DIFFMM_TRAIN, fault_path(world, "clicks.tsv"),
                                     &plain_format);
}

static diffmm_status open_with_format(struct fault_world *world)
{
    return diffmm_dataset_open_table(world->context, fault_path(world, "clicks.tsv"), &plain_format,
                                     &world->out.dataset);
}

static diffmm_status read_quoted(struct fault_world *world)
{
    return diffmm_dataset_read_interactions(world->dataset, DIFFMM_TRAIN,
                                            fault_path(world, "quoted.csv"));
}

static diffmm_status read_pickle(struct fault_world *world)
{
    return diffmm_dataset_read_interactions(world->dataset, DIFFMM_TRAIN,
                                            fault_path(world, "trnMat.pkl"));
}

#ifdef DIFFMM__HAVE_LIBZIP
static diffmm_status read_npz(struct fault_world *world)
{
    return diffmm_dataset_read_interactions(world->dataset, DIFFMM_TRAIN,
                                            fault_path(world, "valMat.npz"));
}
#endif

static void filled_bits(struct fault_world *world)
{
    expect_success(diffmm_dataset_seal(world->dataset));
    fault_hash_dataset(world->dataset);
}

static int load(size_t first, size_t count, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * 2; i++)
        out[i] = (float)(first + i);
    return 0;
}

static const float features[] = {1, 2, 3, 4};

static diffmm_status add_modality(struct fault_world *world)
{
    return diffmm_dataset_add_modality(world->dataset, "sound", 2, load, NULL);
}

static int look_up(size_t count, const char *const *ids, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * 2; i++)
        out[i] = (float)ids[i / 2][0];
    return 0;
}

static diffmm_status add_modality_by_id(struct fault_world *world)
{
    return diffmm_dataset_add_modality_by_id(world->dataset, "sound", 2, look_up, NULL);
}

static diffmm_status add_array(struct fault_world *world)
{
    return diffmm_dataset_add_modality_array(world->dataset, "sound", 2, 2, features, 2);
}

static diffmm_status add_copy(struct fault_world *world)
{
    return diffmm_dataset_add_modality_copy(world->dataset, "sound", 2, 2, features, 2);
}

/* More rows than items, in another order; and loaders, one to be named, one that is asked by id. */
static void dataset_with_array(struct fault_world *world)
{
    static const char *const user[] = {"ann", "bob"}, *const item[] = {"red", "blue"};
    empty_dataset(world);
    expect_success(add_array(world));
    expect_success(diffmm_dataset_add_modality(world->dataset, "smell", 2, load, NULL));
    expect_success(diffmm_dataset_add_modality_by_id(world->dataset, "touch", 2, look_up, NULL));
    expect_success(
        diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 2, user, item));
}

static diffmm_status name_rows(struct fault_world *world)
{
    static const char *const ids[] = {"blue", "green"};
    return diffmm_dataset_name_rows(world->dataset, "sound", 2, ids);
}

static void dataset_with_row_ids(struct fault_world *world)
{
    static const char *const ids[] = {"blue", "red"};
    dataset_with_array(world);
    expect_success(name_rows(world));
    expect_success(diffmm_dataset_name_rows(world->dataset, "smell", 2, ids));
}

static diffmm_status read_modality(struct fault_world *world)
{
    return diffmm_dataset_read_modality(world->dataset, "sound",
                                        fault_path(world, "image_feat.npy"));
}

static diffmm_status read_text_vectors(struct fault_world *world)
{
    return diffmm_dataset_read_modality(world->dataset, "sound", fault_path(world, "words.vec"));
}

static diffmm_status read_safetensors(struct fault_world *world)
{
    return diffmm_dataset_read_modality(world->dataset, "sound",
                                        fault_path(world, "words.safetensors"));
}

static diffmm_status map_modality(struct fault_world *world)
{
    return diffmm_dataset_map_modality(world->dataset, "sound",
                                       fault_path(world, "image_feat.npy"));
}

#ifdef DIFFMM__HAVE_LIBZIP
static diffmm_status read_features_npz(struct fault_world *world)
{
    return diffmm_dataset_read_modality(world->dataset, "sound", fault_path(world, "words.npz"));
}
#endif

static void modality_bits(struct fault_world *world)
{
    size_t dimensions = diffmm_dataset_modality_dimensions(world->dataset, 0);
    fault_hash_text(diffmm_dataset_modality_name(world->dataset, 0));
    fault_hash(&dimensions, sizeof dimensions);
}

static void numbered_dataset(struct fault_world *world)
{
    empty_dataset(world);
    expect_success(add_numbers(world));
}

static void named_dataset(struct fault_world *world)
{
    empty_dataset(world);
    expect_success(diffmm_dataset_reserve(world->dataset, 50, 50));
    expect_success(add_many_names(world));
}

/* Items called "0" and "1": rows of the features. */
static void dataset_of_row_numbers(struct fault_world *world)
{
    static const char *const user[] = {"ann", "bob"}, *const item[] = {"1", "0"};
    empty_dataset(world);
    expect_success(add_array(world));
    expect_success(
        diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 2, user, item));
}

static diffmm_status seal(struct fault_world *world)
{
    return diffmm_dataset_seal(world->dataset);
}

static void sealed_bits(struct fault_world *world)
{
    fault_hash_dataset(world->dataset);
}

/* Users with items enough to give some away. */
static void dataset_to_divide(struct fault_world *world)
{
    static const int32_t user[] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2},
                         item[] = {0, 1, 2, 3, 1, 2, 3, 4, 0, 2, 4, 5};
    empty_dataset(world);
    expect_success(diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, 12, user, item));
}

static diffmm_status hold_out(struct fault_world *world)
{
    return diffmm_dataset_hold_out(world->dataset, 0.25, 0.25, 7);
}

static const int32_t rated_users[] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0},
                     rated_items[] = {0, 1, 2, 3, 1, 2, 3, 4, 0, 2, 4, 5, 1};
static const double ratings[] = {1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3};
static const int64_t times[] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 9, 8, 7, 6};
static const diffmm_interactions rated_numbers = {.struct_size = sizeof rated_numbers,
                                                  .count = 13,
                                                  .user = rated_users,
                                                  .item = rated_items,
                                                  .rating = ratings,
                                                  .time = times};

static diffmm_status add_rated(struct fault_world *world)
{
    return diffmm_dataset_add_interactions_with(world->dataset, DIFFMM_TRAIN, &rated_numbers);
}

static diffmm_status read_arrow(struct fault_world *world)
{
    struct arrow_still still;
    struct ArrowArrayStream stream = still_stream(&still);
    diffmm_status status = diffmm_dataset_read_arrow(world->dataset, DIFFMM_TRAIN, &stream, NULL);
    /* No assertion here: it would take memory, and be cancelled. */
    return still_all_back(&still) && !stream.release ? status : DIFFMM_ERROR_STATE;
}

static diffmm_status read_modality_arrow(struct fault_world *world)
{
    struct arrow_still still;
    struct ArrowArrayStream stream = still_items(&still);
    diffmm_status status =
        diffmm_dataset_read_modality_arrow(world->dataset, "stars", &stream, NULL);
    /* No assertion here: it would take memory, and be cancelled. */
    return still_all_back(&still) && !stream.release ? status : DIFFMM_ERROR_STATE;
}

static void rated_dataset(struct fault_world *world)
{
    empty_dataset(world);
    expect_success(add_rated(world));
}

/* The same with ids, most of which a filter leaves out. */
static void rated_names(struct fault_world *world)
{
    static const char *const users[] = {"ann", "ann", "bob", "bob", "cid"}, *const items[] = {
                                                                                "x", "y", "x", "y",
                                                                                "z"};
    empty_dataset(world);
    expect_success(
        diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 5, users, items));
}

static diffmm_status filter_ratings(struct fault_world *world)
{
    return diffmm_dataset_filter_ratings(world->dataset, 2);
}

static diffmm_status deduplicate(struct fault_world *world)
{
    return diffmm_dataset_deduplicate(world->dataset, DIFFMM_KEEP_FIRST);
}

static diffmm_status filter_features(struct fault_world *world)
{
    return diffmm_dataset_filter_features(world->dataset);
}

static diffmm_status filter_features_of(struct fault_world *world)
{
    return diffmm_dataset_filter_features_of(world->dataset, "sound");
}

static diffmm_status filter_core(struct fault_world *world)
{
    return diffmm_dataset_filter_core(world->dataset, 2, 2);
}

static diffmm_status hold_out_last(struct fault_world *world)
{
    return diffmm_dataset_hold_out_last(world->dataset, 1, 1);
}

static diffmm_status hold_out_from(struct fault_world *world)
{
    return diffmm_dataset_hold_out_from(world->dataset, "0.000004", "0.000006");
}

static diffmm_status sample_pairs(struct fault_world *world)
{
    return diffmm_sample_pairs(world->dataset, 5, 1, world->out.pairs.user,
                               world->out.pairs.positive, world->out.pairs.negative,
                               &world->out.pairs.count);
}

const struct fault_case fault_data_cases[] = {
    {"diffmm_context_create", NULL, create_context, context_bits, end_context},
    {"diffmm_options_create", NULL, create_options, new_options_bits, end_options},
    {"diffmm_options_copy", fault_make_options, copy_options, new_options_bits, end_options},
    {"diffmm_options_preset", fault_make_options, set_preset, options_bits, NULL},
    {"diffmm_options_set", fault_make_options, set_text, options_bits, NULL},
    {"diffmm_options_set of a modality", fault_make_options, set_of_modality, options_bits, NULL},
    {"diffmm_options_set_integer", fault_make_options, set_integer, options_bits, NULL},
    {"diffmm_options_set_real", fault_make_options, set_real, options_bits, NULL},
    {"diffmm_dataset_create", NULL, create_dataset, new_dataset_bits, fault_end_dataset},
    {"diffmm_dataset_open a folder", NULL, open_folder, new_dataset_bits, fault_end_dataset},
    {"diffmm_dataset_open a table", NULL, open_table, new_dataset_bits, fault_end_dataset},
    {"diffmm_dataset_synthesize", NULL, synthesize, new_dataset_bits, fault_end_dataset},
    {"diffmm_dataset_add_interactions", empty_dataset, add_numbers, filled_bits, NULL},
    {"diffmm_dataset_add_named_interactions", empty_dataset, add_many_names, filled_bits, NULL},
    {"diffmm_dataset_declare_items", empty_dataset, declare_items, declared_bits, NULL},
    {"diffmm_dataset_read_interactions .tsv", empty_dataset, read_table, filled_bits, NULL},
    {"diffmm_dataset_read_interactions .csv", empty_dataset, read_quoted, filled_bits, NULL},
    {"diffmm_dataset_read_interactions .pkl", empty_dataset, read_pickle, filled_bits, NULL},
#ifdef DIFFMM__HAVE_LIBZIP
    {"diffmm_dataset_read_interactions .npz", empty_dataset, read_npz, filled_bits, NULL},
#endif
    {"diffmm_dataset_add_modality", empty_dataset, add_modality, modality_bits, NULL},
    {"diffmm_dataset_add_modality_by_id", empty_dataset, add_modality_by_id, modality_bits, NULL},
    {"diffmm_dataset_add_modality_array", empty_dataset, add_array, modality_bits, NULL},
    {"diffmm_dataset_add_modality_copy", empty_dataset, add_copy, modality_bits, NULL},
    {"diffmm_dataset_name_rows", dataset_with_array, name_rows, modality_bits, NULL},
    {"diffmm_dataset_seal ids of rows", dataset_with_row_ids, seal, sealed_bits, NULL},
    {"diffmm_dataset_read_modality", empty_dataset, read_modality, modality_bits, NULL},
    {"diffmm_dataset_map_modality", empty_dataset, map_modality, modality_bits, NULL},
    {"diffmm_dataset_read_modality .vec", empty_dataset, read_text_vectors, modality_bits, NULL},
    {"diffmm_dataset_read_modality .safetensors", empty_dataset, read_safetensors, modality_bits,
     NULL},
#ifdef DIFFMM__HAVE_LIBZIP
    {"diffmm_dataset_read_modality .npz", empty_dataset, read_features_npz, modality_bits, NULL},
#endif
    {"diffmm_dataset_seal numbers", numbered_dataset, seal, sealed_bits, NULL},
    {"diffmm_dataset_seal ids", named_dataset, seal, sealed_bits, NULL},
    {"diffmm_dataset_seal row numbers", dataset_of_row_numbers, seal, sealed_bits, NULL},
    {"diffmm_dataset_hold_out", dataset_to_divide, hold_out, filled_bits, NULL},
    {"diffmm_dataset_add_interactions_with", empty_dataset, add_rated, filled_bits, NULL},
    {"diffmm_dataset_read_table", empty_dataset, read_with_format, filled_bits, NULL},
    {"diffmm_dataset_open_table", NULL, open_with_format, new_dataset_bits, fault_end_dataset},
    {"diffmm_dataset_read_arrow", empty_dataset, read_arrow, filled_bits, NULL},
    {"diffmm_dataset_read_modality_arrow", empty_dataset, read_modality_arrow, modality_bits, NULL},
    {"diffmm_dataset_filter_ratings", rated_dataset, filter_ratings, filled_bits, NULL},
    {"diffmm_dataset_deduplicate", rated_dataset, deduplicate, filled_bits, NULL},
    {"diffmm_dataset_filter_features", dataset_with_row_ids, filter_features, filled_bits, NULL},
    {"diffmm_dataset_filter_features_of", dataset_with_row_ids, filter_features_of, filled_bits,
     NULL},
    {"diffmm_dataset_filter_core numbers", rated_dataset, filter_core, filled_bits, NULL},
    {"diffmm_dataset_filter_core ids", rated_names, filter_core, filled_bits, NULL},
    {"diffmm_dataset_hold_out_last", rated_dataset, hold_out_last, filled_bits, NULL},
    {"diffmm_dataset_hold_out_from", rated_dataset, hold_out_from, filled_bits, NULL},
    {"diffmm_sample_pairs", fault_make_dataset, sample_pairs, fault_hash_output, NULL},
    {.name = NULL}};
