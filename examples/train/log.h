/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of a training run: JSON, one object per line (doc/file-formats.md). */
#ifndef DIFFMM_EXAMPLES_TRAIN_LOG_H
#define DIFFMM_EXAMPLES_TRAIN_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* Open the log of a run of which `epochs` are done: its lines up to that epoch are kept, and added
 * to the array `history` if that is not NULL; later ones will be written again. NULL, with errno
 * set, if it cannot be opened. */
FILE *log_open(const char *path, size_t epochs, json_t *history);

/* Write one line and flush it; false if it cannot be written. */
bool log_line(FILE *file, const json_t *object);

#endif
