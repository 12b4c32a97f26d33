/* SPDX-License-Identifier: BSD-2-Clause */
/* How far the reading of many rows has come, told in the log at level info. Lines come after certain
 * numbers of rows, not by a clock, so that two runs tell the same. */
#ifndef DIFFMM_DATASET_READERS_READING_PROGRESS_H
#define DIFFMM_DATASET_READERS_READING_PROGRESS_H

#include <stddef.h>

#include "dataset/draft.h"

/* A few seconds' worth of rows. */
enum { DIFFMM__PROGRESS_ROWS = 5000000 };

/* Fewer rows than that are read without a line. */
struct diffmm__reading_progress {
    const diffmm_context *context;
    const struct diffmm__draft *draft; /* what they are added to */
    const char *name;                  /* of the file or the stream */
    size_t rows, told;                 /* read so far; when the last line came */
};

/* So many rows more have been read; `done` of `all` bytes of the file, where all is not 0. */
void diffmm__reading_progress_add(struct diffmm__reading_progress *progress, size_t rows,
                                  size_t done, size_t all);

/* All rows have been read. */
void diffmm__reading_progress_end(const struct diffmm__reading_progress *progress);

#endif
