/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress on stderr: of a training run, a bar on a terminal and a line per epoch in any case; of
 * other work, a bar on a terminal. */
#ifndef DIFFMM_EXAMPLES_PROGRESS_H
#define DIFFMM_EXAMPLES_PROGRESS_H

#include <stdbool.h>

#include <diffmm/diffmm.h>

struct progress {
    bool terminal;
    size_t epochs;
    size_t epoch;             /* the one under way */
    double epoch_started;     /* seconds of a monotonic clock; of other work: its start */
    double seconds_per_epoch; /* of the epoch before; 0 in the first */
    double drawn;             /* when the bar was last drawn */
    int width;                /* of what stands on the line */
};

void progress_begin(struct progress *progress);

/* Draw the bar, at most ten times a second. */
void progress_step(struct progress *progress, const diffmm_progress *step);

/* The same for work of one pass: how much of it is done. */
void progress_count(struct progress *progress, const char *what, size_t done, size_t total);

/* Take the bar away, so that other text can be printed. */
void progress_clear(struct progress *progress);

/* The line about a finished epoch. */
void progress_epoch(struct progress *progress, const diffmm_report *report);

#endif
