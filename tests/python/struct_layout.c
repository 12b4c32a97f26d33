/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout of the public structs as this compiler sees it, one line each: STRUCT SIZE, or
 * STRUCT.MEMBER OFFSET SIZE. test_interface.py compares the Python module with it. */
#include <stddef.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

#define STRUCT(type) printf("%s %zu\n", #type, sizeof(diffmm_##type))
#define MEMBER(type, name)                                                                         \
    printf("%s.%s %zu %zu\n", #type, #name, offsetof(diffmm_##type, name),                         \
           sizeof(((diffmm_##type *)NULL)->name))

static void settings_structs(void)
{
    STRUCT(context_settings);
    MEMBER(context_settings, struct_size);
    MEMBER(context_settings, threads);
    MEMBER(context_settings, allocate);
    MEMBER(context_settings, release);
    MEMBER(context_settings, allocator_data);
    MEMBER(context_settings, log);
    MEMBER(context_settings, log_data);
    MEMBER(context_settings, log_level);
    MEMBER(context_settings, pool_size);
    MEMBER(context_settings, pool_run);
    MEMBER(context_settings, pool_data);
    STRUCT(synthetic);
    MEMBER(synthetic, struct_size);
    MEMBER(synthetic, users);
    MEMBER(synthetic, items);
    MEMBER(synthetic, interactions);
    MEMBER(synthetic, factors);
    MEMBER(synthetic, modality_count);
    MEMBER(synthetic, dimensions);
    MEMBER(synthetic, seed);
    STRUCT(option_info);
    MEMBER(option_info, struct_size);
    MEMBER(option_info, name);
    MEMBER(option_info, symbol);
    MEMBER(option_info, type);
    MEMBER(option_info, default_value);
    MEMBER(option_info, minimum);
    MEMBER(option_info, maximum);
    MEMBER(option_info, choices);
    MEMBER(option_info, help);
    STRUCT(denoiser_shape);
    MEMBER(denoiser_shape, struct_size);
    MEMBER(denoiser_shape, items);
    MEMBER(denoiser_shape, time_size);
    MEMBER(denoiser_shape, hidden_count);
    MEMBER(denoiser_shape, hidden_sizes);
    MEMBER(denoiser_shape, normalize);
    STRUCT(adam);
    MEMBER(adam, struct_size);
    MEMBER(adam, learning_rate);
    MEMBER(adam, beta1);
    MEMBER(adam, beta2);
    MEMBER(adam, epsilon);
}

static void training_structs(void)
{
    STRUCT(metrics);
    MEMBER(metrics, cutoff);
    MEMBER(metrics, users);
    MEMBER(metrics, recall);
    MEMBER(metrics, precision);
    MEMBER(metrics, ndcg);
    STRUCT(parameter);
    MEMBER(parameter, struct_size);
    MEMBER(parameter, name);
    MEMBER(parameter, rows);
    MEMBER(parameter, columns);
    MEMBER(parameter, values);
    MEMBER(parameter, gradient);
    STRUCT(losses);
    MEMBER(losses, bpr);
    MEMBER(losses, contrastive);
    MEMBER(losses, regularizer);
    MEMBER(losses, total);
    STRUCT(seconds);
    MEMBER(seconds, denoise);
    MEMBER(seconds, generate);
    MEMBER(seconds, recommend);
    MEMBER(seconds, evaluate);
    STRUCT(loss);
    MEMBER(loss, name);
    MEMBER(loss, weight);
    MEMBER(loss, value);
    STRUCT(report);
    MEMBER(report, struct_size);
    MEMBER(report, epoch);
    MEMBER(report, best_epoch);
    MEMBER(report, finished);
    MEMBER(report, reserved);
    MEMBER(report, seconds);
    MEMBER(report, loss);
    MEMBER(report, modality_count);
    MEMBER(report, denoiser_loss);
    MEMBER(report, cutoff_count);
    MEMBER(report, valid);
    MEMBER(report, test);
    MEMBER(report, counted_flops);
    MEMBER(report, straight_flops);
    MEMBER(report, loss_count);
    MEMBER(report, losses);
    STRUCT(progress);
    MEMBER(progress, struct_size);
    MEMBER(progress, epoch);
    MEMBER(progress, epochs);
    MEMBER(progress, phase);
    MEMBER(progress, done);
    MEMBER(progress, total);
    STRUCT(forecast);
    MEMBER(forecast, struct_size);
    MEMBER(forecast, peak_bytes);
    MEMBER(forecast, flops);
    MEMBER(forecast, straight_flops);
}

static void serving_structs(void)
{
    STRUCT(hit);
    MEMBER(hit, item);
    MEMBER(hit, score);
    STRUCT(query);
    MEMBER(query, struct_size);
    MEMBER(query, count);
    MEMBER(query, include_seen);
    MEMBER(query, reserved);
    MEMBER(query, exclude);
    MEMBER(query, exclude_count);
    MEMBER(query, candidates);
    MEMBER(query, candidate_count);
    MEMBER(query, allowed);
    MEMBER(query, allowed_size);
    MEMBER(query, filter);
    MEMBER(query, filter_data);
    MEMBER(query, has_min_score);
    MEMBER(query, min_score);
    STRUCT(explanation);
    MEMBER(explanation, struct_size);
    MEMBER(explanation, modalities);
    MEMBER(explanation, items);
    MEMBER(explanation, item_count);
    MEMBER(explanation, score);
    MEMBER(explanation, collaborative);
    MEMBER(explanation, rest);
}

static void file_structs(void)
{
    STRUCT(file_info);
    MEMBER(file_info, struct_size);
    MEMBER(file_info, kind);
    MEMBER(file_info, format_version);
    MEMBER(file_info, library);
    MEMBER(file_info, users);
    MEMBER(file_info, items);
    MEMBER(file_info, dimensions);
    MEMBER(file_info, modality_count);
    MEMBER(file_info, epochs_done);
    MEMBER(file_info, chosen_epoch);
    MEMBER(file_info, cutoff_count);
    MEMBER(file_info, valid);
    MEMBER(file_info, test);
}

static void module_structs(void)
{
    STRUCT(diffusion_batch);
    MEMBER(diffusion_batch, struct_size);
    MEMBER(diffusion_batch, users);
    MEMBER(diffusion_batch, row_pointers);
    MEMBER(diffusion_batch, row_items);
    MEMBER(diffusion_batch, row_values);
    MEMBER(diffusion_batch, rows);
    MEMBER(diffusion_batch, row_numbers);
    MEMBER(diffusion_batch, epoch);
    MEMBER(diffusion_batch, t);
    MEMBER(diffusion_batch, noise);
    MEMBER(diffusion_batch, dropout_scale);
    MEMBER(diffusion_batch, d);
    MEMBER(diffusion_batch, features);
    MEMBER(diffusion_batch, item_embedding);
    MEMBER(diffusion_batch, e_loss);
    STRUCT(diffusion_losses);
    MEMBER(diffusion_losses, total);
    MEMBER(diffusion_losses, elbo);
    MEMBER(diffusion_losses, msi);
    STRUCT(diffusion_needs);
    MEMBER(diffusion_needs, struct_size);
    MEMBER(diffusion_needs, parameters);
    MEMBER(diffusion_needs, module_bytes);
    MEMBER(diffusion_needs, training_bytes);
    MEMBER(diffusion_needs, generate_bytes);
    MEMBER(diffusion_needs, step_flops);
    MEMBER(diffusion_needs, generate_flops);
}

int main(void)
{
    module_structs();
    settings_structs();
    training_structs();
    serving_structs();
    file_structs();
    return 0;
}
