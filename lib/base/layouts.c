/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/layouts.h"

#include <diffmm/diffmm.h>

/* A struct that has not grown since its first version. */
#define LAYOUT(type, begin)                                                                        \
    {                                                                                              \
        sizeof(type), sizeof(type), begin, sizeof(begin) / sizeof *(begin)                         \
    }

static const size_t context_settings_begin[] = {
    offsetof(diffmm_context_settings, struct_size),    offsetof(diffmm_context_settings, threads),
    offsetof(diffmm_context_settings, allocate),       offsetof(diffmm_context_settings, release),
    offsetof(diffmm_context_settings, allocator_data), offsetof(diffmm_context_settings, log),
    offsetof(diffmm_context_settings, log_data),       offsetof(diffmm_context_settings, log_level),
    offsetof(diffmm_context_settings, reserved),       offsetof(diffmm_context_settings, pool_size),
    offsetof(diffmm_context_settings, pool_run),       offsetof(diffmm_context_settings, pool_data),
};
const struct diffmm__layout diffmm__layout_context_settings =
    LAYOUT(diffmm_context_settings, context_settings_begin);

static const size_t synthetic_begin[] = {
    offsetof(diffmm_synthetic, struct_size), offsetof(diffmm_synthetic, users),
    offsetof(diffmm_synthetic, items),       offsetof(diffmm_synthetic, interactions),
    offsetof(diffmm_synthetic, factors),     offsetof(diffmm_synthetic, modality_count),
    offsetof(diffmm_synthetic, dimensions),  offsetof(diffmm_synthetic, seed),
    offsetof(diffmm_synthetic, group_items),
};
const struct diffmm__layout diffmm__layout_synthetic = {
    sizeof(diffmm_synthetic), offsetof(diffmm_synthetic, group_items), synthetic_begin,
    sizeof synthetic_begin / sizeof *synthetic_begin};

static const size_t interactions_begin[] = {
    offsetof(diffmm_interactions, struct_size), offsetof(diffmm_interactions, count),
    offsetof(diffmm_interactions, user),        offsetof(diffmm_interactions, item),
    offsetof(diffmm_interactions, user_ids),    offsetof(diffmm_interactions, item_ids),
    offsetof(diffmm_interactions, split),       offsetof(diffmm_interactions, rating),
    offsetof(diffmm_interactions, time),
};
const struct diffmm__layout diffmm__layout_interactions =
    LAYOUT(diffmm_interactions, interactions_begin);

static const size_t table_format_begin[] = {
    offsetof(diffmm_table_format, struct_size), offsetof(diffmm_table_format, separator),
    offsetof(diffmm_table_format, header),      offsetof(diffmm_table_format, quotes),
    offsetof(diffmm_table_format, user),        offsetof(diffmm_table_format, item),
    offsetof(diffmm_table_format, rating),      offsetof(diffmm_table_format, timestamp),
    offsetof(diffmm_table_format, split),
};
const struct diffmm__layout diffmm__layout_table_format =
    LAYOUT(diffmm_table_format, table_format_begin);

static const size_t summary_begin[] = {
    offsetof(diffmm_summary, struct_size),
    offsetof(diffmm_summary, users),
    offsetof(diffmm_summary, items),
    offsetof(diffmm_summary, train),
    offsetof(diffmm_summary, valid),
    offsetof(diffmm_summary, test),
    offsetof(diffmm_summary, repeated),
    offsetof(diffmm_summary, train_valid),
    offsetof(diffmm_summary, train_test),
    offsetof(diffmm_summary, valid_test),
    offsetof(diffmm_summary, valid_cold_users),
    offsetof(diffmm_summary, test_cold_users),
    offsetof(diffmm_summary, valid_cold_items),
    offsetof(diffmm_summary, test_cold_items),
    offsetof(diffmm_summary, zeros),
    offsetof(diffmm_summary, negatives),
    offsetof(diffmm_summary, ratings),
    offsetof(diffmm_summary, timestamps),
};
const struct diffmm__layout diffmm__layout_summary = LAYOUT(diffmm_summary, summary_begin);

static const size_t arrow_columns_begin[] = {
    offsetof(diffmm_arrow_columns, struct_size), offsetof(diffmm_arrow_columns, user),
    offsetof(diffmm_arrow_columns, item),        offsetof(diffmm_arrow_columns, rating),
    offsetof(diffmm_arrow_columns, timestamp),   offsetof(diffmm_arrow_columns, split),
};
const struct diffmm__layout diffmm__layout_arrow_columns =
    LAYOUT(diffmm_arrow_columns, arrow_columns_begin);

static const size_t arrow_features_begin[] = {
    offsetof(diffmm_arrow_features, struct_size),
    offsetof(diffmm_arrow_features, item),
    offsetof(diffmm_arrow_features, features),
};
const struct diffmm__layout diffmm__layout_arrow_features =
    LAYOUT(diffmm_arrow_features, arrow_features_begin);

static const size_t denoiser_shape_begin[] = {
    offsetof(diffmm_denoiser_shape, struct_size),  offsetof(diffmm_denoiser_shape, items),
    offsetof(diffmm_denoiser_shape, time_size),    offsetof(diffmm_denoiser_shape, hidden_count),
    offsetof(diffmm_denoiser_shape, hidden_sizes), offsetof(diffmm_denoiser_shape, normalize),
    offsetof(diffmm_denoiser_shape, reserved),
};
const struct diffmm__layout diffmm__layout_denoiser_shape =
    LAYOUT(diffmm_denoiser_shape, denoiser_shape_begin);

static const size_t elbo_arguments_begin[] = {
    offsetof(diffmm_elbo_arguments, struct_size), offsetof(diffmm_elbo_arguments, rows),
    offsetof(diffmm_elbo_arguments, items),       offsetof(diffmm_elbo_arguments, x0),
    offsetof(diffmm_elbo_arguments, x_hat),       offsetof(diffmm_elbo_arguments, t),
    offsetof(diffmm_elbo_arguments, per_user),    offsetof(diffmm_elbo_arguments, loss),
    offsetof(diffmm_elbo_arguments, grad_x_hat),
};
const struct diffmm__layout diffmm__layout_elbo_arguments =
    LAYOUT(diffmm_elbo_arguments, elbo_arguments_begin);

static const size_t msi_arguments_begin[] = {
    offsetof(diffmm_msi_arguments, struct_size), offsetof(diffmm_msi_arguments, rows),
    offsetof(diffmm_msi_arguments, items),       offsetof(diffmm_msi_arguments, d),
    offsetof(diffmm_msi_arguments, x0),          offsetof(diffmm_msi_arguments, x_hat),
    offsetof(diffmm_msi_arguments, features),    offsetof(diffmm_msi_arguments, item_embedding),
    offsetof(diffmm_msi_arguments, per_user),    offsetof(diffmm_msi_arguments, loss),
    offsetof(diffmm_msi_arguments, grad_x_hat),
};
const struct diffmm__layout diffmm__layout_msi_arguments =
    LAYOUT(diffmm_msi_arguments, msi_arguments_begin);

static const size_t denoiser_backward_arguments_begin[] = {
    offsetof(diffmm_denoiser_backward_arguments, struct_size),
    offsetof(diffmm_denoiser_backward_arguments, shape),
    offsetof(diffmm_denoiser_backward_arguments, parameters),
    offsetof(diffmm_denoiser_backward_arguments, rows),
    offsetof(diffmm_denoiser_backward_arguments, x),
    offsetof(diffmm_denoiser_backward_arguments, t),
    offsetof(diffmm_denoiser_backward_arguments, dropout_scale),
    offsetof(diffmm_denoiser_backward_arguments, grad_x_hat),
    offsetof(diffmm_denoiser_backward_arguments, grad_parameters),
};
const struct diffmm__layout diffmm__layout_denoiser_backward_arguments =
    LAYOUT(diffmm_denoiser_backward_arguments, denoiser_backward_arguments_begin);

static const size_t denoiser_loss_arguments_begin[] = {
    offsetof(diffmm_denoiser_loss_arguments, struct_size),
    offsetof(diffmm_denoiser_loss_arguments, shape),
    offsetof(diffmm_denoiser_loss_arguments, parameters),
    offsetof(diffmm_denoiser_loss_arguments, rows),
    offsetof(diffmm_denoiser_loss_arguments, x0),
    offsetof(diffmm_denoiser_loss_arguments, t),
    offsetof(diffmm_denoiser_loss_arguments, noise),
    offsetof(diffmm_denoiser_loss_arguments, dropout_scale),
    offsetof(diffmm_denoiser_loss_arguments, d),
    offsetof(diffmm_denoiser_loss_arguments, features),
    offsetof(diffmm_denoiser_loss_arguments, item_embedding),
    offsetof(diffmm_denoiser_loss_arguments, e_loss),
    offsetof(diffmm_denoiser_loss_arguments, loss),
    offsetof(diffmm_denoiser_loss_arguments, elbo),
    offsetof(diffmm_denoiser_loss_arguments, msi),
    offsetof(diffmm_denoiser_loss_arguments, grad_parameters),
};
const struct diffmm__layout diffmm__layout_denoiser_loss_arguments =
    LAYOUT(diffmm_denoiser_loss_arguments, denoiser_loss_arguments_begin);

static const size_t spectral_loss_arguments_begin[] = {
    offsetof(diffmm_spectral_loss_arguments, struct_size),
    offsetof(diffmm_spectral_loss_arguments, shape),
    offsetof(diffmm_spectral_loss_arguments, parameters),
    offsetof(diffmm_spectral_loss_arguments, items),
    offsetof(diffmm_spectral_loss_arguments, basis),
    offsetof(diffmm_spectral_loss_arguments, rows),
    offsetof(diffmm_spectral_loss_arguments, x0),
    offsetof(diffmm_spectral_loss_arguments, t),
    offsetof(diffmm_spectral_loss_arguments, noise),
    offsetof(diffmm_spectral_loss_arguments, dropout_scale),
    offsetof(diffmm_spectral_loss_arguments, dropout),
    offsetof(diffmm_spectral_loss_arguments, d),
    offsetof(diffmm_spectral_loss_arguments, features),
    offsetof(diffmm_spectral_loss_arguments, item_embedding),
    offsetof(diffmm_spectral_loss_arguments, e_loss),
    offsetof(diffmm_spectral_loss_arguments, loss),
    offsetof(diffmm_spectral_loss_arguments, elbo),
    offsetof(diffmm_spectral_loss_arguments, msi),
    offsetof(diffmm_spectral_loss_arguments, grad_parameters),
};
const struct diffmm__layout diffmm__layout_spectral_loss_arguments =
    LAYOUT(diffmm_spectral_loss_arguments, spectral_loss_arguments_begin);

static const size_t reverse_chain_arguments_begin[] = {
    offsetof(diffmm_reverse_chain_arguments, struct_size),
    offsetof(diffmm_reverse_chain_arguments, shape),
    offsetof(diffmm_reverse_chain_arguments, parameters),
    offsetof(diffmm_reverse_chain_arguments, rows),
    offsetof(diffmm_reverse_chain_arguments, x0),
    offsetof(diffmm_reverse_chain_arguments, sampling_steps),
    offsetof(diffmm_reverse_chain_arguments, sampling_noise),
    offsetof(diffmm_reverse_chain_arguments, reserved),
    offsetof(diffmm_reverse_chain_arguments, noise),
    offsetof(diffmm_reverse_chain_arguments, x),
};
const struct diffmm__layout diffmm__layout_reverse_chain_arguments =
    LAYOUT(diffmm_reverse_chain_arguments, reverse_chain_arguments_begin);

static const size_t generate_neighbors_arguments_begin[] = {
    offsetof(diffmm_generate_neighbors_arguments, struct_size),
    offsetof(diffmm_generate_neighbors_arguments, shape),
    offsetof(diffmm_generate_neighbors_arguments, parameters),
    offsetof(diffmm_generate_neighbors_arguments, rows),
    offsetof(diffmm_generate_neighbors_arguments, row_pointers),
    offsetof(diffmm_generate_neighbors_arguments, row_items),
    offsetof(diffmm_generate_neighbors_arguments, count),
    offsetof(diffmm_generate_neighbors_arguments, items_out),
};
const struct diffmm__layout diffmm__layout_generate_neighbors_arguments =
    LAYOUT(diffmm_generate_neighbors_arguments, generate_neighbors_arguments_begin);

static const size_t spectral_basis_arguments_begin[] = {
    offsetof(diffmm_spectral_basis_arguments, struct_size),
    offsetof(diffmm_spectral_basis_arguments, users),
    offsetof(diffmm_spectral_basis_arguments, items),
    offsetof(diffmm_spectral_basis_arguments, row_pointers),
    offsetof(diffmm_spectral_basis_arguments, row_items),
    offsetof(diffmm_spectral_basis_arguments, feature_columns),
    offsetof(diffmm_spectral_basis_arguments, features),
    offsetof(diffmm_spectral_basis_arguments, rank),
    offsetof(diffmm_spectral_basis_arguments, seed),
    offsetof(diffmm_spectral_basis_arguments, basis),
};
const struct diffmm__layout diffmm__layout_spectral_basis_arguments =
    LAYOUT(diffmm_spectral_basis_arguments, spectral_basis_arguments_begin);

static const size_t spectral_basis_place_arguments_begin[] = {
    offsetof(diffmm_spectral_basis_place_arguments, struct_size),
    offsetof(diffmm_spectral_basis_place_arguments, items),
    offsetof(diffmm_spectral_basis_place_arguments, feature_columns),
    offsetof(diffmm_spectral_basis_place_arguments, features),
    offsetof(diffmm_spectral_basis_place_arguments, rank),
    offsetof(diffmm_spectral_basis_place_arguments, basis),
    offsetof(diffmm_spectral_basis_place_arguments, new_items),
    offsetof(diffmm_spectral_basis_place_arguments, new_features),
    offsetof(diffmm_spectral_basis_place_arguments, seed),
    offsetof(diffmm_spectral_basis_place_arguments, placed),
};
const struct diffmm__layout diffmm__layout_spectral_basis_place_arguments =
    LAYOUT(diffmm_spectral_basis_place_arguments, spectral_basis_place_arguments_begin);

static const size_t diffusion_batch_begin[] = {
    offsetof(diffmm_diffusion_batch, struct_size),
    offsetof(diffmm_diffusion_batch, users),
    offsetof(diffmm_diffusion_batch, row_pointers),
    offsetof(diffmm_diffusion_batch, row_items),
    offsetof(diffmm_diffusion_batch, row_values),
    offsetof(diffmm_diffusion_batch, rows),
    offsetof(diffmm_diffusion_batch, row_numbers),
    offsetof(diffmm_diffusion_batch, epoch),
    offsetof(diffmm_diffusion_batch, t),
    offsetof(diffmm_diffusion_batch, noise),
    offsetof(diffmm_diffusion_batch, dropout_scale),
    offsetof(diffmm_diffusion_batch, d),
    offsetof(diffmm_diffusion_batch, features),
    offsetof(diffmm_diffusion_batch, item_embedding),
    offsetof(diffmm_diffusion_batch, e_loss),
};
const struct diffmm__layout diffmm__layout_diffusion_batch =
    LAYOUT(diffmm_diffusion_batch, diffusion_batch_begin);

static const size_t diffusion_needs_begin[] = {
    offsetof(diffmm_diffusion_needs, struct_size),
    offsetof(diffmm_diffusion_needs, parameters),
    offsetof(diffmm_diffusion_needs, module_bytes),
    offsetof(diffmm_diffusion_needs, training_bytes),
    offsetof(diffmm_diffusion_needs, generate_bytes),
    offsetof(diffmm_diffusion_needs, step_flops),
    offsetof(diffmm_diffusion_needs, generate_flops),
};
const struct diffmm__layout diffmm__layout_diffusion_needs =
    LAYOUT(diffmm_diffusion_needs, diffusion_needs_begin);

static const size_t file_info_begin[] = {
    offsetof(diffmm_file_info, struct_size),    offsetof(diffmm_file_info, kind),
    offsetof(diffmm_file_info, format_version), offsetof(diffmm_file_info, library),
    offsetof(diffmm_file_info, users),          offsetof(diffmm_file_info, items),
    offsetof(diffmm_file_info, dimensions),     offsetof(diffmm_file_info, modality_count),
    offsetof(diffmm_file_info, epochs_done),    offsetof(diffmm_file_info, chosen_epoch),
    offsetof(diffmm_file_info, cutoff_count),   offsetof(diffmm_file_info, valid),
    offsetof(diffmm_file_info, test),
};
const struct diffmm__layout diffmm__layout_file_info = LAYOUT(diffmm_file_info, file_info_begin);

static const size_t parameter_begin[] = {
    offsetof(diffmm_parameter, struct_size), offsetof(diffmm_parameter, name),
    offsetof(diffmm_parameter, rows),        offsetof(diffmm_parameter, columns),
    offsetof(diffmm_parameter, values),      offsetof(diffmm_parameter, gradient),
};
const struct diffmm__layout diffmm__layout_parameter = LAYOUT(diffmm_parameter, parameter_begin);

static const size_t adam_begin[] = {
    offsetof(diffmm_adam, struct_size), offsetof(diffmm_adam, learning_rate),
    offsetof(diffmm_adam, beta1),       offsetof(diffmm_adam, beta2),
    offsetof(diffmm_adam, epsilon),     offsetof(diffmm_adam, weight_decay),
};
const struct diffmm__layout diffmm__layout_adam = {sizeof(diffmm_adam),
                                                   offsetof(diffmm_adam, weight_decay), adam_begin,
                                                   sizeof adam_begin / sizeof *adam_begin};

static const size_t contrastive_loss_arguments_begin[] = {
    offsetof(diffmm_contrastive_loss_arguments, struct_size),
    offsetof(diffmm_contrastive_loss_arguments, anchor),
    offsetof(diffmm_contrastive_loss_arguments, users),
    offsetof(diffmm_contrastive_loss_arguments, items),
    offsetof(diffmm_contrastive_loss_arguments, d),
    offsetof(diffmm_contrastive_loss_arguments, view_count),
    offsetof(diffmm_contrastive_loss_arguments, views),
    offsetof(diffmm_contrastive_loss_arguments, main),
    offsetof(diffmm_contrastive_loss_arguments, count),
    offsetof(diffmm_contrastive_loss_arguments, batch_users),
    offsetof(diffmm_contrastive_loss_arguments, batch_items),
    offsetof(diffmm_contrastive_loss_arguments, tau),
    offsetof(diffmm_contrastive_loss_arguments, loss),
    offsetof(diffmm_contrastive_loss_arguments, grad_views),
    offsetof(diffmm_contrastive_loss_arguments, grad_main),
    offsetof(diffmm_contrastive_loss_arguments, negative_count),
    offsetof(diffmm_contrastive_loss_arguments, user_negatives),
    offsetof(diffmm_contrastive_loss_arguments, item_negatives),
};
const struct diffmm__layout diffmm__layout_contrastive_loss_arguments = {
    sizeof(diffmm_contrastive_loss_arguments),
    offsetof(diffmm_contrastive_loss_arguments, negative_count), contrastive_loss_arguments_begin,
    sizeof contrastive_loss_arguments_begin / sizeof *contrastive_loss_arguments_begin};

static const size_t infonce_arguments_begin[] = {
    offsetof(diffmm_infonce_arguments, struct_size),
    offsetof(diffmm_infonce_arguments, nodes),
    offsetof(diffmm_infonce_arguments, d),
    offsetof(diffmm_infonce_arguments, p),
    offsetof(diffmm_infonce_arguments, q),
    offsetof(diffmm_infonce_arguments, batch_count),
    offsetof(diffmm_infonce_arguments, batch),
    offsetof(diffmm_infonce_arguments, tau),
    offsetof(diffmm_infonce_arguments, loss),
    offsetof(diffmm_infonce_arguments, grad_p),
    offsetof(diffmm_infonce_arguments, grad_q),
    offsetof(diffmm_infonce_arguments, negative_count),
    offsetof(diffmm_infonce_arguments, negatives),
};
const struct diffmm__layout diffmm__layout_infonce_arguments = {
    sizeof(diffmm_infonce_arguments), offsetof(diffmm_infonce_arguments, negative_count),
    infonce_arguments_begin, sizeof infonce_arguments_begin / sizeof *infonce_arguments_begin};

static const size_t bpr_arguments_begin[] = {
    offsetof(diffmm_bpr_arguments, struct_size), offsetof(diffmm_bpr_arguments, users),
    offsetof(diffmm_bpr_arguments, items),       offsetof(diffmm_bpr_arguments, d),
    offsetof(diffmm_bpr_arguments, user_matrix), offsetof(diffmm_bpr_arguments, item_matrix),
    offsetof(diffmm_bpr_arguments, count),       offsetof(diffmm_bpr_arguments, user),
    offsetof(diffmm_bpr_arguments, positive),    offsetof(diffmm_bpr_arguments, negative),
    offsetof(diffmm_bpr_arguments, divisor),     offsetof(diffmm_bpr_arguments, loss),
    offsetof(diffmm_bpr_arguments, grad_user),   offsetof(diffmm_bpr_arguments, grad_item),
};
const struct diffmm__layout diffmm__layout_bpr_arguments =
    LAYOUT(diffmm_bpr_arguments, bpr_arguments_begin);

static const size_t option_info_begin[] = {
    offsetof(diffmm_option_info, struct_size),   offsetof(diffmm_option_info, name),
    offsetof(diffmm_option_info, symbol),        offsetof(diffmm_option_info, type),
    offsetof(diffmm_option_info, default_value), offsetof(diffmm_option_info, minimum),
    offsetof(diffmm_option_info, maximum),       offsetof(diffmm_option_info, choices),
    offsetof(diffmm_option_info, help),
};
const struct diffmm__layout diffmm__layout_option_info =
    LAYOUT(diffmm_option_info, option_info_begin);

static const size_t query_begin[] = {
    offsetof(diffmm_query, struct_size),   offsetof(diffmm_query, count),
    offsetof(diffmm_query, include_seen),  offsetof(diffmm_query, reserved),
    offsetof(diffmm_query, exclude),       offsetof(diffmm_query, exclude_count),
    offsetof(diffmm_query, candidates),    offsetof(diffmm_query, candidate_count),
    offsetof(diffmm_query, allowed),       offsetof(diffmm_query, allowed_size),
    offsetof(diffmm_query, filter),        offsetof(diffmm_query, filter_data),
    offsetof(diffmm_query, has_min_score), offsetof(diffmm_query, min_score),
    offsetof(diffmm_query, threads),
};
/* It has grown by threads. */
const struct diffmm__layout diffmm__layout_query = {sizeof(diffmm_query),
                                                    offsetof(diffmm_query, threads), query_begin,
                                                    sizeof(query_begin) / sizeof *(query_begin)};

static const size_t scorer_info_begin[] = {
    offsetof(diffmm_scorer_info, struct_size),  offsetof(diffmm_scorer_info, users),
    offsetof(diffmm_scorer_info, items),        offsetof(diffmm_scorer_info, dimensions),
    offsetof(diffmm_scorer_info, search),       offsetof(diffmm_scorer_info, head_dimensions),
    offsetof(diffmm_scorer_info, search_bytes), offsetof(diffmm_scorer_info, kernels),
};
const struct diffmm__layout diffmm__layout_scorer_info =
    LAYOUT(diffmm_scorer_info, scorer_info_begin);

static const size_t explanation_begin[] = {
    offsetof(diffmm_explanation, struct_size), offsetof(diffmm_explanation, modalities),
    offsetof(diffmm_explanation, items),       offsetof(diffmm_explanation, item_count),
    offsetof(diffmm_explanation, score),       offsetof(diffmm_explanation, collaborative),
    offsetof(diffmm_explanation, rest),        offsetof(diffmm_explanation, denoisers),
};
/* It has grown by denoisers. */
const struct diffmm__layout diffmm__layout_explanation = {
    sizeof(diffmm_explanation), offsetof(diffmm_explanation, denoisers), explanation_begin,
    sizeof(explanation_begin) / sizeof *(explanation_begin)};

static const size_t evaluate_arguments_begin[] = {
    offsetof(diffmm_evaluate_arguments, struct_size),
    offsetof(diffmm_evaluate_arguments, split),
    offsetof(diffmm_evaluate_arguments, d),
    offsetof(diffmm_evaluate_arguments, user_matrix),
    offsetof(diffmm_evaluate_arguments, item_matrix),
    offsetof(diffmm_evaluate_arguments, cutoff_count),
    offsetof(diffmm_evaluate_arguments, cutoffs),
    offsetof(diffmm_evaluate_arguments, out),
    offsetof(diffmm_evaluate_arguments, known_users),
    offsetof(diffmm_evaluate_arguments, reserved),
    offsetof(diffmm_evaluate_arguments, users),
    offsetof(diffmm_evaluate_arguments, seed),
};
const struct diffmm__layout diffmm__layout_evaluate_arguments = {
    sizeof(diffmm_evaluate_arguments), offsetof(diffmm_evaluate_arguments, known_users),
    evaluate_arguments_begin, sizeof evaluate_arguments_begin / sizeof *evaluate_arguments_begin};

static const size_t measure_graph_arguments_begin[] = {
    offsetof(diffmm_measure_graph_arguments, struct_size),
    offsetof(diffmm_measure_graph_arguments, users),
    offsetof(diffmm_measure_graph_arguments, items),
    offsetof(diffmm_measure_graph_arguments, count),
    offsetof(diffmm_measure_graph_arguments, neighbors),
    offsetof(diffmm_measure_graph_arguments, row_pointers),
    offsetof(diffmm_measure_graph_arguments, row_items),
    offsetof(diffmm_measure_graph_arguments, held_pointers),
    offsetof(diffmm_measure_graph_arguments, held_items),
    offsetof(diffmm_measure_graph_arguments, previous),
    offsetof(diffmm_measure_graph_arguments, columns),
    offsetof(diffmm_measure_graph_arguments, features),
};
const struct diffmm__layout diffmm__layout_measure_graph_arguments =
    LAYOUT(diffmm_measure_graph_arguments, measure_graph_arguments_begin);

static const size_t graph_measures_begin[] = {
    offsetof(diffmm_graph_measures, struct_size),
    offsetof(diffmm_graph_measures, edges),
    offsetof(diffmm_graph_measures, distinct_items),
    offsetof(diffmm_graph_measures, top_share),
    offsetof(diffmm_graph_measures, observed_share),
    offsetof(diffmm_graph_measures, popularity_rank),
    offsetof(diffmm_graph_measures, compared_edges),
    offsetof(diffmm_graph_measures, agreement),
    offsetof(diffmm_graph_measures, similarity_users),
    offsetof(diffmm_graph_measures, similarity),
    offsetof(diffmm_graph_measures, random_similarity),
    offsetof(diffmm_graph_measures, similarity_gain),
    offsetof(diffmm_graph_measures, held_edges),
    offsetof(diffmm_graph_measures, hits),
    offsetof(diffmm_graph_measures, hit_rate),
};
const struct diffmm__layout diffmm__layout_graph_measures =
    LAYOUT(diffmm_graph_measures, graph_measures_begin);

static const size_t denoiser_measures_begin[] = {
    offsetof(diffmm_denoiser_measures, struct_size),
    offsetof(diffmm_denoiser_measures, cutoff),
    offsetof(diffmm_denoiser_measures, users),
    offsetof(diffmm_denoiser_measures, degree_precision),
    offsetof(diffmm_denoiser_measures, held_users),
    offsetof(diffmm_denoiser_measures, recall),
    offsetof(diffmm_denoiser_measures, popular_recall),
};
const struct diffmm__layout diffmm__layout_denoiser_measures =
    LAYOUT(diffmm_denoiser_measures, denoiser_measures_begin);

static const size_t report_begin[] = {
    offsetof(diffmm_report, struct_size),
    offsetof(diffmm_report, epoch),
    offsetof(diffmm_report, best_epoch),
    offsetof(diffmm_report, finished),
    offsetof(diffmm_report, reserved),
    offsetof(diffmm_report, seconds),
    offsetof(diffmm_report, loss),
    offsetof(diffmm_report, modality_count),
    offsetof(diffmm_report, denoiser_loss),
    offsetof(diffmm_report, cutoff_count),
    offsetof(diffmm_report, valid),
    offsetof(diffmm_report, test),
    offsetof(diffmm_report, counted_flops),
    offsetof(diffmm_report, straight_flops),
    offsetof(diffmm_report, loss_count),
    offsetof(diffmm_report, losses),
    offsetof(diffmm_report, valid_cold_users),
    offsetof(diffmm_report, test_cold_users),
    offsetof(diffmm_report, graph_measures),
    offsetof(diffmm_report, denoiser_measures),
};
const struct diffmm__layout diffmm__layout_report = {
    sizeof(diffmm_report), offsetof(diffmm_report, loss_count), report_begin,
    sizeof report_begin / sizeof *report_begin};

static const size_t forecast_begin[] = {
    offsetof(diffmm_forecast, struct_size),
    offsetof(diffmm_forecast, peak_bytes),
    offsetof(diffmm_forecast, flops),
    offsetof(diffmm_forecast, straight_flops),
};
const struct diffmm__layout diffmm__layout_forecast = LAYOUT(diffmm_forecast, forecast_begin);

static const size_t peers_begin[] = {
    offsetof(diffmm_peers, struct_size), offsetof(diffmm_peers, rank),
    offsetof(diffmm_peers, size),        offsetof(diffmm_peers, exchange),
    offsetof(diffmm_peers, abandon),     offsetof(diffmm_peers, user_data),
};
const struct diffmm__layout diffmm__layout_peers = LAYOUT(diffmm_peers, peers_begin);
