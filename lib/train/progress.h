/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host is told of a running epoch, and whether it lets it go on. */
#ifndef DIFFMM_TRAIN_PROGRESS_H
#define DIFFMM_TRAIN_PROGRESS_H

#include <stdatomic.h>

#include <diffmm/trainer.h>

struct diffmm__progress {
    size_t epochs; /* of the whole training */
    atomic_int cancelled;
    atomic_int *outer; /* also cancels it: of the trainer whose call trains this one; or NULL */
    diffmm_progress_function function; /* or NULL */
    void *data;
};

/* Tells the host that `done` of `total` steps of a phase of epoch `epoch` are done.
 * DIFFMM_CANCELLED where the host's function ends the epoch, or the epoch was cancelled. */
diffmm_status diffmm__progress_step(struct diffmm__progress *progress, size_t epoch,
                                    diffmm_phase phase, size_t done, size_t total);

/* A status as it is; an error's message then begins with the epoch and what was done in it. */
diffmm_status diffmm__progress_failed(diffmm_status status, size_t epoch, const char *what);

#endif
