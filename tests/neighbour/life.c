/* SPDX-License-Identifier: BSD-2-Clause */
#include "life.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/failure.h"

struct life {
    const char *folder;
    life_watch watch;
    void *watcher;
};

static void look(const struct life *life, const char *what)
{
    if (life->watch)
        life->watch(what, life->watcher);
}

static const char *in_folder(const struct life *life, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", life->folder, name);
    return path;
}

/* Users like items near their own number; a tenth each goes to validation and test. */
static void write_clicks(const struct life *life)
{
    static const char *const splits[] = {"valid", "test"};
    char path[256];
    FILE *file = fopen(in_folder(life, "clicks.tsv", path), "w");
    ck_assert_ptr_nonnull(file);
    fputs("user\titem\tsplit\n", file);
    for (int u = 0; u < LIFE_USERS; u++)
        for (int k = 0; k < 10; k++)
            fprintf(file, "u%d\t%d\t%s\n", u, (u * LIFE_ITEMS / LIFE_USERS + k * k) % LIFE_ITEMS,
                    k % 10 < 2 ? splits[k] : "train");
    ck_assert_int_eq(fclose(file), 0);
}

/* LIFE_ITEMS x 2 features of float32 that go round with the item's number. */
static void write_features(const struct life *life)
{
    char path[256], header[128];
    FILE *file = fopen(in_folder(life, "cover.npy", path), "wb");
    ck_assert_ptr_nonnull(file);
    memcpy(header, "\x93NUMPY\x01\x00v\x00", 10);
    int length =
        snprintf(header + 10, 118, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }",
                 (int)LIFE_ITEMS);
    memset(header + 10 + length, ' ', (size_t)(118 - length));
    header[127] = '\n';
    ck_assert_uint_eq(fwrite(header, 1, sizeof header, file), sizeof header);
    for (int i = 0; i < LIFE_ITEMS; i++) {
        float angle = (float)i * 6.2831853F / (float)LIFE_ITEMS, row[] = {cosf(angle), sinf(angle)};
        ck_assert_uint_eq(fwrite(row, sizeof *row, 2, file), 2);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static int load_titles(size_t first, size_t count, float *out, void *user_data)
{
    look(user_data, "within a feature loader");
    for (size_t i = 0; i < 3 * count; i++)
        out[i] = (float)((first * 3 + i) % 7) - 3;
    return 0;
}

static diffmm_dataset *make_data(diffmm_context *context, struct life *life)
{
    char path[256];
    diffmm_dataset *data, *synthetic;
    expect_success(diffmm_dataset_synthesize(context, NULL, &synthetic));
    expect_success(diffmm_dataset_seal(synthetic));
    diffmm_dataset_destroy(synthetic);
    look(life, "a synthetic data set");
    write_clicks(life);
    write_features(life);
    expect_success(diffmm_dataset_create(context, &data));
    expect_success(
        diffmm_dataset_read_interactions(data, DIFFMM_TRAIN, in_folder(life, "clicks.tsv", path)));
    look(life, "reading interactions");
    expect_success(diffmm_dataset_read_modality(data, "cover", in_folder(life, "cover.npy", path)));
    look(life, "reading features");
    expect_success(diffmm_dataset_add_modality(data, "title", 3, load_titles, life));
    expect_success(diffmm_dataset_seal(data));
    look(life, "sealing");
    return data;
}

static diffmm_options *make_options(diffmm_context *context, const struct life *life,
                                    struct life_result *out)
{
    static const char *const small[][2] = {{"embedding_size", "8"}, {"hidden_sizes", "16"},
                                           {"batch", "64"},         {"learning_rate", "0.0125"},
                                           {"epochs", "2"},         {"contrastive.anchor", "main"}};
    diffmm_options *options;
    const char *text;
    expect_success(diffmm_options_create(context, &options));
    expect_success(diffmm_options_preset(options, "tiktok"));
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        expect_success(diffmm_options_set(options, small[i][0], small[i][1]));
    expect_success(diffmm_options_get_real(options, "learning_rate", &out->rate));
    expect_success(diffmm_options_get(options, "learning_rate", &text));
    snprintf(out->rate_text, sizeof out->rate_text, "%s", text);
    look(life, "settings");
    return options;
}

static int on_progress(const diffmm_progress *progress, void *user_data)
{
    static const char *const phases[] = {"a step of denoising", "a step of generating",
                                         "a step of recommending", "a step of evaluating"};
    look(user_data, phases[progress->phase]);
    return 0;
}

static void train(diffmm_dataset *data, const diffmm_options *options, struct life *life,
                  struct life_result *out)
{
    char path[256];
    diffmm_trainer *trainer;
    diffmm_model *loaded;
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_forecast(data, options, &forecast));
    expect_success(diffmm_trainer_create(data, options, &trainer));
    look(life, "a trainer");
    expect_success(diffmm_trainer_on_progress(trainer, on_progress, life));
    for (int epoch = 0; epoch < 2; epoch++) {
        expect_success(diffmm_trainer_epoch(trainer, &report));
        look(life, "an epoch");
    }
    out->loss = report.loss.total;
    out->recall = report.test[0].recall;
    expect_success(diffmm_trainer_restore_best(trainer));
    expect_success(
        diffmm_model_save(diffmm_trainer_model(trainer), in_folder(life, "model", path)));
    look(life, "saving");
    diffmm_context *own;
    expect_success(diffmm_context_create(NULL, &own));
    expect_success(diffmm_model_load(own, path, &loaded));
    diffmm_context_destroy(own);
    diffmm_model_destroy(loaded);
    look(life, "loading");
    diffmm_trainer_destroy(trainer);
    look(life, "the end of a trainer");
}

static void serve(diffmm_context *context, const struct life *life, struct life_result *out)
{
    char path[256];
    diffmm_scorer *scorer;
    diffmm_hit block[3 * LIFE_HITS];
    diffmm_query query = {.struct_size = sizeof query, .count = LIFE_HITS};
    size_t found[3];
    int32_t user;
    expect_success(diffmm_scorer_open(context, in_folder(life, "model", path), &scorer));
    look(life, "opening a scorer");
    expect_success(diffmm_scorer_find_user(scorer, "u7", &user));
    expect_success(diffmm_recommend(scorer, user, &query, out->hits, found));
    ck_assert_uint_eq(*found, LIFE_HITS);
    expect_success(diffmm_recommend_users(scorer, 3, NULL, &query, block, found));
    look(life, "recommending");
    diffmm_scorer_destroy(scorer);
}

void live(diffmm_context *context, const char *folder, life_watch watch, void *watcher,
          struct life_result *out)
{
    struct life life = {folder, watch, watcher};
    memset(out, 0, sizeof *out);
    ck_assert_ptr_nonnull(diffmm_build_info());
    look(&life, "build information");
    diffmm_dataset *data = make_data(context, &life);
    diffmm_options *options = make_options(context, &life, out);
    train(data, options, &life, out);
    serve(context, &life, out);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(data);
    look(&life, "the end");
}

static int refuse(size_t first, size_t count, float *out, void *user_data)
{
    (void)first;
    (void)count;
    (void)out;
    (void)user_data;
    return 1;
}

static int stop(const diffmm_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    return 1;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Failures while data is filled, sealed and trained on. */
static void fail_with_data(diffmm_context *context, const struct life *life)
{
    char path[256];
    const float bad[LIFE_ITEMS] = {(float)NAN};
    int32_t number;
    diffmm_dataset *data;
    diffmm_trainer *trainer;
    expect_success(diffmm_dataset_create(context, &data));
    write_text(in_folder(life, "bad.tsv", path), "user\titem\nu1\n");
    expect_failure(diffmm_dataset_read_interactions(data, DIFFMM_TRAIN, path), DIFFMM_ERROR_FORMAT,
                   "bad.tsv");
    expect_failure(
        diffmm_dataset_read_interactions(data, DIFFMM_TRAIN, in_folder(life, "none.tsv", path)),
        DIFFMM_ERROR_IO, "none.tsv");
    in_folder(life, "clicks.tsv", path);
    expect_success(diffmm_dataset_read_interactions(data, DIFFMM_TRAIN, path));
    expect_failure(diffmm_dataset_find_user(data, "u1", &number), DIFFMM_ERROR_STATE, "sealed");
    expect_success(diffmm_dataset_add_modality_array(data, "bad", LIFE_ITEMS, 1, bad, 1));
    expect_failure(diffmm_dataset_seal(data), DIFFMM_ERROR_NUMERIC, "bad");
    diffmm_dataset_destroy(data);

    expect_success(diffmm_dataset_create(context, &data));
    expect_success(diffmm_dataset_read_interactions(data, DIFFMM_TRAIN, path));
    expect_success(diffmm_dataset_add_modality(data, "refused", 4, refuse, NULL));
    ck_assert_int_eq(diffmm_trainer_create(data, NULL, &trainer), DIFFMM_ERROR_CALLBACK);
    diffmm_dataset_destroy(data);
    look(life, "failures with data");
}

static void fail_in_training(diffmm_context *context, const struct life *life)
{
    int32_t number;
    diffmm_dataset *data;
    diffmm_options *options;
    diffmm_trainer *trainer;
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 100, .items = 80};
    expect_success(diffmm_dataset_synthesize(context, &spec, &data));
    expect_success(diffmm_options_create(context, &options));
    ck_assert_int_eq(diffmm_options_set(options, "nonsense", "1"), DIFFMM_ERROR_INVALID_ARGUMENT);
    expect_success(diffmm_options_set(options, "hidden_sizes", "8"));
    expect_success(diffmm_trainer_create(data, options, &trainer));
    expect_failure(diffmm_dataset_find_item(data, "nobody", &number), DIFFMM_ERROR_NOT_FOUND,
                   "nobody");
    expect_success(diffmm_trainer_on_progress(trainer, stop, NULL));
    ck_assert_int_eq(diffmm_trainer_epoch(trainer, NULL), DIFFMM_CANCELLED);
    diffmm_trainer_destroy(trainer);
    /* It diverges. */
    expect_success(diffmm_options_set(options, "denoiser_learning_rate", "1e9"));
    expect_success(diffmm_options_set(options, "learning_rate", "1e9"));
    expect_success(diffmm_trainer_create(data, options, &trainer));
    ck_assert_int_eq(diffmm_trainer_fit(trainer, NULL, NULL), DIFFMM_ERROR_NUMERIC);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(data);
    look(life, "failures in training");
}

void live_badly(diffmm_context *context, const char *folder, life_watch watch, void *watcher)
{
    struct life life = {folder, watch, watcher};
    char path[256];
    diffmm_scorer *scorer;
    ck_assert_int_eq(diffmm_context_create(NULL, NULL), DIFFMM_ERROR_INVALID_ARGUMENT);
    write_clicks(&life);
    fail_with_data(context, &life);
    fail_in_training(context, &life);
    write_text(in_folder(&life, "nonsense", path), "this is not a model file");
    ck_assert_int_eq(diffmm_scorer_open(context, path, &scorer), DIFFMM_ERROR_FORMAT);
    look(&life, "a file that is no model");
}
