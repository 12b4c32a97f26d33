/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings as plain C values, and the checks that span several of them. */
#ifndef DIFFMM_OPTIONS_SETTINGS_H
#define DIFFMM_OPTIONS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/contrastive.h>
#include <diffmm/options.h>

#include "options/option_values.h"

enum diffmm__projection { DIFFMM__PROJECTION_LEAKY = 0, DIFFMM__PROJECTION_LINEAR = 1 };

/* What a trainer measures of its diffusion: each more than the one before. */
enum diffmm__measure {
    DIFFMM__MEASURE_OFF = 0,
    DIFFMM__MEASURE_GRAPH = 1,
    DIFFMM__MEASURE_FULL = 2
};

/* Every setting that is not per modality, read once, when a model or trainer is made. */
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
    size_t denoiser_passes, denoiser_warmup; /* over all users: in every epoch; before the first */
    size_t sampling_steps;
    bool sampling_noise;
    bool generate_scores; /* the weights of generated edges are scores, not 1 */
    bool spectral;        /* denoiser.kind */
    size_t denoiser_rank; /* of a spectral denoiser's basis */
    bool rows_normalized, dropped_only, denoiser_linear; /* of a spectral denoiser */
    bool generate_exact;
    bool peers_batches;               /* peers share the batches of the recommender */
    bool peers_divide;                /* and each keeps the rows of its own users alone */
    double blend;                     /* weight of the denoisers' own scores (model/blend.h) */
    size_t rebuild_k, generate_every; /* generate_every: epochs */
    bool generate_unseen;             /* no items of the user's own row */
    double keep_rate;
    /* contrastive */
    bool contrastive_enabled;
    diffmm_anchor anchor;
    double tau, ssl_reg, fusion_ratio;
    size_t negatives; /* 0: all nodes */
    /* training */
    size_t epochs, patience;
    size_t batch;          /* training pairs of a step; 0 until diffmm__settings_fit() chooses */
    size_t denoiser_batch; /* users of a denoiser's step */
    size_t memory_limit;   /* bytes; 0: none */
    double learning_rate, reg;
    double weight_decay, learning_rate_decay; /* of the recommender; the second per epoch */
    double denoiser_learning_rate_decay;      /* per epoch */
    double average;                           /* decay per epoch; 0: none */
    size_t cutoff_count, cutoffs[DIFFMM__MAX_LIST];
    size_t measure_users;  /* 0: all */
    size_t evaluate_users; /* 0: all */
    enum diffmm__measure measure;
    bool select_by_test;
    /* serving */
    bool seen_is_train; /* held-out interactions do not count as seen */
};

/* Read everything out, and check what spans several settings (sampling_steps <= steps, ..). */
diffmm_status diffmm__settings_read(const diffmm_options *options, struct diffmm__settings *out);

/* Fits what is left to the library to a training of so many pairs: where the setting batch is 0,
 *
 *     batch = max(1024, pairs / 100),
 *     learning rate = learning_rate sqrt(batch / 1024).
 *
 * Checks again what that changes. */
diffmm_status diffmm__settings_fit(struct diffmm__settings *settings, size_t pairs);

/* modality.NAME.projection, or the general one. */
enum diffmm__projection diffmm__settings_projection(const diffmm_options *options,
                                                    const char *modality);

/* modality.NAME.enabled, .standardize and .normalize. */
struct diffmm__feature_settings {
    bool enabled, standardize, normalize;
};
struct diffmm__feature_settings diffmm__settings_features(const diffmm_options *options,
                                                          const char *modality);

/* The text of a projection; and the projection of a text: false for any other text, and for
 * NULL. */
const char *diffmm__projection_text(enum diffmm__projection projection);
bool diffmm__projection_find(const char *text, enum diffmm__projection *out);

/* Check that modalities that have settings of their own are among the `count` names; if not,
 * DIFFMM_ERROR_NOT_FOUND names one that is not. */
diffmm_status diffmm__settings_check_modalities(const diffmm_options *options, size_t count,
                                                const char *const *names);

#endif
