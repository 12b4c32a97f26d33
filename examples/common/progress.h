/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress on stderr, if that is a terminal: a bar, and for training also a line per epoch. */
#ifndef DIFFMM_EXAMPLES_PROGRESS_H
#define DIFFMM_EXAMPLES_PROGRESS_H

#include <stdbool.h>

#include <diffmm/diffmm.h>

struct progress {
    bool terminal;
    bool lines; /* of epochs, on a terminal or because they are asked for */
    size_t epochs;
    size_t epoch;             /* current */
    double epoch_started;     /* seconds of a monotonic clock; of other work: its start */
    double seconds_per_epoch; /* of the epoch before; 0 in the first */
    double drawn;             /* when the bar was last drawn */
    int width;                /* characters on the line now */
};

/* `lines` asks for the lines of epochs also where stderr is no terminal. */
void progress_begin(struct progress *progress, bool lines);

/* Draw the bar, at most ten times a second. */
void progress_step(struct progress *progress, const diffmm_progress *step);

/* The same for a single pass: `done` of `total`. */
void progress_count(struct progress *progress, const char *what, size_t done, size_t total);

/* Remove the bar, so that other text can be printed. */
void progress_clear(struct progress *progress);

/* The line about a finished epoch. */
void progress_epoch(struct progress *progress, const diffmm_report *report);

#endif
