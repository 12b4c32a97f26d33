/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 2 of an epoch: every modality's graph A_m is generated anew, or kept from an earlier epoch,
 * and edges are dropped. */
#ifndef DIFFMM_TRAIN_GRAPHS_H
#define DIFFMM_TRAIN_GRAPHS_H

#include "base/memory.h"
#include "diffusion/generate_neighbors.h"
#include "graph/edge_dropout.h"
#include "model/model.h"
#include "peers/peers.h"
#include "train/diffusion_measures.h"
#include "train/neighbors.h"
#include "train/plan/epoch_plan.h"
#include "train/progress.h"
#include "train/report.h"

/* Room for a modality's graphs of one epoch. */
struct diffmm__graph_room {
    diffmm_graph *whole; /* the generated graph before edges are dropped */
    struct diffmm__edge_dropout generated, observed;
};

struct diffmm__graphs {
    struct diffmm__arena arena;
    struct diffmm__graph_room *rooms; /* M; they hold something while an epoch runs */
    /* Only with diffusion: */
    struct diffmm__generator *generator;
    size_t block; /* users that are generated at a time */
    struct diffmm__neighbors neighbors;
    double *degrees; /* of nodes; where edges have weights */
};

/* Memory for the phase; all zero holds nothing. */
diffmm_status diffmm__graphs_begin(const diffmm_model *model, const struct diffmm__plan *plan,
                                   struct diffmm__graphs *out);
/* What diffmm__graphs_begin() allocates. */
size_t diffmm__graphs_bytes(const struct diffmm__plan *plan);
void diffmm__graphs_end(struct diffmm__graphs *graphs);

/* Takes the memory of epoch `epoch`'s graphs, all that an epoch allocates; and gives back what is
 * left of it, also after a failure to take it. */
diffmm_status diffmm__graphs_reserve(struct diffmm__graphs *graphs, const diffmm_model *model,
                                     size_t epoch);
void diffmm__graphs_unreserve(struct diffmm__graphs *graphs, size_t modalities);

/* Makes the graphs of epoch `epoch`, for which memory was reserved, and sets them in the model: each
 * peer generates the neighbours of some users, and receives the others. An epoch that keeps the
 * generated neighbours of an earlier one has no steps to tell of, and leaves the measures in the
 * report as they are. */
diffmm_status diffmm__graphs_generate(struct diffmm__graphs *graphs, diffmm_model *model,
                                      size_t epoch, const struct diffmm__peers *peers,
                                      struct diffmm__progress *progress,
                                      struct diffmm__diffusion_measures *measures,
                                      struct diffmm__report *report);

/* Generates the neighbours of epoch `epoch` again, which the denoisers have just been trained in, for
 * the measures of the next epoch alone: a checkpoint does not have them. */
void diffmm__graphs_recall(struct diffmm__graphs *graphs, const diffmm_model *model, size_t epoch,
                           struct diffmm__diffusion_measures *measures);

/* Where diffmm__graphs_generate() was cancelled after so many steps: sets graphs of the same shape,
 * in which the users whose rows were generated stand for all. */
diffmm_status diffmm__graphs_complete(struct diffmm__graphs *graphs, diffmm_model *model,
                                      size_t epoch, size_t steps);

#endif
