/* SPDX-License-Identifier: BSD-2-Clause */
/* Options inside the library: copies, text form, and the settings as plain C values. */
#ifndef DIFFMM_OPTIONS_OPTIONS_H
#define DIFFMM_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/contrastive.h>
#include <diffmm/options.h>

enum { DIFFMM__MAX_LIST = 16 };

enum diffmm__projection { DIFFMM__PROJECTION_LEAKY = 0, DIFFMM__PROJECTION_LINEAR = 1 };

/* Every setting that is not per modality, read out once when a model or trainer is made. */
struct diffmm__settings {
    uint64_t seed;
    /* model */
    size_t embedding_size, layers;
    double ris_lambda, ris_adj_lambda;
    enum diffmm__projection projection;
    /* diffusion */
    bool diffusion_enabled, msi;
    size_t steps;
    double noise_scale, noise_min, noise_max;
    bool beta_fixed, normalize;
    size_t hidden_count, hidden_sizes[DIFFMM__MAX_LIST];
    size_t time_size;
    double dropout, e_loss, denoiser_learning_rate;
    size_t sampling_steps;
    bool sampling_noise;
    size_t rebuild_k;
    double keep_rate;
    /* contrastive */
    bool contrastive_enabled;
    diffmm_anchor anchor;
    double tau, ssl_reg, fusion_ratio;
    /* training */
    size_t epochs, batch, patience;
    size_t memory_limit; /* bytes; 0: none */
    double learning_rate, reg;
    size_t cutoff_count, cutoffs[DIFFMM__MAX_LIST];
    bool select_by_test;
};

/* A copy (of the defaults, for NULL). */
diffmm_status diffmm__options_copy(diffmm_context *context, const diffmm_options *options,
                                   diffmm_options **out);

/* Read everything out; checks what spans several settings (sampling_steps <= steps, ..). */
diffmm_status diffmm__options_settings(const diffmm_options *options, struct diffmm__settings *out);

/* modality.NAME.projection, or the general one. */
enum diffmm__projection diffmm__options_projection(const diffmm_options *options,
                                                   const char *modality);

/* The names of modalities that have settings of their own, checked against those there are:
 * DIFFMM_ERROR_NOT_FOUND names one that is not among `count` names. */
diffmm_status diffmm__options_check_modalities(const diffmm_options *options, size_t count,
                                               const char *const *names);

/* DIFFMM_ERROR_INVALID_ARGUMENT names a setting in which `now` differs from what a training was
 * begun with, where that would change what it computes. */
diffmm_status diffmm__options_check_resumable(const diffmm_options *begun,
                                              const diffmm_options *now);

/* All settings as one JSON object of name: text (those that differ from the defaults and those that
 * do not alike), from the context's allocator; and back. */
char *diffmm__options_to_json(const diffmm_options *options);
diffmm_status diffmm__options_from_json(diffmm_context *context, const char *json,
                                        diffmm_options **out);

#endif
