/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of the output. */
#ifndef DIFFMM_EXAMPLES_BATCH_FORMATS_H
#define DIFFMM_EXAMPLES_BATCH_FORMATS_H

#include <stdio.h>

#include <diffmm/diffmm.h>

/* Rows of a table: user, rank from 1, item, score. NULL, or why it cannot be written. */
const char *write_rows(FILE *output, const diffmm_scorer *scorer, const char *user,
                       const diffmm_hit *hits, size_t found);

/* A line of JSON: {"user":"7","items":[{"item":"12","score":3.25},..]}. NULL, or why it cannot be
 * written. */
const char *write_line(FILE *output, const diffmm_scorer *scorer, const char *user,
                       const diffmm_hit *hits, size_t found);

#endif
