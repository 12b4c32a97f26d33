/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_TRAINER_H
#define DIFFMM_TRAIN_TRAINER_H

#include <stdatomic.h>

#include <diffmm/trainer.h>

#include "graph/graph.h"
#include "model/model.h"
#include "train/best.h"
#include "train/sampler.h"
#include "train/work.h"

/* Memory of denoiser training and graph generation; absent where diffusion is off. */
struct diffmm__diffusion_workspace {
    struct diffmm__module_workspace training; /* of every modality's module in turn */
    struct diffmm__generator *generator;
    struct diffmm__arena arena;
    int32_t *user_order; /* users, shuffled */
    int64_t *pointers;   /* users + 1: generated rows, each of rebuild_k items */
    int32_t *generated;  /* users x rebuild_k */
};

/* Room for a modality's graphs of one epoch. */
struct diffmm__epoch_graphs {
    diffmm_graph *whole; /* the generated one before edges are dropped */
    struct diffmm__edge_drop generated, observed;
};

struct diffmm_trainer {
    struct diffmm__handle handle;
    diffmm_context *context;
    diffmm_model *model;
    diffmm_dataset *dataset;
    size_t epoch; /* epochs done */
    bool stopped; /* early */
    bool within;  /* an epoch is running: parameters are part of the way */
    atomic_int cancelled;
    diffmm_progress_function on_progress;
    void *progress_data;

    struct diffmm__work work; /* what an epoch is; measured parts are those of the last one */
    struct diffmm__diffusion_workspace diffusion;
    struct diffmm__epoch_graphs *graphs; /* M */
    struct diffmm__evaluation *evaluation;
    struct diffmm__pairs pairs;
    struct diffmm__best best;

    /* The running epoch's report and what its pointers lead to; and those of the last epoch that
     * came to its end. */
    diffmm_report report, last;
    double *denoiser_loss, *last_denoiser_loss; /* M */
    diffmm_metrics *valid, *test;               /* per cutoff */
    diffmm_metrics *last_valid, *last_test;
    size_t cutoffs;
};

/* Epoch trainer->epoch has come to its end, with what the phases wrote and the best so far:
 * complete the report and keep it. */
void diffmm__trainer_completed(diffmm_trainer *trainer);

/* One phase of the present epoch (trainer->epoch + 1) each: they fill their parts of
 * trainer->report, ask diffmm__trainer_continue after each step, and count FLOPs. */
diffmm_status diffmm__phase_denoise(diffmm_trainer *trainer);
diffmm_status diffmm__phase_generate(diffmm_trainer *trainer);
diffmm_status diffmm__phase_recommend(diffmm_trainer *trainer);
diffmm_status diffmm__phase_evaluate(diffmm_trainer *trainer);

/* Take the memory of the epoch's graphs, all that an epoch allocates; and give back what is left of
 * it, also after a failure to take it. */
diffmm_status diffmm__epoch_graphs_begin(diffmm_trainer *trainer);
void diffmm__epoch_graphs_end(diffmm_trainer *trainer);

/* Tell the host of a step done; DIFFMM_CANCELLED if it wants no more. */
diffmm_status diffmm__trainer_continue(diffmm_trainer *trainer, diffmm_phase phase, size_t done,
                                       size_t total);

/* DIFFMM_ERROR_NUMERIC if the squares of a gradient have overflowed, after which Adam would no
 * longer change that parameter. `phase` and `name` are for the message. */
diffmm_status diffmm__trainer_check_moments(const diffmm_trainer *trainer, const char *phase,
                                            const char *name, size_t count,
                                            const float *second_moment);

diffmm_status diffmm__diffusion_workspace_create(diffmm_trainer *trainer);
void diffmm__diffusion_workspace_destroy(diffmm_trainer *trainer);

#endif
