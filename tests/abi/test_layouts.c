/* SPDX-License-Identifier: BSD-2-Clause */
/* struct_size, for every public struct that has it: whatever size a caller gives, no member is read
 * or written in part. The structs and where their members begin are those of layout.c, which
 * layout.sh holds to the headers. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/arrow_still.h"
#include "support/failure.h"

enum { most_members = 32, beyond = 16, largest = 1024 };

static diffmm_context *context;
static diffmm_dataset *dataset;
static diffmm_options *options;
static diffmm_trainer *trainer;
static diffmm_scorer *scorer;
static diffmm_file *file;
static diffmm_diffusion *module;

static void make_world(void)
{
    const diffmm_context_settings settings = {.threads = 1};
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 40, .items = 30};
    static const char *const set[] = {"hidden_sizes", "8",  "embedding_size", "4", "batch", "256",
                                      "epochs",       "99", "patience",       "0"};
    expect_success(diffmm_context_create(&settings, &context));
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_options_create(context, &options));
    for (size_t i = 0; i < sizeof set / sizeof *set; i += 2)
        expect_success(diffmm_options_set(options, set[i], set[i + 1]));
    expect_success(diffmm_trainer_create(dataset, options, &trainer));
    expect_success(diffmm_trainer_epoch(trainer, NULL));
    expect_success(diffmm_diffusion_create(context, 4, options, 1, &module));
    const diffmm_model *model = diffmm_trainer_model(trainer);
    expect_success(diffmm_scorer_create(model, &scorer));
    static unsigned char bytes[1 << 20];
    size_t size;
    expect_success(diffmm_model_save_memory(model, bytes, sizeof bytes, &size));
    expect_success(diffmm_file_open_memory(context, bytes, size, &file));
}

static void end_world(void)
{
    diffmm_file_destroy(file);
    diffmm_diffusion_destroy(module);
    diffmm_scorer_destroy(scorer);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

/* Each public function that takes such a struct, with one that is zero but for struct_size. */
static diffmm_status create_context(void *it)
{
    diffmm_context *made = NULL;
    diffmm_status status = diffmm_context_create(it, &made);
    diffmm_context_destroy(made);
    return status;
}

static diffmm_status synthesize(void *it)
{
    diffmm_dataset *made = NULL;
    diffmm_status status = diffmm_dataset_synthesize(context, it, &made);
    diffmm_dataset_destroy(made);
    return status;
}

static diffmm_status initialize_denoiser(void *it)
{
    float parameters[1];
    return diffmm_denoiser_initialize(it, 1, parameters);
}

static diffmm_status denoiser_backward(void *it)
{
    return diffmm_denoiser_backward_with(context, it);
}

static diffmm_status elbo(void *it)
{
    return diffmm_elbo_with(diffmm_diffusion_schedule(module), it);
}

static diffmm_status msi(void *it)
{
    return diffmm_msi_with(context, it);
}

static diffmm_status denoiser_loss(void *it)
{
    return diffmm_denoiser_loss_with(context, diffmm_diffusion_schedule(module), it);
}

static diffmm_status spectral_loss(void *it)
{
    return diffmm_spectral_loss_with(context, diffmm_diffusion_schedule(module), it);
}

static diffmm_status reverse_chain(void *it)
{
    return diffmm_reverse_chain_with(context, diffmm_diffusion_schedule(module), it);
}

static diffmm_status generate_neighbors(void *it)
{
    return diffmm_generate_neighbors_with(context, diffmm_diffusion_schedule(module), it);
}

static diffmm_status step_module(void *it)
{
    return diffmm_diffusion_step(module, it, NULL);
}

static diffmm_status corrupt(void *it)
{
    float x[1];
    return diffmm_diffusion_corrupt(module, it, x);
}

static diffmm_status needs(void *it)
{
    return diffmm_diffusion_forecast(context, 4, 1, 1, options, it);
}

static diffmm_status module_parameter(void *it)
{
    return diffmm_diffusion_parameter(module, "time.bias", it);
}

static diffmm_status describe_file(void *it)
{
    return diffmm_file_describe(file, it);
}

static diffmm_status parameter_at(void *it)
{
    return diffmm_model_parameter_at(diffmm_trainer_model(trainer), 0, it);
}

static diffmm_status parameter_by_name(void *it)
{
    return diffmm_model_parameter(diffmm_trainer_model(trainer), "user_embedding", it);
}

static diffmm_status step(void *it)
{
    float x[1] = {1}, gradient[1] = {1}, m[1] = {0}, v[1] = {0};
    return diffmm_adam_step(it, 1, 1, x, gradient, m, v);
}

static diffmm_status bpr(void *it)
{
    return diffmm_bpr_with(it);
}

static diffmm_status infonce(void *it)
{
    return diffmm_infonce_with(NULL, it);
}

static diffmm_status contrastive_loss(void *it)
{
    return diffmm_contrastive_loss_with(NULL, it);
}

static diffmm_status describe_option(void *it)
{
    return diffmm_option_describe(0, it);
}

static diffmm_status evaluate(void *it)
{
    return diffmm_evaluate_with(context, dataset, it);
}

static diffmm_status spectral_basis(void *it)
{
    return diffmm_spectral_basis_with(context, it);
}

static diffmm_status spectral_basis_place(void *it)
{
    return diffmm_spectral_basis_place_with(context, it);
}

static diffmm_status measure_graph(void *it)
{
    diffmm_graph_measures out = {.struct_size = sizeof out};
    return diffmm_measure_graph_with(context, it, &out);
}

static diffmm_status graph_measures(void *it)
{
    static const int64_t pointers[] = {0, 1};
    static const int32_t items[] = {0};
    const diffmm_measure_graph_arguments arguments = {.struct_size = sizeof arguments,
                                                      .users = 1,
                                                      .items = 1,
                                                      .count = 1,
                                                      .neighbors = items,
                                                      .row_pointers = pointers,
                                                      .row_items = items};
    return diffmm_measure_graph_with(context, &arguments, it);
}

static diffmm_status denoiser_measures(void *it)
{
    static const int64_t pointers[] = {0, 1}, none[] = {0, 0};
    static const int32_t items[] = {0};
    const diffmm_diffusion_batch batch = {
        .struct_size = sizeof batch, .users = 1, .row_pointers = pointers, .row_items = items};
    return diffmm_diffusion_measure(module, &batch, none, NULL, 1, it);
}

static diffmm_status recommend(void *it)
{
    diffmm_hit hits[1];
    size_t found;
    return diffmm_recommend(scorer, 0, it, hits, &found);
}

static diffmm_status explain(void *it)
{
    return diffmm_explain(scorer, 0, 0, NULL, 0, it);
}

static diffmm_status describe_scorer(void *it)
{
    return diffmm_scorer_describe(scorer, it);
}

static diffmm_status add_interactions(void *it)
{
    diffmm_dataset *open;
    expect_success(diffmm_dataset_create(context, &open));
    diffmm_status status = diffmm_dataset_add_interactions_with(open, DIFFMM_TRAIN, it);
    diffmm_dataset_destroy(open);
    return status;
}

static diffmm_status read_table(void *it)
{
    diffmm_dataset *open;
    expect_success(diffmm_dataset_create(context, &open));
    diffmm_status status = diffmm_dataset_read_table(open, DIFFMM_TRAIN, "/dev/null", it);
    diffmm_dataset_destroy(open);
    return status;
}

static diffmm_status read_arrow(void *it)
{
    diffmm_dataset *open;
    struct arrow_still still;
    struct ArrowArrayStream stream = still_stream(&still);
    expect_success(diffmm_dataset_create(context, &open));
    diffmm_status status = diffmm_dataset_read_arrow(open, DIFFMM_TRAIN, &stream, it);
    diffmm_dataset_destroy(open);
    return status;
}

static diffmm_status read_modality_arrow(void *it)
{
    diffmm_dataset *open;
    struct arrow_still still;
    struct ArrowArrayStream stream = still_items(&still);
    expect_success(diffmm_dataset_create(context, &open));
    diffmm_status status = diffmm_dataset_read_modality_arrow(open, "stars", &stream, it);
    diffmm_dataset_destroy(open);
    return status;
}

static diffmm_status summarize(void *it)
{
    return diffmm_dataset_summary(dataset, it);
}

static diffmm_status report(void *it)
{
    return diffmm_trainer_report(trainer, it);
}

static diffmm_status epoch(void *it)
{
    return diffmm_trainer_epoch(trainer, it);
}

static diffmm_status forecast(void *it)
{
    return diffmm_trainer_forecast(dataset, options, it);
}

static diffmm_status join(void *it)
{
    return diffmm_trainer_join(trainer, it);
}

static const struct use {
    const char *type;
    diffmm_status (*call)(void *it);
    bool fills;
} uses[] = {
    {"diffmm_context_settings", create_context, false},
    {"diffmm_synthetic", synthesize, false},
    {"diffmm_interactions", add_interactions, false},
    {"diffmm_arrow_columns", read_arrow, false},
    {"diffmm_arrow_features", read_modality_arrow, false},
    {"diffmm_summary", summarize, true},
    {"diffmm_table_format", read_table, false},
    {"diffmm_denoiser_shape", initialize_denoiser, false},
    {"diffmm_denoiser_backward_arguments", denoiser_backward, false},
    {"diffmm_elbo_arguments", elbo, false},
    {"diffmm_msi_arguments", msi, false},
    {"diffmm_denoiser_loss_arguments", denoiser_loss, false},
    {"diffmm_spectral_loss_arguments", spectral_loss, false},
    {"diffmm_reverse_chain_arguments", reverse_chain, false},
    {"diffmm_generate_neighbors_arguments", generate_neighbors, false},
    {"diffmm_spectral_basis_arguments", spectral_basis, false},
    {"diffmm_spectral_basis_place_arguments", spectral_basis_place, false},
    {"diffmm_diffusion_batch", step_module, false},
    {"diffmm_diffusion_batch", corrupt, false},
    {"diffmm_diffusion_needs", needs, true},
    {"diffmm_parameter", module_parameter, true},
    {"diffmm_file_info", describe_file, true},
    {"diffmm_parameter", parameter_at, true},
    {"diffmm_parameter", parameter_by_name, true},
    {"diffmm_adam", step, false},
    {"diffmm_bpr_arguments", bpr, false},
    {"diffmm_infonce_arguments", infonce, false},
    {"diffmm_contrastive_loss_arguments", contrastive_loss, false},
    {"diffmm_option_info", describe_option, true},
    {"diffmm_evaluate_arguments", evaluate, false},
    {"diffmm_measure_graph_arguments", measure_graph, false},
    {"diffmm_graph_measures", graph_measures, true},
    {"diffmm_denoiser_measures", denoiser_measures, true},
    {"diffmm_query", recommend, false},
    {"diffmm_explanation", explain, true},
    {"diffmm_scorer_info", describe_scorer, true},
    {"diffmm_report", report, true},
    {"diffmm_report", epoch, true},
    {"diffmm_forecast", forecast, true},
    {"diffmm_peers", join, false},
};

/* Structs that only the library makes, for callbacks. */
static const char *const given_to_callbacks[] = {"diffmm_progress"};

struct layout {
    char name[64];
    size_t size, members, begin[most_members];
    bool sized;
};

static bool is_boundary(const struct layout *layout, size_t size)
{
    if (size == 0 || size >= layout->size)
        return true;
    for (size_t i = 1; i < layout->members; i++)
        if (layout->begin[i] == size)
            return true;
    return false;
}

/* Every size from 0 on. Room beyond is zero for a struct that is read, as a later version's members
 * must be, and stays as it was in one that is filled. */
static void try_sizes(const struct layout *layout, const struct use *use)
{
    ck_assert_uint_le(layout->size + beyond, largest);
    for (size_t size = 0; size <= layout->size + beyond; size++) {
        size_t aligned[(largest + 64) / sizeof(size_t)] = {size};
        unsigned char *bytes = (unsigned char *)aligned;
        diffmm_status status = use->call(bytes);
        bool complains = status == DIFFMM_ERROR_INVALID_ARGUMENT &&
                         strstr(diffmm_error_message(), "struct_size is") != NULL;
        ck_assert_msg(complains != is_boundary(layout, size), "%s of %zu bytes: %s (%s)",
                      layout->name, size, diffmm_status_name(status), diffmm_error_message());
        ck_assert(!use->fills || status == DIFFMM_OK || complains);
        size_t kept = complains ? sizeof(size_t) : size ? size : layout->size;
        for (size_t i = kept < layout->size ? kept : layout->size; i < sizeof aligned; i++)
            ck_assert_msg(bytes[i] == 0, "%s of %zu bytes: byte %zu was written", layout->name,
                          size, i);
        ck_assert_uint_eq(aligned[0], size);
    }
}

static void check(const struct layout *layout, size_t *sized)
{
    bool used = false;
    if (!layout->sized)
        return;
    ++*sized;
    for (size_t i = 0; i < sizeof given_to_callbacks / sizeof *given_to_callbacks; i++)
        used |= strcmp(given_to_callbacks[i], layout->name) == 0;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (strcmp(uses[i].type, layout->name) == 0) {
            try_sizes(layout, &uses[i]);
            used = true;
        }
    ck_assert_msg(used, "no call takes a %s", layout->name);
}

START_TEST(no_member_is_cut)
{
    struct layout layout = {.size = 0};
    char line[256], name[64], member[64];
    size_t number, sized = 0;
    FILE *text = fopen(LAYOUT_FILE, "r");
    ck_assert_ptr_nonnull(text);
    make_world();
    while (fgets(line, sizeof line, text)) {
        if (sscanf(line, "SIZE(%63[^,], %zu);", name, &number) == 2) {
            check(&layout, &sized);
            layout = (struct layout){.size = number};
            strcpy(layout.name, name);
        } else if (sscanf(line, "AT(%63[^,], %63[^,], %zu);", name, member, &number) == 3) {
            ck_assert_str_eq(name, layout.name);
            ck_assert_uint_lt(layout.members, most_members);
            layout.begin[layout.members++] = number;
            layout.sized |= strcmp(member, "struct_size") == 0;
        }
    }
    check(&layout, &sized);
    ck_assert_uint_ge(sized, 12);
    fclose(text);
    end_world();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_member_is_cut};
    return run_tests("layouts", tests, sizeof tests / sizeof *tests) != 0;
}
