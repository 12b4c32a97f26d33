/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of a training run: JSON, one object per line (doc/file-formats.md). */
#ifndef DIFFMM_EXAMPLES_TRAIN_LOG_H
#define DIFFMM_EXAMPLES_TRAIN_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include <diffmm/diffmm.h>

/* How a run ended. Metrics are `cutoff_count` each; NULL, or for no users, where there are none. */
struct result {
    size_t epoch;  /* the chosen one */
    size_t epochs; /* done */
    bool cancelled;
    size_t final_epochs;   /* of the final fit, which metrics are not of; 0: there was none */
    const char *chosen_by; /* "valid", "test" or "last" */
    size_t cutoff_count;
    const diffmm_metrics *valid, *test;
    const diffmm_metrics *popularity; /* on the test split */
};

/* Open the log of a run of which `epochs` are done: its lines up to that epoch are kept, later ones
 * will be written again. NULL, with errno set, if it cannot be opened. */
FILE *log_open(const char *path, size_t epochs);

/* Each writes one line and flushes it; false if it cannot be written. */
bool log_epoch(FILE *file, const diffmm_report *report);
bool log_result(FILE *file, const struct result *result);

#endif
