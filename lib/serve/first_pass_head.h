/* SPDX-License-Identifier: BSD-2-Clause */
/* How many coordinates a first pass scans. */
#ifndef DIFFMM_SERVE_FIRST_PASS_HEAD_H
#define DIFFMM_SERVE_FIRST_PASS_HEAD_H

#include "serve/first_pass_turn.h"

/* The number of leading turned coordinates with which a search reads least: from a
 * sample of rows and of vectors; and the bytes read for each row. */
diffmm_status diffmm__first_pass_head(const diffmm_context *context,
                                      const struct diffmm__first_pass_input *input,
                                      const struct diffmm__first_pass_turn *turn, size_t *head,
                                      double *cost);

#endif
