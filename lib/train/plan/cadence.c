/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/plan/cadence.h"

#include <math.h>

size_t diffmm__cadence_warmup(const struct diffmm__settings *settings, size_t epoch)
{
    return epoch == 1 ? settings->denoiser_warmup : 0;
}

size_t diffmm__cadence_passes(const struct diffmm__settings *settings, size_t epoch)
{
    return diffmm__cadence_warmup(settings, epoch) + settings->denoiser_passes;
}

double diffmm__cadence_learning_rate(const struct diffmm__settings *settings, size_t epoch)
{
    return settings->learning_rate * pow(settings->learning_rate_decay, (double)(epoch - 1));
}

double diffmm__cadence_denoiser_rate(const struct diffmm__settings *settings, size_t epoch)
{
    return settings->denoiser_learning_rate *
           pow(settings->denoiser_learning_rate_decay, (double)(epoch - 1));
}

bool diffmm__cadence_frozen(const struct diffmm__settings *settings)
{
    return settings->spectral && settings->denoiser_learning_rate == 0.0;
}

bool diffmm__cadence_generates(const struct diffmm__settings *settings, size_t epoch)
{
    return settings->diffusion_enabled && (epoch - 1) % settings->generate_every == 0;
}

bool diffmm__cadence_keeps(const struct diffmm__settings *settings)
{
    return settings->diffusion_enabled && settings->generate_every > 1;
}

struct diffmm__cadence diffmm__cadence_of(const struct diffmm__settings *settings, size_t epoch)
{
    return (struct diffmm__cadence){.passes = (double)diffmm__cadence_passes(settings, epoch),
                                    .generations =
                                        diffmm__cadence_generates(settings, epoch) ? 1.0 : 0.0};
}

struct diffmm__cadence diffmm__cadence_mean(const struct diffmm__settings *settings)
{
    double epochs = (double)settings->epochs;
    size_t generations = (settings->epochs - 1) / settings->generate_every + 1;
    return (struct diffmm__cadence){
        .passes = (double)settings->denoiser_passes + (double)settings->denoiser_warmup / epochs,
        .generations = settings->diffusion_enabled ? (double)generations / epochs : 0.0};
}
