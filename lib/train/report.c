/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/report.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { denoiser_name = 80 }; /* "denoiser." and a modality's name */

/* Names and weights of all losses. An arena that failed has given NULL. */
static void list_losses(const diffmm_model *model, struct diffmm__report *report)
{
    size_t terms = diffmm__terms_count(), denoisers = report->figures.loss_count - terms;
    report->losses =
        diffmm__arena_take_zero(&report->arena, report->figures.loss_count, sizeof *report->losses);
    char(*names)[denoiser_name] = diffmm__arena_take(&report->arena, denoisers, sizeof *names);
    if (report->arena.failed)
        return;
    for (size_t i = 0; i < terms; i++)
        report->losses[i] =
            (diffmm_loss){.name = diffmm__terms_at(i)->name, .weight = model->terms.weight[i]};
    for (size_t m = 0; m < denoisers; m++) {
        snprintf(names[m], sizeof names[m], "denoiser.%s", model->modalities[m].name);
        report->losses[terms + m] = (diffmm_loss){.name = names[m], .weight = 1.0};
    }
}

/* An arena that failed has given NULL. */
static void list_measures(const diffmm_model *model, struct diffmm__report *report)
{
    size_t modalities = model->modality_count;
    const struct diffmm__settings *s = &model->settings;
    if (!s->diffusion_enabled || s->measure == DIFFMM__MEASURE_OFF)
        return;
    report->graph = diffmm__arena_take_zero(&report->arena, modalities, sizeof *report->graph);
    report->graph_list = diffmm__arena_take(&report->arena, modalities, sizeof(void *));
    for (size_t m = 0; !report->arena.failed && m < modalities; m++) {
        report->graph[m].struct_size = sizeof *report->graph;
        report->graph_list[m] = &report->graph[m];
    }
    if (s->measure != DIFFMM__MEASURE_FULL)
        return;
    report->denoiser =
        diffmm__arena_take_zero(&report->arena, modalities, sizeof *report->denoiser);
    report->denoiser_list = diffmm__arena_take(&report->arena, modalities, sizeof(void *));
    for (size_t m = 0; !report->arena.failed && m < modalities; m++) {
        report->denoiser[m].struct_size = sizeof *report->denoiser;
        report->denoiser_list[m] = &report->denoiser[m];
    }
}

diffmm_status diffmm__report_begin(const diffmm_model *model, struct diffmm__report *out)
{
    size_t modalities = model->modality_count, cutoffs = model->settings.cutoff_count;
    *out = (struct diffmm__report){.arena = diffmm__arena_on(model->context)};
    out->figures.loss_count =
        diffmm__terms_count() + (model->settings.diffusion_enabled ? modalities : 0);
    out->denoiser_loss =
        diffmm__arena_take_zero(&out->arena, modalities, sizeof *out->denoiser_loss);
    out->valid = diffmm__arena_take_zero(&out->arena, cutoffs, sizeof *out->valid);
    out->test = diffmm__arena_take_zero(&out->arena, cutoffs, sizeof *out->test);
    list_losses(model, out);
    list_measures(model, out);
    if (out->arena.failed) {
        diffmm__report_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    out->figures = (diffmm_report){.struct_size = sizeof out->figures,
                                   .modality_count = modalities,
                                   .denoiser_loss = out->denoiser_loss,
                                   .cutoff_count = cutoffs,
                                   .valid = out->valid,
                                   .test = out->test,
                                   .loss_count = out->figures.loss_count,
                                   .losses = out->losses,
                                   .valid_cold_users = model->dataset->census.cold_users[0],
                                   .test_cold_users = model->dataset->census.cold_users[1],
                                   .graph_measures = out->graph_list,
                                   .denoiser_measures = out->denoiser_list};
    return DIFFMM_OK;
}

void diffmm__report_end(struct diffmm__report *report)
{
    diffmm__arena_end(&report->arena);
}

void diffmm__report_complete(struct diffmm__report *report)
{
    size_t terms = diffmm__terms_count();
    for (size_t i = 0; i < terms; i++) {
        double *member = diffmm__terms_member(i, &report->figures.loss);
        if (member)
            *member = report->losses[i].value;
    }
    for (size_t i = terms; i < report->figures.loss_count; i++)
        report->losses[i].value = report->denoiser_loss[i - terms];
}

void diffmm__report_copy(const struct diffmm__report *from, struct diffmm__report *to)
{
    const diffmm_report *figures = &from->figures;
    memcpy(to->denoiser_loss, from->denoiser_loss,
           figures->modality_count * sizeof *to->denoiser_loss);
    memcpy(to->valid, from->valid, figures->cutoff_count * sizeof *to->valid);
    memcpy(to->test, from->test, figures->cutoff_count * sizeof *to->test);
    for (size_t i = 0; i < figures->loss_count; i++)
        to->losses[i].value = from->losses[i].value; /* names are each report's own */
    if (to->graph)
        memcpy(to->graph, from->graph, figures->modality_count * sizeof *to->graph);
    if (to->denoiser)
        memcpy(to->denoiser, from->denoiser, figures->modality_count * sizeof *to->denoiser);
    to->figures = *figures;
    to->figures.denoiser_loss = to->denoiser_loss;
    to->figures.valid = to->valid;
    to->figures.test = to->test;
    to->figures.losses = to->losses;
    to->figures.graph_measures = to->graph_list;
    to->figures.denoiser_measures = to->denoiser_list;
}
