/* SPDX-License-Identifier: BSD-2-Clause */
/* An epoch's report with the arrays that it points to. */
#ifndef DIFFMM_TRAIN_REPORT_H
#define DIFFMM_TRAIN_REPORT_H

#include <diffmm/trainer.h>

#include "model/model.h"

struct diffmm__report {
    struct diffmm__arena arena;
    diffmm_report figures; /* its pointers lead to the arrays below */
    double *denoiser_loss; /* M */
    diffmm_loss *losses;   /* the objective's terms, then the denoisers' where there are any */
    diffmm_metrics *valid, *test; /* per cutoff */
    /* M each, where they are measured; else NULL. The lists are what the figures point to. */
    diffmm_graph_measures *graph;
    diffmm_denoiser_measures *denoiser;
    const diffmm_graph_measures **graph_list;
    const diffmm_denoiser_measures **denoiser_list;
};

/* A report of no epoch: all figures are 0. */
diffmm_status diffmm__report_begin(const diffmm_model *model, struct diffmm__report *out);
void diffmm__report_end(struct diffmm__report *report);

/* What follows from other figures, once these are written: the losses of diffmm_losses but the
 * total, and the denoisers' in the list. */
void diffmm__report_complete(struct diffmm__report *report);

/* Copies all figures into another report of the same sizes. */
void diffmm__report_copy(const struct diffmm__report *from, struct diffmm__report *to);

#endif
