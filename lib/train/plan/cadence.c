/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/plan/cadence.h"

size_t diffmm__cadence_warmup(const struct diffmm__settings *settings, size_t epoch)
{
    return epoch == 1 ? settings->denoiser_warmup : 0;
}

size_t diffmm__cadence_passes(const struct diffmm__settings *settings, size_t epoch)
{
    return diffmm__cadence_warmup(settings, epoch) + settings->denoiser_passes;
}

struct diffmm__cadence diffmm__cadence_of(const struct diffmm__settings *settings, size_t epoch)
{
    return (struct diffmm__cadence){.passes = (double)diffmm__cadence_passes(settings, epoch)};
}

struct diffmm__cadence diffmm__cadence_mean(const struct diffmm__settings *settings)
{
    double epochs = (double)settings->epochs;
    return (struct diffmm__cadence){.passes = (double)settings->denoiser_passes +
                                              (double)settings->denoiser_warmup / epochs};
}
