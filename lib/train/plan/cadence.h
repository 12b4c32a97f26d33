/* SPDX-License-Identifier: BSD-2-Clause */
/* What an epoch consists of, by its number: epochs need not be alike. */
#ifndef DIFFMM_TRAIN_PLAN_CADENCE_H
#define DIFFMM_TRAIN_PLAN_CADENCE_H

#include "options/settings.h"

/* Passes of every denoiser over all users in epoch `epoch`; of these, the first
 * diffmm__cadence_warmup() come before what every epoch has. */
size_t diffmm__cadence_passes(const struct diffmm__settings *settings, size_t epoch);
size_t diffmm__cadence_warmup(const struct diffmm__settings *settings, size_t epoch);

/* The recommender's learning rate in epoch `epoch`. */
double diffmm__cadence_learning_rate(const struct diffmm__settings *settings, size_t epoch);

/* The denoisers' learning rate in epoch `epoch`, of all its passes. */
double diffmm__cadence_denoiser_rate(const struct diffmm__settings *settings, size_t epoch);

/* Whether spectral denoisers stay as they are, so that their passes give losses and change nothing. */
bool diffmm__cadence_frozen(const struct diffmm__settings *settings);

/* Whether epoch `epoch` generates graphs; and whether any epoch keeps those of an earlier one. */
bool diffmm__cadence_generates(const struct diffmm__settings *settings, size_t epoch);
bool diffmm__cadence_keeps(const struct diffmm__settings *settings);

/* How often an epoch does what costs time: epoch `epoch`; and the mean over a whole training, where
 * it does not stop early. */
struct diffmm__cadence {
    double passes;      /* of every denoiser over all users */
    double generations; /* of every graph */
};
struct diffmm__cadence diffmm__cadence_of(const struct diffmm__settings *settings, size_t epoch);
struct diffmm__cadence diffmm__cadence_mean(const struct diffmm__settings *settings);

#endif
