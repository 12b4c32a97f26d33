/* SPDX-License-Identifier: BSD-2-Clause */
/* Every public function is either in the table of cases or known to need nothing that can fail. */
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "support/failure.h"

/* These allocate nothing, and touch neither files nor threads that must be had. */
static const char *const needless[] = {"diffmm_adam_step",
                                       "diffmm_average_step",
                                       "diffmm_bpr",
                                       "diffmm_bpr_with",
                                       "diffmm_build_info",
                                       "diffmm_context_destroy",
                                       "diffmm_context_threads",
                                       "diffmm_dataset_destroy",
                                       "diffmm_dataset_find_item",
                                       "diffmm_dataset_find_user",
                                       "diffmm_dataset_interactions",
                                       "diffmm_dataset_item_id",
                                       "diffmm_dataset_items",
                                       "diffmm_dataset_modalities",
                                       "diffmm_dataset_modality_dimensions",
                                       "diffmm_dataset_modality_name",
                                       "diffmm_dataset_reserve",
                                       "diffmm_dataset_row",
                                       "diffmm_dataset_summary",
                                       "diffmm_dataset_user_id",
                                       "diffmm_dataset_users",
                                       "diffmm_denoiser_initialize",
                                       "diffmm_denoiser_parameter",
                                       "diffmm_denoiser_size",
                                       "diffmm_diffusion_basis",
                                       "diffmm_diffusion_destroy",
                                       "diffmm_diffusion_items",
                                       "diffmm_diffusion_options",
                                       "diffmm_diffusion_parameter",
                                       "diffmm_diffusion_parameter_at",
                                       "diffmm_diffusion_parameters",
                                       "diffmm_diffusion_schedule",
                                       "diffmm_diffusion_set_parameter",
                                       "diffmm_diffusion_steps",
                                       "diffmm_diversify",
                                       "diffmm_elbo",
                                       "diffmm_elbo_with",
                                       "diffmm_error_message",
                                       "diffmm_explore",
                                       "diffmm_file_describe",
                                       "diffmm_file_destroy",
                                       "diffmm_file_modality_dimensions",
                                       "diffmm_file_modality_name",
                                       "diffmm_file_options",
                                       "diffmm_graph_destroy",
                                       "diffmm_graph_entries",
                                       "diffmm_graph_items",
                                       "diffmm_graph_multiply",
                                       "diffmm_graph_multiply_transposed",
                                       "diffmm_graph_rows",
                                       "diffmm_graph_users",
                                       "diffmm_initialize_normal",
                                       "diffmm_initialize_uniform",
                                       "diffmm_initialize_xavier",
                                       "diffmm_l2",
                                       "diffmm_limit_groups",
                                       "diffmm_merge_hits",
                                       "diffmm_model_destroy",
                                       "diffmm_model_diffusion",
                                       "diffmm_model_dimensions",
                                       "diffmm_model_graph",
                                       "diffmm_model_item_embeddings",
                                       "diffmm_model_items",
                                       "diffmm_model_loss",
                                       "diffmm_model_loss_at",
                                       "diffmm_model_losses",
                                       "diffmm_model_modalities",
                                       "diffmm_model_modality_name",
                                       "diffmm_model_modality_weights",
                                       "diffmm_model_options",
                                       "diffmm_model_parameter",
                                       "diffmm_model_parameter_at",
                                       "diffmm_model_parameters",
                                       "diffmm_model_set_graph",
                                       "diffmm_model_set_parameter",
                                       "diffmm_model_step",
                                       "diffmm_model_user_embeddings",
                                       "diffmm_model_users",
                                       "diffmm_option_count",
                                       "diffmm_option_describe",
                                       "diffmm_options_destroy",
                                       "diffmm_options_get",
                                       "diffmm_options_get_integer",
                                       "diffmm_options_get_real",
                                       "diffmm_placer_destroy",
                                       "diffmm_placer_dimensions",
                                       "diffmm_placer_modalities",
                                       "diffmm_placer_modality_dimensions",
                                       "diffmm_placer_modality_name",
                                       "diffmm_q_sample",
                                       "diffmm_schedule_destroy",
                                       "diffmm_schedule_steps",
                                       "diffmm_schedule_values",
                                       "diffmm_score",
                                       "diffmm_score_embedding",
                                       "diffmm_scorer_describe",
                                       "diffmm_scorer_destroy",
                                       "diffmm_scorer_dimensions",
                                       "diffmm_scorer_find_item",
                                       "diffmm_scorer_find_user",
                                       "diffmm_scorer_item_id",
                                       "diffmm_scorer_item_ids",
                                       "diffmm_scorer_items",
                                       "diffmm_scorer_modalities",
                                       "diffmm_scorer_modality_name",
                                       "diffmm_scorer_modality_weights",
                                       "diffmm_scorer_seen",
                                       "diffmm_scorer_user_id",
                                       "diffmm_scorer_users",
                                       "diffmm_search_bytes",
                                       "diffmm_status_name",
                                       "diffmm_time_embedding",
                                       "diffmm_trainer_best",
                                       "diffmm_trainer_cancel",
                                       "diffmm_trainer_destroy",
                                       "diffmm_trainer_model",
                                       "diffmm_trainer_on_progress",
                                       "diffmm_trainer_report",
                                       "diffmm_version"};

static bool has_case(const char *function)
{
    size_t length = strlen(function);
    for (const struct fault_case *const *list = fault_lists; *list; list++)
        for (const struct fault_case *one = *list; one->name; one++)
            if (strncmp(one->name, function, length) == 0 &&
                (one->name[length] == '\0' || one->name[length] == ' '))
                return true;
    return false;
}

static bool is_needless(const char *function)
{
    for (size_t i = 0; i < sizeof needless / sizeof *needless; i++)
        if (strcmp(needless[i], function) == 0)
            return true;
    return false;
}

START_TEST(every_public_function)
{
    char function[100];
    size_t count = 0;
    FILE *symbols = fopen(DIFFMM_TEST_SYMBOLS, "r");
    ck_assert_ptr_nonnull(symbols);
    while (fscanf(symbols, "%99s %*s", function) == 1) {
        ck_assert_msg(has_case(function) != is_needless(function),
                      "%s stands in neither of the lists, or in both", function);
        count++;
    }
    fclose(symbols);
    ck_assert_uint_gt(count, 100);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_public_function};
    return run_tests("faults/table", tests, sizeof tests / sizeof *tests) != 0;
}
