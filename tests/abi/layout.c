/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout of every public struct and the numbers of every enum, as programs have them compiled
 * in, for pointers and sizes of 8 bytes. Compiling is the test. A struct with struct_size may get
 * members at its end, an enum more numbers; nothing else here changes. Written by layout.sh. */
#include <stddef.h>

#include <diffmm/diffmm.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define AT(type, member, offset)                                                                   \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member)
#define IS(name, value) _Static_assert((int)(name) == (value), #name)

SIZE(diffmm_status, 4);
IS(DIFFMM_OK, 0);
IS(DIFFMM_ERROR_INVALID_ARGUMENT, 1);
IS(DIFFMM_ERROR_NO_MEMORY, 2);
IS(DIFFMM_ERROR_IO, 3);
IS(DIFFMM_ERROR_FORMAT, 4);
IS(DIFFMM_ERROR_VERSION, 5);
IS(DIFFMM_ERROR_NUMERIC, 6);
IS(DIFFMM_ERROR_STATE, 7);
IS(DIFFMM_ERROR_NOT_FOUND, 8);
IS(DIFFMM_ERROR_UNSUPPORTED, 9);
IS(DIFFMM_ERROR_CALLBACK, 10);
IS(DIFFMM_CANCELLED, 11);
IS(DIFFMM_ERROR_PEER, 12);

SIZE(diffmm_log_level, 4);
IS(DIFFMM_LOG_NONE, 0);
IS(DIFFMM_LOG_WARNING, 1);
IS(DIFFMM_LOG_INFO, 2);
IS(DIFFMM_LOG_DEBUG, 3);

SIZE(diffmm_context_settings, 88);
AT(diffmm_context_settings, struct_size, 0);
AT(diffmm_context_settings, threads, 8);
AT(diffmm_context_settings, allocate, 16);
AT(diffmm_context_settings, release, 24);
AT(diffmm_context_settings, allocator_data, 32);
AT(diffmm_context_settings, log, 40);
AT(diffmm_context_settings, log_data, 48);
AT(diffmm_context_settings, log_level, 56);
AT(diffmm_context_settings, reserved, 60);
AT(diffmm_context_settings, pool_size, 64);
AT(diffmm_context_settings, pool_run, 72);
AT(diffmm_context_settings, pool_data, 80);

SIZE(diffmm_split, 4);
IS(DIFFMM_TRAIN, 0);
IS(DIFFMM_VALID, 1);
IS(DIFFMM_TEST, 2);

SIZE(diffmm_synthetic, 72);
AT(diffmm_synthetic, struct_size, 0);
AT(diffmm_synthetic, users, 8);
AT(diffmm_synthetic, items, 16);
AT(diffmm_synthetic, interactions, 24);
AT(diffmm_synthetic, factors, 32);
AT(diffmm_synthetic, modality_count, 40);
AT(diffmm_synthetic, dimensions, 48);
AT(diffmm_synthetic, seed, 56);
AT(diffmm_synthetic, group_items, 64);

SIZE(diffmm_interactions, 72);
AT(diffmm_interactions, struct_size, 0);
AT(diffmm_interactions, count, 8);
AT(diffmm_interactions, user, 16);
AT(diffmm_interactions, item, 24);
AT(diffmm_interactions, user_ids, 32);
AT(diffmm_interactions, item_ids, 40);
AT(diffmm_interactions, split, 48);
AT(diffmm_interactions, rating, 56);
AT(diffmm_interactions, time, 64);

SIZE(diffmm_answer, 4);
IS(DIFFMM_AUTO, 0);
IS(DIFFMM_YES, 1);
IS(DIFFMM_NO, 2);

SIZE(diffmm_table_format, 64);
AT(diffmm_table_format, struct_size, 0);
AT(diffmm_table_format, separator, 8);
AT(diffmm_table_format, header, 16);
AT(diffmm_table_format, quotes, 20);
AT(diffmm_table_format, user, 24);
AT(diffmm_table_format, item, 32);
AT(diffmm_table_format, rating, 40);
AT(diffmm_table_format, timestamp, 48);
AT(diffmm_table_format, split, 56);

SIZE(diffmm_keep, 4);
IS(DIFFMM_KEEP_FIRST, 0);
IS(DIFFMM_KEEP_LAST, 1);

SIZE(diffmm_summary, 144);
AT(diffmm_summary, struct_size, 0);
AT(diffmm_summary, users, 8);
AT(diffmm_summary, items, 16);
AT(diffmm_summary, train, 24);
AT(diffmm_summary, valid, 32);
AT(diffmm_summary, test, 40);
AT(diffmm_summary, repeated, 48);
AT(diffmm_summary, train_valid, 56);
AT(diffmm_summary, train_test, 64);
AT(diffmm_summary, valid_test, 72);
AT(diffmm_summary, valid_cold_users, 80);
AT(diffmm_summary, test_cold_users, 88);
AT(diffmm_summary, valid_cold_items, 96);
AT(diffmm_summary, test_cold_items, 104);
AT(diffmm_summary, zeros, 112);
AT(diffmm_summary, negatives, 120);
AT(diffmm_summary, ratings, 128);
AT(diffmm_summary, timestamps, 136);

SIZE(diffmm_infonce_arguments, 104);
AT(diffmm_infonce_arguments, struct_size, 0);
AT(diffmm_infonce_arguments, nodes, 8);
AT(diffmm_infonce_arguments, d, 16);
AT(diffmm_infonce_arguments, p, 24);
AT(diffmm_infonce_arguments, q, 32);
AT(diffmm_infonce_arguments, batch_count, 40);
AT(diffmm_infonce_arguments, batch, 48);
AT(diffmm_infonce_arguments, tau, 56);
AT(diffmm_infonce_arguments, loss, 64);
AT(diffmm_infonce_arguments, grad_p, 72);
AT(diffmm_infonce_arguments, grad_q, 80);
AT(diffmm_infonce_arguments, negative_count, 88);
AT(diffmm_infonce_arguments, negatives, 96);

SIZE(diffmm_anchor, 4);
IS(DIFFMM_ANCHOR_MODAL, 0);
IS(DIFFMM_ANCHOR_MAIN, 1);

SIZE(diffmm_contrastive_loss_arguments, 144);
AT(diffmm_contrastive_loss_arguments, struct_size, 0);
AT(diffmm_contrastive_loss_arguments, anchor, 8);
AT(diffmm_contrastive_loss_arguments, users, 16);
AT(diffmm_contrastive_loss_arguments, items, 24);
AT(diffmm_contrastive_loss_arguments, d, 32);
AT(diffmm_contrastive_loss_arguments, view_count, 40);
AT(diffmm_contrastive_loss_arguments, views, 48);
AT(diffmm_contrastive_loss_arguments, main, 56);
AT(diffmm_contrastive_loss_arguments, count, 64);
AT(diffmm_contrastive_loss_arguments, batch_users, 72);
AT(diffmm_contrastive_loss_arguments, batch_items, 80);
AT(diffmm_contrastive_loss_arguments, tau, 88);
AT(diffmm_contrastive_loss_arguments, loss, 96);
AT(diffmm_contrastive_loss_arguments, grad_views, 104);
AT(diffmm_contrastive_loss_arguments, grad_main, 112);
AT(diffmm_contrastive_loss_arguments, negative_count, 120);
AT(diffmm_contrastive_loss_arguments, user_negatives, 128);
AT(diffmm_contrastive_loss_arguments, item_negatives, 136);

SIZE(diffmm_option_type, 4);
IS(DIFFMM_OPTION_FLAG, 1);
IS(DIFFMM_OPTION_INTEGER, 2);
IS(DIFFMM_OPTION_REAL, 3);
IS(DIFFMM_OPTION_CHOICE, 4);
IS(DIFFMM_OPTION_LIST, 5);

SIZE(diffmm_option_info, 72);
AT(diffmm_option_info, struct_size, 0);
AT(diffmm_option_info, name, 8);
AT(diffmm_option_info, symbol, 16);
AT(diffmm_option_info, type, 24);
AT(diffmm_option_info, default_value, 32);
AT(diffmm_option_info, minimum, 40);
AT(diffmm_option_info, maximum, 48);
AT(diffmm_option_info, choices, 56);
AT(diffmm_option_info, help, 64);

SIZE(diffmm_parameter, 48);
AT(diffmm_parameter, struct_size, 0);
AT(diffmm_parameter, name, 8);
AT(diffmm_parameter, rows, 16);
AT(diffmm_parameter, columns, 24);
AT(diffmm_parameter, values, 32);
AT(diffmm_parameter, gradient, 40);

SIZE(diffmm_losses, 32);
AT(diffmm_losses, bpr, 0);
AT(diffmm_losses, contrastive, 8);
AT(diffmm_losses, regularizer, 16);
AT(diffmm_losses, total, 24);

SIZE(diffmm_loss, 24);
AT(diffmm_loss, name, 0);
AT(diffmm_loss, weight, 8);
AT(diffmm_loss, value, 16);

SIZE(diffmm_hit, 8);
AT(diffmm_hit, item, 0);
AT(diffmm_hit, score, 4);

SIZE(diffmm_query, 104);
AT(diffmm_query, struct_size, 0);
AT(diffmm_query, count, 8);
AT(diffmm_query, include_seen, 16);
AT(diffmm_query, reserved, 20);
AT(diffmm_query, exclude, 24);
AT(diffmm_query, exclude_count, 32);
AT(diffmm_query, candidates, 40);
AT(diffmm_query, candidate_count, 48);
AT(diffmm_query, allowed, 56);
AT(diffmm_query, allowed_size, 64);
AT(diffmm_query, filter, 72);
AT(diffmm_query, filter_data, 80);
AT(diffmm_query, has_min_score, 88);
AT(diffmm_query, min_score, 92);
AT(diffmm_query, threads, 96);

SIZE(diffmm_search, 4);
IS(DIFFMM_SEARCH_AUTO, 0);
IS(DIFFMM_SEARCH_FLAT, 1);
IS(DIFFMM_SEARCH_FIRST_PASS, 2);

SIZE(diffmm_scorer_info, 64);
AT(diffmm_scorer_info, struct_size, 0);
AT(diffmm_scorer_info, users, 8);
AT(diffmm_scorer_info, items, 16);
AT(diffmm_scorer_info, dimensions, 24);
AT(diffmm_scorer_info, search, 32);
AT(diffmm_scorer_info, head_dimensions, 40);
AT(diffmm_scorer_info, search_bytes, 48);
AT(diffmm_scorer_info, kernels, 56);

SIZE(diffmm_similarity, 4);
IS(DIFFMM_COSINE, 0);
IS(DIFFMM_DOT, 1);

SIZE(diffmm_explanation, 56);
AT(diffmm_explanation, struct_size, 0);
AT(diffmm_explanation, modalities, 8);
AT(diffmm_explanation, items, 16);
AT(diffmm_explanation, item_count, 24);
AT(diffmm_explanation, score, 32);
AT(diffmm_explanation, collaborative, 36);
AT(diffmm_explanation, rest, 40);
AT(diffmm_explanation, denoisers, 48);

SIZE(diffmm_side, 4);
IS(DIFFMM_USERS, 0);
IS(DIFFMM_ITEMS, 1);

SIZE(diffmm_vectors_format, 4);
IS(DIFFMM_VECTORS_NPY, 0);
IS(DIFFMM_VECTORS_SAFETENSORS, 1);

SIZE(diffmm_index, 4);
IS(DIFFMM_INDEX_INNER_PRODUCT, 0);
IS(DIFFMM_INDEX_L2, 1);

SIZE(diffmm_arrow_columns, 48);
AT(diffmm_arrow_columns, struct_size, 0);
AT(diffmm_arrow_columns, user, 8);
AT(diffmm_arrow_columns, item, 16);
AT(diffmm_arrow_columns, rating, 24);
AT(diffmm_arrow_columns, timestamp, 32);
AT(diffmm_arrow_columns, split, 40);

SIZE(diffmm_arrow_features, 24);
AT(diffmm_arrow_features, struct_size, 0);
AT(diffmm_arrow_features, item, 8);
AT(diffmm_arrow_features, features, 16);

SIZE(diffmm_schedule_quantity, 4);
IS(DIFFMM_SCHEDULE_BETA, 0);
IS(DIFFMM_SCHEDULE_ALPHA_BAR, 1);
IS(DIFFMM_SCHEDULE_POSTERIOR_VARIANCE, 2);
IS(DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE, 3);
IS(DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0, 4);
IS(DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT, 5);
IS(DIFFMM_SCHEDULE_ELBO_WEIGHT, 6);

SIZE(diffmm_denoiser_shape, 48);
AT(diffmm_denoiser_shape, struct_size, 0);
AT(diffmm_denoiser_shape, items, 8);
AT(diffmm_denoiser_shape, time_size, 16);
AT(diffmm_denoiser_shape, hidden_count, 24);
AT(diffmm_denoiser_shape, hidden_sizes, 32);
AT(diffmm_denoiser_shape, normalize, 40);
AT(diffmm_denoiser_shape, reserved, 44);

SIZE(diffmm_denoiser_backward_arguments, 72);
AT(diffmm_denoiser_backward_arguments, struct_size, 0);
AT(diffmm_denoiser_backward_arguments, shape, 8);
AT(diffmm_denoiser_backward_arguments, parameters, 16);
AT(diffmm_denoiser_backward_arguments, rows, 24);
AT(diffmm_denoiser_backward_arguments, x, 32);
AT(diffmm_denoiser_backward_arguments, t, 40);
AT(diffmm_denoiser_backward_arguments, dropout_scale, 48);
AT(diffmm_denoiser_backward_arguments, grad_x_hat, 56);
AT(diffmm_denoiser_backward_arguments, grad_parameters, 64);

SIZE(diffmm_elbo_arguments, 72);
AT(diffmm_elbo_arguments, struct_size, 0);
AT(diffmm_elbo_arguments, rows, 8);
AT(diffmm_elbo_arguments, items, 16);
AT(diffmm_elbo_arguments, x0, 24);
AT(diffmm_elbo_arguments, x_hat, 32);
AT(diffmm_elbo_arguments, t, 40);
AT(diffmm_elbo_arguments, per_user, 48);
AT(diffmm_elbo_arguments, loss, 56);
AT(diffmm_elbo_arguments, grad_x_hat, 64);

SIZE(diffmm_msi_arguments, 88);
AT(diffmm_msi_arguments, struct_size, 0);
AT(diffmm_msi_arguments, rows, 8);
AT(diffmm_msi_arguments, items, 16);
AT(diffmm_msi_arguments, d, 24);
AT(diffmm_msi_arguments, x0, 32);
AT(diffmm_msi_arguments, x_hat, 40);
AT(diffmm_msi_arguments, features, 48);
AT(diffmm_msi_arguments, item_embedding, 56);
AT(diffmm_msi_arguments, per_user, 64);
AT(diffmm_msi_arguments, loss, 72);
AT(diffmm_msi_arguments, grad_x_hat, 80);

SIZE(diffmm_denoiser_loss_arguments, 128);
AT(diffmm_denoiser_loss_arguments, struct_size, 0);
AT(diffmm_denoiser_loss_arguments, shape, 8);
AT(diffmm_denoiser_loss_arguments, parameters, 16);
AT(diffmm_denoiser_loss_arguments, rows, 24);
AT(diffmm_denoiser_loss_arguments, x0, 32);
AT(diffmm_denoiser_loss_arguments, t, 40);
AT(diffmm_denoiser_loss_arguments, noise, 48);
AT(diffmm_denoiser_loss_arguments, dropout_scale, 56);
AT(diffmm_denoiser_loss_arguments, d, 64);
AT(diffmm_denoiser_loss_arguments, features, 72);
AT(diffmm_denoiser_loss_arguments, item_embedding, 80);
AT(diffmm_denoiser_loss_arguments, e_loss, 88);
AT(diffmm_denoiser_loss_arguments, loss, 96);
AT(diffmm_denoiser_loss_arguments, elbo, 104);
AT(diffmm_denoiser_loss_arguments, msi, 112);
AT(diffmm_denoiser_loss_arguments, grad_parameters, 120);

SIZE(diffmm_spectral_loss_arguments, 152);
AT(diffmm_spectral_loss_arguments, struct_size, 0);
AT(diffmm_spectral_loss_arguments, shape, 8);
AT(diffmm_spectral_loss_arguments, parameters, 16);
AT(diffmm_spectral_loss_arguments, items, 24);
AT(diffmm_spectral_loss_arguments, basis, 32);
AT(diffmm_spectral_loss_arguments, rows, 40);
AT(diffmm_spectral_loss_arguments, x0, 48);
AT(diffmm_spectral_loss_arguments, t, 56);
AT(diffmm_spectral_loss_arguments, noise, 64);
AT(diffmm_spectral_loss_arguments, dropout_scale, 72);
AT(diffmm_spectral_loss_arguments, dropout, 80);
AT(diffmm_spectral_loss_arguments, d, 88);
AT(diffmm_spectral_loss_arguments, features, 96);
AT(diffmm_spectral_loss_arguments, item_embedding, 104);
AT(diffmm_spectral_loss_arguments, e_loss, 112);
AT(diffmm_spectral_loss_arguments, loss, 120);
AT(diffmm_spectral_loss_arguments, elbo, 128);
AT(diffmm_spectral_loss_arguments, msi, 136);
AT(diffmm_spectral_loss_arguments, grad_parameters, 144);

SIZE(diffmm_reverse_chain_arguments, 72);
AT(diffmm_reverse_chain_arguments, struct_size, 0);
AT(diffmm_reverse_chain_arguments, shape, 8);
AT(diffmm_reverse_chain_arguments, parameters, 16);
AT(diffmm_reverse_chain_arguments, rows, 24);
AT(diffmm_reverse_chain_arguments, x0, 32);
AT(diffmm_reverse_chain_arguments, sampling_steps, 40);
AT(diffmm_reverse_chain_arguments, sampling_noise, 48);
AT(diffmm_reverse_chain_arguments, reserved, 52);
AT(diffmm_reverse_chain_arguments, noise, 56);
AT(diffmm_reverse_chain_arguments, x, 64);

SIZE(diffmm_generate_neighbors_arguments, 64);
AT(diffmm_generate_neighbors_arguments, struct_size, 0);
AT(diffmm_generate_neighbors_arguments, shape, 8);
AT(diffmm_generate_neighbors_arguments, parameters, 16);
AT(diffmm_generate_neighbors_arguments, rows, 24);
AT(diffmm_generate_neighbors_arguments, row_pointers, 32);
AT(diffmm_generate_neighbors_arguments, row_items, 40);
AT(diffmm_generate_neighbors_arguments, count, 48);
AT(diffmm_generate_neighbors_arguments, items_out, 56);

SIZE(diffmm_spectral_basis_arguments, 80);
AT(diffmm_spectral_basis_arguments, struct_size, 0);
AT(diffmm_spectral_basis_arguments, users, 8);
AT(diffmm_spectral_basis_arguments, items, 16);
AT(diffmm_spectral_basis_arguments, row_pointers, 24);
AT(diffmm_spectral_basis_arguments, row_items, 32);
AT(diffmm_spectral_basis_arguments, feature_columns, 40);
AT(diffmm_spectral_basis_arguments, features, 48);
AT(diffmm_spectral_basis_arguments, rank, 56);
AT(diffmm_spectral_basis_arguments, seed, 64);
AT(diffmm_spectral_basis_arguments, basis, 72);

SIZE(diffmm_spectral_basis_place_arguments, 80);
AT(diffmm_spectral_basis_place_arguments, struct_size, 0);
AT(diffmm_spectral_basis_place_arguments, items, 8);
AT(diffmm_spectral_basis_place_arguments, feature_columns, 16);
AT(diffmm_spectral_basis_place_arguments, features, 24);
AT(diffmm_spectral_basis_place_arguments, rank, 32);
AT(diffmm_spectral_basis_place_arguments, basis, 40);
AT(diffmm_spectral_basis_place_arguments, new_items, 48);
AT(diffmm_spectral_basis_place_arguments, new_features, 56);
AT(diffmm_spectral_basis_place_arguments, seed, 64);
AT(diffmm_spectral_basis_place_arguments, placed, 72);

SIZE(diffmm_diffusion_batch, 120);
AT(diffmm_diffusion_batch, struct_size, 0);
AT(diffmm_diffusion_batch, users, 8);
AT(diffmm_diffusion_batch, row_pointers, 16);
AT(diffmm_diffusion_batch, row_items, 24);
AT(diffmm_diffusion_batch, row_values, 32);
AT(diffmm_diffusion_batch, rows, 40);
AT(diffmm_diffusion_batch, row_numbers, 48);
AT(diffmm_diffusion_batch, epoch, 56);
AT(diffmm_diffusion_batch, t, 64);
AT(diffmm_diffusion_batch, noise, 72);
AT(diffmm_diffusion_batch, dropout_scale, 80);
AT(diffmm_diffusion_batch, d, 88);
AT(diffmm_diffusion_batch, features, 96);
AT(diffmm_diffusion_batch, item_embedding, 104);
AT(diffmm_diffusion_batch, e_loss, 112);

SIZE(diffmm_diffusion_losses, 24);
AT(diffmm_diffusion_losses, total, 0);
AT(diffmm_diffusion_losses, elbo, 8);
AT(diffmm_diffusion_losses, msi, 16);

SIZE(diffmm_diffusion_needs, 56);
AT(diffmm_diffusion_needs, struct_size, 0);
AT(diffmm_diffusion_needs, parameters, 8);
AT(diffmm_diffusion_needs, module_bytes, 16);
AT(diffmm_diffusion_needs, training_bytes, 24);
AT(diffmm_diffusion_needs, generate_bytes, 32);
AT(diffmm_diffusion_needs, step_flops, 40);
AT(diffmm_diffusion_needs, generate_flops, 48);

SIZE(diffmm_metrics, 40);
AT(diffmm_metrics, cutoff, 0);
AT(diffmm_metrics, users, 8);
AT(diffmm_metrics, recall, 16);
AT(diffmm_metrics, precision, 24);
AT(diffmm_metrics, ndcg, 32);

SIZE(diffmm_evaluate_arguments, 88);
AT(diffmm_evaluate_arguments, struct_size, 0);
AT(diffmm_evaluate_arguments, split, 8);
AT(diffmm_evaluate_arguments, d, 16);
AT(diffmm_evaluate_arguments, user_matrix, 24);
AT(diffmm_evaluate_arguments, item_matrix, 32);
AT(diffmm_evaluate_arguments, cutoff_count, 40);
AT(diffmm_evaluate_arguments, cutoffs, 48);
AT(diffmm_evaluate_arguments, out, 56);
AT(diffmm_evaluate_arguments, known_users, 64);
AT(diffmm_evaluate_arguments, reserved, 68);
AT(diffmm_evaluate_arguments, users, 72);
AT(diffmm_evaluate_arguments, seed, 80);

SIZE(diffmm_file_kind, 4);
IS(DIFFMM_FILE_MODEL, 1);
IS(DIFFMM_FILE_CHECKPOINT, 2);

SIZE(diffmm_file_info, 96);
AT(diffmm_file_info, struct_size, 0);
AT(diffmm_file_info, kind, 8);
AT(diffmm_file_info, format_version, 12);
AT(diffmm_file_info, library, 16);
AT(diffmm_file_info, users, 24);
AT(diffmm_file_info, items, 32);
AT(diffmm_file_info, dimensions, 40);
AT(diffmm_file_info, modality_count, 48);
AT(diffmm_file_info, epochs_done, 56);
AT(diffmm_file_info, chosen_epoch, 64);
AT(diffmm_file_info, cutoff_count, 72);
AT(diffmm_file_info, valid, 80);
AT(diffmm_file_info, test, 88);

SIZE(diffmm_measure_graph_arguments, 96);
AT(diffmm_measure_graph_arguments, struct_size, 0);
AT(diffmm_measure_graph_arguments, users, 8);
AT(diffmm_measure_graph_arguments, items, 16);
AT(diffmm_measure_graph_arguments, count, 24);
AT(diffmm_measure_graph_arguments, neighbors, 32);
AT(diffmm_measure_graph_arguments, row_pointers, 40);
AT(diffmm_measure_graph_arguments, row_items, 48);
AT(diffmm_measure_graph_arguments, held_pointers, 56);
AT(diffmm_measure_graph_arguments, held_items, 64);
AT(diffmm_measure_graph_arguments, previous, 72);
AT(diffmm_measure_graph_arguments, columns, 80);
AT(diffmm_measure_graph_arguments, features, 88);

SIZE(diffmm_graph_measures, 120);
AT(diffmm_graph_measures, struct_size, 0);
AT(diffmm_graph_measures, edges, 8);
AT(diffmm_graph_measures, distinct_items, 16);
AT(diffmm_graph_measures, top_share, 24);
AT(diffmm_graph_measures, observed_share, 32);
AT(diffmm_graph_measures, popularity_rank, 40);
AT(diffmm_graph_measures, compared_edges, 48);
AT(diffmm_graph_measures, agreement, 56);
AT(diffmm_graph_measures, similarity_users, 64);
AT(diffmm_graph_measures, similarity, 72);
AT(diffmm_graph_measures, random_similarity, 80);
AT(diffmm_graph_measures, similarity_gain, 88);
AT(diffmm_graph_measures, held_edges, 96);
AT(diffmm_graph_measures, hits, 104);
AT(diffmm_graph_measures, hit_rate, 112);

SIZE(diffmm_denoiser_measures, 56);
AT(diffmm_denoiser_measures, struct_size, 0);
AT(diffmm_denoiser_measures, cutoff, 8);
AT(diffmm_denoiser_measures, users, 16);
AT(diffmm_denoiser_measures, degree_precision, 24);
AT(diffmm_denoiser_measures, held_users, 32);
AT(diffmm_denoiser_measures, recall, 40);
AT(diffmm_denoiser_measures, popular_recall, 48);

SIZE(diffmm_adam, 48);
AT(diffmm_adam, struct_size, 0);
AT(diffmm_adam, learning_rate, 8);
AT(diffmm_adam, beta1, 16);
AT(diffmm_adam, beta2, 24);
AT(diffmm_adam, epsilon, 32);
AT(diffmm_adam, weight_decay, 40);

SIZE(diffmm_bpr_arguments, 112);
AT(diffmm_bpr_arguments, struct_size, 0);
AT(diffmm_bpr_arguments, users, 8);
AT(diffmm_bpr_arguments, items, 16);
AT(diffmm_bpr_arguments, d, 24);
AT(diffmm_bpr_arguments, user_matrix, 32);
AT(diffmm_bpr_arguments, item_matrix, 40);
AT(diffmm_bpr_arguments, count, 48);
AT(diffmm_bpr_arguments, user, 56);
AT(diffmm_bpr_arguments, positive, 64);
AT(diffmm_bpr_arguments, negative, 72);
AT(diffmm_bpr_arguments, divisor, 80);
AT(diffmm_bpr_arguments, loss, 88);
AT(diffmm_bpr_arguments, grad_user, 96);
AT(diffmm_bpr_arguments, grad_item, 104);

SIZE(diffmm_seconds, 32);
AT(diffmm_seconds, denoise, 0);
AT(diffmm_seconds, generate, 8);
AT(diffmm_seconds, recommend, 16);
AT(diffmm_seconds, evaluate, 24);

SIZE(diffmm_report, 224);
AT(diffmm_report, struct_size, 0);
AT(diffmm_report, epoch, 8);
AT(diffmm_report, best_epoch, 16);
AT(diffmm_report, finished, 24);
AT(diffmm_report, reserved, 28);
AT(diffmm_report, seconds, 32);
AT(diffmm_report, loss, 64);
AT(diffmm_report, modality_count, 96);
AT(diffmm_report, denoiser_loss, 104);
AT(diffmm_report, cutoff_count, 112);
AT(diffmm_report, valid, 120);
AT(diffmm_report, test, 128);
AT(diffmm_report, counted_flops, 136);
AT(diffmm_report, straight_flops, 168);
AT(diffmm_report, loss_count, 176);
AT(diffmm_report, losses, 184);
AT(diffmm_report, valid_cold_users, 192);
AT(diffmm_report, test_cold_users, 200);
AT(diffmm_report, graph_measures, 208);
AT(diffmm_report, denoiser_measures, 216);

SIZE(diffmm_phase, 4);
IS(DIFFMM_PHASE_DENOISE, 0);
IS(DIFFMM_PHASE_GENERATE, 1);
IS(DIFFMM_PHASE_RECOMMEND, 2);
IS(DIFFMM_PHASE_EVALUATE, 3);

SIZE(diffmm_progress, 48);
AT(diffmm_progress, struct_size, 0);
AT(diffmm_progress, epoch, 8);
AT(diffmm_progress, epochs, 16);
AT(diffmm_progress, phase, 24);
AT(diffmm_progress, done, 32);
AT(diffmm_progress, total, 40);

SIZE(diffmm_forecast, 56);
AT(diffmm_forecast, struct_size, 0);
AT(diffmm_forecast, peak_bytes, 8);
AT(diffmm_forecast, flops, 16);
AT(diffmm_forecast, straight_flops, 48);

SIZE(diffmm_peers, 40);
AT(diffmm_peers, struct_size, 0);
AT(diffmm_peers, rank, 8);
AT(diffmm_peers, size, 12);
AT(diffmm_peers, exchange, 16);
AT(diffmm_peers, abandon, 24);
AT(diffmm_peers, user_data, 32);
