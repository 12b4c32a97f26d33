/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls made in the midst of a call. What would change a handle that the outer call uses is
 * refused, whatever callback it comes from, and the outer call ends with the bits that it has
 * undisturbed. What only reads is allowed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changing.h"
#include "support/failure.h"
#include "support/folder.h"

enum { most_handles = 4 };

/* The calls, by the beginnings of their names, and what each of them uses. */
struct use {
    const char *name;
    int kinds;
};

static const struct use uses[] = {
    {"diffmm_trainer_epoch", TRAINER | MODEL | SEALED},
    {"diffmm_trainer_create_final", TRAINER | SEALED},
    {"diffmm_trainer_fit_final", TRAINER | SEALED},
    {"diffmm_trainer_fit", TRAINER | MODEL | SEALED},
    {"diffmm_trainer_join", TRAINER | MODEL | SEALED},
    {"an epoch with progress", TRAINER | MODEL | SEALED},
    {"a fit with progress and epochs", TRAINER | MODEL | SEALED},
    {"diffmm_trainer_checkpoint", TRAINER | MODEL | SEALED},
    {"diffmm_model_forward", MODEL | SEALED},
    {"diffmm_model_view", MODEL | SEALED},
    {"diffmm_model_objective", MODEL | SEALED},
    {"diffmm_model_save", MODEL | SEALED},
    {"diffmm_model_inherit", MODEL | SEALED},
    {"diffmm_scorer_create", MODEL | SEALED},
    {"diffmm_scorer_set_search", SCORER},
    {"diffmm_recommend", SCORER},
    {"diffmm_similar_", SCORER},
    {"diffmm_placer_create", MODEL | SEALED},
    {"a placer with a loader", MODEL},
    {"features from a loader", SEALED},
    {"diffmm_dataset_features", SEALED},
    {"diffmm_dataset_extend", SEALED},
    {"diffmm_dataset_seal", FILLED | SEALED},
    {"diffmm_dataset_add_", FILLED | SEALED},
    {"diffmm_dataset_read_", FILLED | SEALED},
    {"diffmm_dataset_declare_items", FILLED | SEALED},
    {"diffmm_dataset_map_modality", FILLED | SEALED},
    {"diffmm_dataset_name_rows", FILLED | SEALED},
    {"diffmm_dataset_append_features", FILLED | SEALED},
    {"diffmm_dataset_hold_out", FILLED | SEALED},
    {"diffmm_dataset_filter_", FILLED | SEALED},
    {"diffmm_dataset_deduplicate", FILLED | SEALED},
    {"diffmm_model_create", OPTIONS | SEALED},
    {"diffmm_trainer_create_from", MODEL | SEALED},
    {"diffmm_trainer_create", OPTIONS | SEALED},
    {"diffmm_trainer_forecast", OPTIONS | SEALED},
    {"diffmm_trainer_measure", OPTIONS | SEALED},
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
static size_t refusals[most_changing];

/* Sealing ends before it has given back what it does not need any more. */
static bool is_sealed(const diffmm_dataset *dataset)
{
    return diffmm_dataset_user_id(dataset, 0) != NULL;
}

static int handles_of(const struct fault_world *world)
{
    return (world->trainer ? TRAINER | MODEL : 0) | (world->model ? MODEL : 0) |
           (world->options ? OPTIONS : 0) | (world->module ? MODULE : 0) |
           (world->scorer ? SCORER : 0) |
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
    /* destroy: a table of its own; cancel: made for it; what writes files with peers: it reads. */
    if (strstr(name, "_destroy") || strcmp(name, "diffmm_trainer_cancel") == 0 ||
        strcmp(name, "diffmm_trainer_save_at") == 0 ||
        strcmp(name, "diffmm_trainer_checkpoint_at") == 0)
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
