/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that the rest of a training depends on, as a training checkpoint holds it. Random
 * draws are functions of seed, stream and position (base/streams.h): the seed is among the
 * options, and the number of epochs done is all there is to a stream's state. */
#ifndef DIFFMM_TRAIN_STATE_H
#define DIFFMM_TRAIN_STATE_H

#include "checkpoint/description.h"
#include "train/trainer.h"

/* An array of a trainer under its name in the file. */
struct diffmm__state_array {
    char name[192];
    size_t rows, columns;
    float *values;
    bool squares; /* never negative: second moments */
};

struct diffmm__state {
    size_t count;
    struct diffmm__state_array *arrays;
};

/* Every parameter P, adam.first.P, adam.second.P; what else is kept of an epoch (train/best.h);
 * and, where there is a best epoch, best.K for everything K that is kept of it. The list is from
 * the context's allocator. */
diffmm_status diffmm__state_list(const diffmm_trainer *trainer, bool with_best,
                                 struct diffmm__state *out);
void diffmm__state_end(const diffmm_trainer *trainer, struct diffmm__state *state);

/* Name of part `part` ("pointers", "columns", "values") of the graph of modality `m` that the view
 * is built on: "graph" or "observed". */
void diffmm__state_graph_name(const diffmm_trainer *trainer, size_t m, const char *graph,
                              const char *part, char name[192]);

/* What is not an array, as metadata: "training" (optimiser steps, the last report's figures),
 * "last" and "best" (epochs with their metrics); and back, into a new trainer: all but the best
 * epoch's arrays. */
diffmm_status diffmm__state_describe(const diffmm_trainer *trainer,
                                     struct diffmm__description *description);
diffmm_status diffmm__state_read(diffmm_trainer *trainer, const struct diffmm__safetensors *file);

/* "data": the data set's fingerprint. */
diffmm_status diffmm__state_describe_data(const diffmm_trainer *trainer,
                                          struct diffmm__description *description);

/* Whether a sealed data set's counts, modalities and interactions are those of the file; and, once
 * a trainer has them, its features. DIFFMM_ERROR_INVALID_ARGUMENT says what differs. */
diffmm_status diffmm__state_check_data(const diffmm_dataset *dataset,
                                       const struct diffmm__safetensors *file);
diffmm_status diffmm__state_check_features(const diffmm_trainer *trainer,
                                           const struct diffmm__safetensors *file);

#endif
