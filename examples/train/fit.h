/* SPDX-License-Identifier: BSD-2-Clause */
/* Training under way: progress on the terminal, a line of the log and a checkpoint as epochs end,
 * and Ctrl-C. */
#ifndef DIFFMM_EXAMPLES_TRAIN_FIT_H
#define DIFFMM_EXAMPLES_TRAIN_FIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "arguments.h"
#include "common/progress.h"

struct run {
    const struct arguments *arguments;
    const diffmm_dataset *dataset;
    diffmm_trainer *trainer;
    diffmm_trainer *final; /* of the final fit, once that is done; or NULL */
    struct progress progress;
    FILE *log;       /* NULL: none */
    json_t *history; /* epochs as the log has them, where they are needed at the end; or NULL */
    json_t *result;  /* as the log has it, at the end */
    size_t epochs_done, cutoff_count;
    /* With peers.divide, where peers write files together and peer 0 alone has paths: after how many
     * epochs a checkpoint, 0: never; whether the model is saved. */
    bool divided, joined; /* joined: when the trainer was made */
    uint32_t checkpoint_every, saves;
    bool log_failed, history_failed, checkpoint_failed, cancelled;
};

/* Train to the end, or until Ctrl-C; then the model is that of the best epoch. Returns an exit
 * status. A run that Ctrl-C stops after its first epoch counts as done, with `cancelled` set. */
int fit(struct run *run);

/* The final fit, in which nothing goes to the log and to the checkpoint. A run that Ctrl-C stops in
 * it counts as done, too. */
int fit_final(struct run *run);

#endif
