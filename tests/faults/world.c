/* SPDX-License-Identifier: BSD-2-Clause */
/* Inputs of the cases, and what tells results apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "faults.h"
#include "support/bytes.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/pickle_writer.h"
#include "support/settings.h"

#ifdef DIFFMM__HAVE_LIBZIP
#include <zip.h>
#endif

static const float features[6 * 3] = {1, 0, 2, 0, 1, 1, 3, 1, 0, 1, 1, 1, 0, 2, 1, 2, 2, 0};

static const char clicks[] =
    "user\titem\tsplit\n"
    "ann\tred\ttrain\nann\tblue\ttrain\nann\tgrey\tvalid\nbob\tblue\ttrain\n"
    "bob\tgreen\ttest\ncid\tpink\ttrain\ncid\tred\ttrain\ndan\tgrey\ttrain\n"
    "dan\tblack\tvalid\neve\tgreen\ttrain\neve\tblack\ttrain\n";

void fault_make_options(struct fault_world *world)
{
    static const char *const list[] = {"embedding_size",
                                       "4",
                                       "hidden_sizes",
                                       "6",
                                       "batch",
                                       "4",
                                       "rebuild_k",
                                       "2",
                                       "epochs",
                                       "2",
                                       "measure",
                                       "full",
                                       "fusion_ratio",
                                       "0.5",
                                       "cutoffs",
                                       "1,3",
                                       "seed",
                                       "3",
                                       "modality.text.projection",
                                       "linear",
                                       NULL};
    world->options = settings(world->context, list);
}

void fault_fill_dataset(struct fault_world *world)
{
    static const char *const user[] = {"ann", "ann", "bob", "bob", "cid", "dan", "dan", "eve"};
    static const char *const item[] = {"red",  "blue", "blue",  "pink",
                                       "grey", "grey", "green", "black"};
    static const char *const held_user[] = {"ann", "cid"}, *const held_item[] = {"grey", "red"};
    static const char *const rows[] = {"red", "blue", "pink", "grey", "green", "black"};
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
    expect_success(diffmm_dataset_declare_items(world->dataset, 6, rows));
    expect_success(
        diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TRAIN, 8, user, item));
    expect_success(diffmm_dataset_add_named_interactions(world->dataset, DIFFMM_TEST, 2, held_user,
                                                         held_item));
    expect_success(diffmm_dataset_add_modality_array(world->dataset, "image", 6, 3, features, 3));
    expect_success(diffmm_dataset_add_modality_array(world->dataset, "text", 6, 2, features, 3));
}

void fault_make_dataset(struct fault_world *world)
{
    fault_fill_dataset(world);
    expect_success(diffmm_dataset_seal(world->dataset));
}

void fault_make_inputs(struct fault_world *world)
{
    fault_make_dataset(world);
    fault_make_options(world);
}

void fault_make_model(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
}

int fault_load(size_t first, size_t count, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * 2; i++)
        out[i] = (float)((first + i) % 5);
    return 0;
}

void fault_make_loaded(struct fault_world *world, diffmm_feature_loader load)
{
    static const int32_t user[] = {0, 1, 2, 2}, item[] = {3, 1, 0, 2};
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
    expect_success(diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, 4, user, item));
    expect_success(diffmm_dataset_add_modality(world->dataset, "text", 2, load, NULL));
    fault_make_options(world);
}

void fault_release_inputs(struct fault_world *world)
{
    diffmm_placer_destroy(world->placer);
    diffmm_diffusion_destroy(world->module);
    diffmm_scorer_destroy(world->scorer);
    diffmm_trainer_destroy(world->trainer);
    diffmm_model_destroy(world->model);
    diffmm_schedule_destroy(world->schedule);
    diffmm_graph_destroy(world->graph);
    diffmm_options_destroy(world->options);
    diffmm_dataset_destroy(world->dataset);
    free(world->bytes);
}

void fault_end_dataset(struct fault_world *world)
{
    diffmm_dataset_destroy(world->out.dataset);
}

void fault_end_model(struct fault_world *world)
{
    diffmm_model_destroy(world->out.model);
}

void fault_end_trainer(struct fault_world *world)
{
    diffmm_trainer_destroy(world->out.trainer);
}

void fault_end_scorer(struct fault_world *world)
{
    diffmm_scorer_destroy(world->out.scorer);
}

void fault_end_placer(struct fault_world *world)
{
    diffmm_placer_destroy(world->out.placer);
}

const char *fault_path(const struct fault_world *world, const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    return path;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    write_bytes(path, bytes, size);
}

static void write_npy(const char *folder, const char *name)
{
    struct bytes bytes = {.size = 0};
    bytes_add_aligned_npy(&bytes, "<f4", "(6, 3)", features, sizeof features);
    write_file(folder, name, bytes.data, bytes.size);
}

static const unsigned char row[] = {0, 0, 1, 2, 4}, column[] = {0, 3, 1, 5, 2};

static void write_pickle(const char *folder, const char *name)
{
    static const unsigned char ones[] = {1, 1, 1, 1, 1};
    struct pickle_writer w = {.protocol = 3};
    pickle_begin(&w, false);
    pickle_shape(&w, 5, 6);
    pickle_field(&w, "row", "u1", "|", 5, row, 5);
    pickle_field(&w, "col", "u1", "|", 5, column, 5);
    pickle_field(&w, "data", "u1", "|", 5, ones, 5);
    pickle_op(&w, "ub.");
    write_file(folder, name, w.bytes.data, w.bytes.size);
}

#ifdef DIFFMM__HAVE_LIBZIP
static void add_member(zip_t *zip, struct bytes *bytes, const char *name, const char *type,
                       const char *shape, const void *data, size_t size)
{
    bytes_add_npy(bytes, type, shape, 0, data, size);
    zip_int64_t index =
        zip_file_add(zip, name, zip_source_buffer(zip, bytes->data, bytes->size, 0), 0);
    ck_assert_int_ge(index, 0);
}

static void write_npz(const char *folder, const char *name)
{
    static const int64_t shape[] = {5, 6};
    static const double ones[] = {1, 1, 1, 1, 1};
    static struct bytes bytes[5];
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    ck_assert_ptr_nonnull(zip);
    memset(bytes, 0, sizeof bytes);
    add_member(zip, &bytes[0], "row.npy", "|u1", "(5,)", row, sizeof row);
    add_member(zip, &bytes[1], "col.npy", "|u1", "(5,)", column, sizeof column);
    add_member(zip, &bytes[2], "format.npy", "|S3", "()", "coo", 3);
    add_member(zip, &bytes[3], "shape.npy", "<i8", "(2,)", shape, sizeof shape);
    add_member(zip, &bytes[4], "data.npy", "<f8", "(5,)", ones, sizeof ones);
    ck_assert_int_eq(zip_close(zip), 0);
}

/* Features, with ids of their rows. */
static void write_features_npz(const char *folder, const char *name)
{
    static const char ids[] = "redblu";
    static struct bytes bytes[2];
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    ck_assert_ptr_nonnull(zip);
    memset(bytes, 0, sizeof bytes);
    add_member(zip, &bytes[0], "ids.npy", "|S3", "(2,)", ids, 6);
    add_member(zip, &bytes[1], "features.npy", "|u1", "(2, 2)", row, 4);
    ck_assert_int_eq(zip_close(zip), 0);
}
#endif

/* A matrix of float16, and ids of its rows. */
static void write_safetensors(const char *folder, const char *name)
{
    static const char header[] =
        "{\"ids\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"e\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[8,20]}}";
    struct bytes bytes = {.size = 0};
    bytes_add_number(&bytes, strlen(header), 8);
    bytes_add_text(&bytes, header);
    bytes_add_number(&bytes, 7, 4);
    bytes_add_number(&bytes, 5, 4);
    bytes_add_number(&bytes, 0x3c00, 8);
    bytes_add_number(&bytes, 0x4000, 4);
    write_file(folder, name, bytes.data, bytes.size);
}

/* Of a training, written by the library. */
static void write_trained(const char *folder)
{
    struct fault_world world = {.folder = folder};
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &world.context));
    fault_make_inputs(&world);
    expect_success(diffmm_trainer_create(world.dataset, world.options, &world.trainer));
    expect_success(diffmm_trainer_checkpoint(world.trainer, fault_path(&world, FAULT_BEGUN)));
    expect_success(diffmm_trainer_epoch(world.trainer, NULL));
    expect_success(diffmm_trainer_checkpoint(world.trainer, fault_path(&world, FAULT_TRAINED)));
    expect_success(
        diffmm_model_save(diffmm_trainer_model(world.trainer), fault_path(&world, FAULT_MODEL)));
    diffmm_trainer_destroy(world.trainer);
    diffmm_options_destroy(world.options);
    diffmm_dataset_destroy(world.dataset);
    diffmm_context_destroy(world.context);
}

void fault_files_begin(const char *folder)
{
    static const char ids[] = "red\nblue\nblack\ngreen\ngrey\npink\n";
    static const char quoted[] = "user,item\n\"a \"\"b\"\"\",red\nc,\"x,y\"\n";
    write_file(folder, "clicks.tsv", clicks, strlen(clicks));
    write_file(folder, "quoted.csv", quoted, strlen(quoted));
    write_file(folder, "item_ids.txt", ids, strlen(ids));
    write_file(folder, "old.safetensors", "the last one", 12);
    write_npy(folder, "image_feat.npy");
    write_npy(folder, "text_feat.npy");
    write_pickle(folder, "trnMat.pkl");
    write_file(folder, "words.vec", "2 2\nred 1 2\nblue 3 4\n", 21);
    write_safetensors(folder, "words.safetensors");
#ifdef DIFFMM__HAVE_LIBZIP
    write_features_npz(folder, "words.npz");
    write_npz(folder, "valMat.npz");
#endif
    write_trained(folder);
}

void fault_read_file(struct fault_world *world, const char *name, size_t shift)
{
    unsigned char *file = read_bytes(fault_path(world, name), &world->size);
    world->bytes = malloc(world->size + shift);
    ck_assert_ptr_nonnull(world->bytes);
    memcpy(world->bytes + shift, file, world->size);
    free(file);
}

void fault_hash_text(const char *text)
{
    fault_hash(text ? text : "(none)", text ? strlen(text) + 1 : 7);
}

void fault_hash_options(const diffmm_options *options)
{
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        const char *value;
        diffmm_option_info info = {.struct_size = sizeof info};
        expect_success(diffmm_option_describe(i, &info));
        expect_success(diffmm_options_get(options, info.name, &value));
        fault_hash_text(value);
    }
    const char *value;
    expect_success(diffmm_options_get(options, "modality.sound.projection", &value));
    fault_hash_text(value);
}

void fault_hash_dataset(const diffmm_dataset *dataset)
{
    size_t users = diffmm_dataset_users(dataset), items = diffmm_dataset_items(dataset);
    for (int32_t u = 0; (size_t)u < users; u++) {
        fault_hash_text(diffmm_dataset_user_id(dataset, u));
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++) {
            const int32_t *list;
            size_t count;
            expect_success(diffmm_dataset_row(dataset, (diffmm_split)split, u, &list, &count));
            fault_hash(&count, sizeof count);
            fault_hash(list, count * sizeof *list);
        }
    }
    for (int32_t i = 0; (size_t)i < items; i++)
        fault_hash_text(diffmm_dataset_item_id(dataset, i));
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++) {
        size_t dimensions = diffmm_dataset_modality_dimensions(dataset, m);
        fault_hash_text(diffmm_dataset_modality_name(dataset, m));
        fault_hash(&dimensions, sizeof dimensions);
    }
}

void fault_hash_graph(const diffmm_graph *graph)
{
    const int64_t *pointers;
    const int32_t *columns;
    const float *values;
    size_t nodes = diffmm_graph_users(graph) + diffmm_graph_items(graph);
    size_t entries = diffmm_graph_entries(graph);
    expect_success(diffmm_graph_rows(graph, &pointers, &columns, &values));
    fault_hash(pointers, (nodes + 1) * sizeof *pointers);
    fault_hash(columns, entries * sizeof *columns);
    fault_hash(values, entries * sizeof *values);
}

void fault_hash_model(const diffmm_model *model)
{
    size_t rows = diffmm_model_users(model) + diffmm_model_items(model);
    for (size_t p = 0; p < diffmm_model_parameters(model); p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        expect_success(diffmm_model_parameter_at(model, p, &parameter));
        fault_hash_text(parameter.name);
        fault_hash(parameter.values, parameter.rows * parameter.columns * sizeof *parameter.values);
    }
    fault_hash(diffmm_model_user_embeddings(model),
               rows * diffmm_model_dimensions(model) * sizeof(float));
}

void fault_hash_trainer(const diffmm_trainer *trainer)
{
    size_t best;
    const diffmm_metrics *test;
    expect_success(diffmm_trainer_best(trainer, &best, NULL, &test));
    fault_hash(&best, sizeof best);
    fault_hash(test, 2 * sizeof *test);
    fault_hash_model(diffmm_trainer_model(trainer));
}

void fault_hash_file(const char *path)
{
    size_t size;
    unsigned char *bytes = read_bytes(path, &size);
    fault_hash(bytes, size);
    free(bytes);
}

void fault_hash_output(struct fault_world *world)
{
    fault_hash(&world->out, sizeof world->out);
}
