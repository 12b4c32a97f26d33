/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a first pass is faster than to score all rows in floats. */
#ifndef DIFFMM_SERVE_FIRST_PASS_WORTH_H
#define DIFFMM_SERVE_FIRST_PASS_WORTH_H

#include "serve/first_pass.h"

/* By what a search would read of a sample of rows, for a sample of vectors: half of the rows' floats
 * at the most. */
bool diffmm__first_pass_worth(const struct diffmm__first_pass *pass,
                              const struct diffmm__first_pass_input *input);

#endif
