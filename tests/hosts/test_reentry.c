/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls made in the midst of a call. What would change a handle that the outer call uses is
 * refused, whatever callback it comes from, and the outer call ends with the bits that it has
 * undisturbed. What only reads is allowed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted.h"
#include "support/failure.h"
#include "support/folder.h"

enum { most_handles = 4 };

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

static diffmm_status trainer_fit(struct fault_world *world)
{
    return diffmm_trainer_fit(world->trainer, NULL, NULL);
}

static diffmm_status trainer_restore_best(struct fault_world *world)
{
    return diffmm_trainer_restore_best(world->trainer);
}

/* The model of the case, or the trainer's. */
static diffmm_model *model_of(struct fault_world *world)
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

static diffmm_status dataset_add_modality_array(struct fault_world *world)
{
    return diffmm_dataset_add_modality_array(world->dataset, "array", 2, 3, values, 3);
}

static diffmm_status dataset_read_modality(struct fault_world *world)
{
    return diffmm_dataset_read_modality(world->dataset, "file",
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

static diffmm_status trainer_forecast(struct fault_world *world)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    return diffmm_trainer_forecast(world->dataset, world->options, &forecast);
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

/* What they change. A data set that is sealed may be used by any number of calls; what would change
 * it is refused in any case. */
enum kind { TRAINER = 1, MODEL = 2, OPTIONS = 4, FILLED = 8, SEALED = 16, MODULE = 32 };

struct changing {
    const char *name;
    int kinds;
    diffmm_status (*call)(struct fault_world *world);
};

static const struct changing changing[] = {
    {"diffmm_trainer_on_progress", TRAINER, trainer_on_progress},
    {"diffmm_trainer_epoch", TRAINER, trainer_epoch},
    {"diffmm_trainer_fit", TRAINER, trainer_fit},
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
    {"diffmm_dataset_add_modality_array", FILLED | SEALED, dataset_add_modality_array},
    {"diffmm_dataset_read_modality", FILLED | SEALED, dataset_read_modality},
    {"diffmm_dataset_append_features", FILLED | SEALED, dataset_append_features},
    {"diffmm_dataset_hold_out", FILLED | SEALED, dataset_hold_out},
    {"diffmm_dataset_seal", FILLED, dataset_seal},
    {"diffmm_model_create", FILLED, model_create},
    {"diffmm_trainer_create", FILLED, trainer_create},
    {"diffmm_trainer_create_from", FILLED, trainer_create_from},
    {"diffmm_trainer_resume", FILLED, trainer_resume},
    {"diffmm_trainer_resume_memory", FILLED, trainer_resume_memory},
    {"diffmm_trainer_forecast", FILLED, trainer_forecast},
    {"diffmm_placer_create", FILLED, placer_create},
    {"diffmm_diffusion_set_parameter", MODULE, diffusion_set_parameter},
    {"diffmm_diffusion_step", MODULE, diffusion_step},
    {"diffmm_diffusion_objective", MODULE, diffusion_objective},
    {"diffmm_options_preset", OPTIONS, options_preset},
    {"diffmm_options_set", OPTIONS, options_set},
    {"diffmm_options_set_integer", OPTIONS, options_set_integer},
    {"diffmm_options_set_real", OPTIONS, options_set_real},
};
enum { changing_count = sizeof changing / sizeof *changing };

/* The calls, by the beginnings of their names, and what each of them uses. */
struct use {
    const char *name;
    int kinds;
};

static const struct use uses[] = {
    {"diffmm_trainer_epoch", TRAINER | MODEL | SEALED},
    {"diffmm_trainer_fit", TRAINER | MODEL | SEALED},
    {"an epoch with progress", TRAINER | MODEL | SEALED},
    {"a fit with progress and epochs", TRAINER | MODEL | SEALED},
    {"diffmm_trainer_checkpoint", TRAINER | MODEL | SEALED},
    {"diffmm_model_forward", MODEL | SEALED},
    {"diffmm_model_view", MODEL | SEALED},
    {"diffmm_model_objective", MODEL | SEALED},
    {"diffmm_model_save", MODEL | SEALED},
    {"diffmm_model_inherit", MODEL | SEALED},
    {"diffmm_scorer_create", MODEL | SEALED},
    {"diffmm_placer_create", MODEL | SEALED},
    {"a placer with a loader", MODEL},
    {"features from a loader", SEALED},
    {"diffmm_dataset_features", SEALED},
    {"diffmm_dataset_extend", SEALED},
    {"diffmm_dataset_seal", FILLED | SEALED},
    {"diffmm_dataset_add_", FILLED | SEALED},
    {"diffmm_dataset_read_", FILLED | SEALED},
    {"diffmm_dataset_declare_items", FILLED | SEALED},
    {"diffmm_dataset_append_features", FILLED | SEALED},
    {"diffmm_dataset_hold_out", FILLED | SEALED},
    {"diffmm_model_create", OPTIONS | SEALED},
    {"diffmm_trainer_create_from", MODEL | SEALED},
    {"diffmm_trainer_create", OPTIONS | SEALED},
    {"diffmm_trainer_forecast", OPTIONS | SEALED},
    {"a model with a loader", OPTIONS | SEALED},
    {"a trainer with a loader", OPTIONS | SEALED},
    {"diffmm_diffusion_create", OPTIONS},
    {"diffmm_diffusion_forecast", OPTIONS},
    {"diffmm_diffusion_load", 0},
    {"diffmm_diffusion_", MODULE},
    {"diffmm_options_set", OPTIONS},
    {"diffmm_options_preset", OPTIONS},
    {"diffmm_options_copy", OPTIONS},
};

static int uses_of(const struct fault_case *one)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (strncmp(one->name, uses[i].name, strlen(uses[i].name)) == 0)
            return uses[i].kinds;
    return 0;
}

static int present; /* kinds that the outer call uses */
static const char *wrong;
static size_t refusals[changing_count];

/* Sealing ends before it has given back what it does not need any more. */
static bool is_sealed(const diffmm_dataset *dataset)
{
    return diffmm_dataset_user_id(dataset, 0) != NULL;
}

static int handles_of(const struct fault_world *world)
{
    return (world->trainer ? TRAINER | MODEL : 0) | (world->model ? MODEL : 0) |
           (world->options ? OPTIONS : 0) | (world->module ? MODULE : 0) |
           (!world->dataset             ? 0
            : is_sealed(world->dataset) ? SEALED
                                        : FILLED);
}

/* Everything that would change what is in use. */
static void change_what_is_used(struct fault_world *world)
{
    for (size_t i = 0; i < changing_count; i++) {
        if (!(changing[i].kinds & present & handles_of(world)))
            continue;
        if (changing[i].call(world) != DIFFMM_ERROR_STATE)
            wrong = changing[i].name;
        else
            refusals[i]++;
    }
}

static uint64_t bits_of(struct hosted *hosted)
{
    fault_hash_begin();
    hosted->one->bits(&hosted->world);
    return fault_hash_end();
}

static uint64_t wanted;

static void check_undisturbed(struct hosted *hosted)
{
    if (wrong)
        ck_abort_msg("%s, moment %zu: %s was not refused (%s)", hosted->one->name, hosted->n, wrong,
                     diffmm_error_message());
    if (hosted->status)
        ck_abort_msg("%s, moment %zu: %s", hosted->one->name, hosted->n, diffmm_error_message());
    if (bits_of(hosted) != wanted)
        ck_abort_msg("%s, moment %zu: other bits", hosted->one->name, hosted->n);
}

static uint64_t bits_undisturbed(const struct fault_case *one, const char *folder)
{
    struct hosted hosted;
    hosted_begin(&hosted, one, folder);
    hosted_call(&hosted, 0, NULL);
    expect_success(hosted.status);
    uint64_t bits = bits_of(&hosted);
    hosted_end(&hosted);
    return bits;
}

static void try_changes(const struct fault_case *one, const char *folder)
{
    present = uses_of(one);
    if (!present)
        return;
    wrong = NULL;
    wanted = bits_undisturbed(one, folder);
    hosted_drive(one, folder, change_what_is_used, check_undisturbed);
}

START_TEST(what_changes_a_handle_in_use_is_refused)
{
    hosted_each(try_changes);
    for (size_t i = 0; i < changing_count; i++) {
        printf("%6zu refusals: %s\n", refusals[i], changing[i].name);
        ck_assert_msg(refusals[i] > 0, "%s was never tried", changing[i].name);
    }
}
END_TEST

/* Everything in everything, whether in use or not: what is not may succeed, and change what the
 * outer call is not about. */
static void change_everything(struct fault_world *world)
{
    for (size_t i = 0; i < changing_count; i++)
        if (changing[i].kinds & handles_of(world))
            changing[i].call(world);
}

static void check_nothing(struct hosted *hosted)
{
    (void)hosted;
}

static void try_everything(const struct fault_case *one, const char *folder)
{
    hosted_drive(one, folder, change_everything, check_nothing);
}

START_TEST(everything_within_everything)
{
    hosted_each(try_everything);
}
END_TEST

static void read_trainer(const diffmm_trainer *trainer)
{
    diffmm_report report = {.struct_size = sizeof report};
    size_t epoch, size;
    const diffmm_metrics *valid, *test;
    expect_success(diffmm_trainer_report(trainer, &report));
    if (!diffmm_trainer_best(trainer, &epoch, &valid, &test))
        ck_assert_uint_ge(epoch, 1);
    diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &size);
}

static void read_model(const diffmm_model *model)
{
    float weights[8];
    size_t size;
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    diffmm_scorer *scorer;
    ck_assert_uint_le(diffmm_model_modalities(model), 8);
    expect_success(diffmm_model_modality_weights(model, weights));
    expect_success(diffmm_model_parameter(model, "user_embedding", &parameter));
    diffmm_model_save_memory(model, NULL, 0, &size);
    if (!diffmm_scorer_create(model, &scorer))
        diffmm_scorer_destroy(scorer);
}

static void read_dataset(const diffmm_dataset *dataset)
{
    const int32_t *items;
    size_t count = diffmm_dataset_users(dataset) + diffmm_dataset_items(dataset);
    for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++) {
        count += diffmm_dataset_interactions(dataset, (diffmm_split)split);
        diffmm_dataset_row(dataset, (diffmm_split)split, 0, &items, &count);
    }
    diffmm_dataset_user_id(dataset, 0);
}

static void read_scorer(const diffmm_scorer *scorer)
{
    float score;
    size_t found;
    diffmm_hit hits[2];
    const diffmm_query query = {.struct_size = sizeof query, .count = 2};
    expect_success(diffmm_score(scorer, 0, 1, NULL, &score));
    expect_success(diffmm_recommend(scorer, 0, &query, hits, &found));
}

/* From a callback of every kind, the allocator left out: it is called where things are half-done.
 */
static void read_everything(struct fault_world *world)
{
    const char *value;
    if (world->trainer)
        read_trainer(world->trainer);
    if (model_of(world))
        read_model(model_of(world));
    if (world->dataset)
        read_dataset(world->dataset);
    if (world->options)
        expect_success(diffmm_options_get(world->options, "modality.text.projection", &value));
    if (world->scorer)
        read_scorer(world->scorer);
}

static void check_read(struct hosted *hosted)
{
    if (hosted->status)
        ck_abort_msg("%s, moment %zu: %s", hosted->one->name, hosted->n, diffmm_error_message());
    if (bits_of(hosted) != wanted)
        ck_abort_msg("%s, moment %zu: other bits", hosted->one->name, hosted->n);
}

static void try_reading(const struct fault_case *one, const char *folder)
{
    wanted = bits_undisturbed(one, folder);
    hosted_drive(one, folder, read_everything, check_read);
}

START_TEST(reading_is_allowed)
{
    hosted_each(try_reading);
}
END_TEST

/* Whether a declaration takes one of the handles that can be changed, not const. */
static bool changes_a_handle(const char *declaration)
{
    static const char *const types[] = {"diffmm_trainer *trainer", "diffmm_model *model",
                                        "diffmm_dataset *dataset", "diffmm_options *options",
                                        "diffmm_diffusion *module"};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        const char *type = types[k];
        for (const char *at = declaration; (at = strstr(at, type)); at++)
            if (at < declaration + 6 || strncmp(at - 6, "const ", 6) != 0)
                return true;
    }
    return false;
}

static bool is_known(const char *name)
{
    /* destroy: a table of its own; cancel: made for it. */
    if (strstr(name, "_destroy") || strcmp(name, "diffmm_trainer_cancel") == 0)
        return true;
    for (size_t i = 0; i < changing_count; i++)
        if (strcmp(name, changing[i].name) == 0)
            return true;
    return false;
}

static size_t check_header(char *text)
{
    size_t found = 0;
    for (char *next = text; (next = strstr(next, "\nDIFFMM_API "));) {
        char *end = strchr(++next, ';'), name[64];
        ck_assert_ptr_nonnull(end);
        *end = 0;
        const char *open = strchr(next, '('), *start = open;
        while (start > next && (start[-1] == '_' || (start[-1] >= 'a' && start[-1] <= 'z') ||
                                (start[-1] >= '0' && start[-1] <= '9')))
            start--;
        snprintf(name, sizeof name, "%.*s", (int)(open - start), start);
        if (changes_a_handle(open)) {
            ck_assert_msg(is_known(name), "%s changes a handle, and is not in the table", name);
            found++;
        }
        next = end + 1;
    }
    return found;
}

START_TEST(the_table_has_all_functions)
{
    size_t found = 0;
    DIR *headers = opendir(DIFFMM_TEST_HEADERS);
    ck_assert_ptr_nonnull(headers);
    for (struct dirent *header; (header = readdir(headers));) {
        char path[512];
        size_t size;
        if (!strstr(header->d_name, ".h") || strstr(header->d_name, ".hpp"))
            continue;
        snprintf(path, sizeof path, "%s/%s", DIFFMM_TEST_HEADERS, header->d_name);
        unsigned char *bytes = read_bytes(path, &size);
        char *text = calloc(size + 1, 1);
        ck_assert_ptr_nonnull(text);
        memcpy(text, bytes, size);
        found += check_header(text);
        free(text);
        free(bytes);
    }
    closedir(headers);
    ck_assert_uint_ge(found, changing_count);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_table_has_all_functions,
                                  what_changes_a_handle_in_use_is_refused,
                                  everything_within_everything, reading_is_allowed};
    return run_tests("hosts/reentry", tests, sizeof tests / sizeof *tests) != 0;
}
