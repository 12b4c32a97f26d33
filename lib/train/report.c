/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/report.h"

#include <string.h>

diffmm_status diffmm__report_begin(const diffmm_context *context, size_t modalities, size_t cutoffs,
                                   struct diffmm__report *out)
{
    *out = (struct diffmm__report){.arena = diffmm__arena_on(context)};
    out->denoiser_loss =
        diffmm__arena_take_zero(&out->arena, modalities, sizeof *out->denoiser_loss);
    out->valid = diffmm__arena_take_zero(&out->arena, cutoffs, sizeof *out->valid);
    out->test = diffmm__arena_take_zero(&out->arena, cutoffs, sizeof *out->test);
    if (out->arena.failed) {
        diffmm__report_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    out->figures = (diffmm_report){.struct_size = sizeof out->figures,
                                   .modality_count = modalities,
                                   .denoiser_loss = out->denoiser_loss,
                                   .cutoff_count = cutoffs,
                                   .valid = out->valid,
                                   .test = out->test};
    return DIFFMM_OK;
}

void diffmm__report_end(struct diffmm__report *report)
{
    diffmm__arena_end(&report->arena);
}

void diffmm__report_copy(const struct diffmm__report *from, struct diffmm__report *to)
{
    const diffmm_report *figures = &from->figures;
    memcpy(to->denoiser_loss, from->denoiser_loss,
           figures->modality_count * sizeof *to->denoiser_loss);
    memcpy(to->valid, from->valid, figures->cutoff_count * sizeof *to->valid);
    memcpy(to->test, from->test, figures->cutoff_count * sizeof *to->test);
    to->figures = *figures;
    to->figures.denoiser_loss = to->denoiser_loss;
    to->figures.valid = to->valid;
    to->figures.test = to->test;
}
