/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that the rest of a training depends on, as a training checkpoint holds it. Random
 * draws are functions of seed, stream and position (base/streams.h): the seed is among the
 * options, and the number of epochs done is all there is to a stream's state. */
#ifndef DIFFMM_TRAIN_CHECKPOINT_STATE_H
#define DIFFMM_TRAIN_CHECKPOINT_STATE_H

#include "train/trainer.h"

/* An array of a trainer under its name in the file. */
struct diffmm__state_array {
    char name[192];
    size_t rows, columns;
    float *values;
    bool squares; /* never negative: second moments */
    /* Who has what of it, where the model is divided: users' rows, the first `user_rows`, are with the
     * peers of these users; what is `of_owner` is with the peer that trains the denoiser of
     * `modality`; all peers have the rest. */
    size_t user_rows;
    bool of_owner;
    size_t modality;
};

static inline bool diffmm__state_array_is_divided(const struct diffmm__state_array *array)
{
    return array->user_rows > 0 || array->of_owner;
}

struct diffmm__state {
    size_t count;
    struct diffmm__state_array *arrays;
};

/* Every parameter P, adam.first.P, adam.second.P; the basis of every spectral denoiser; what else is
 * kept of an epoch (train/best.h); where parameters are averaged, average.P, or raw.P where the model
 * has the average; and, where there is a best epoch, best.K for everything K that is kept of it. The
 * list is from the context's allocator. */
diffmm_status diffmm__state_list(const diffmm_trainer *trainer, bool with_best,
                                 struct diffmm__state *out);
void diffmm__state_end(const diffmm_trainer *trainer, struct diffmm__state *state);

/* Name of part `part` ("pointers", "columns", "values") of the graph of modality `m` that the view
 * is built on: "graph" or "observed". */
void diffmm__state_graph_name(const diffmm_trainer *trainer, size_t m, const char *graph,
                              const char *part, char name[192]);

#endif
