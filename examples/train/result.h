/* SPDX-License-Identifier: BSD-2-Clause */
/* The result of a training run. */
#ifndef DIFFMM_EXAMPLES_TRAIN_RESULT_H
#define DIFFMM_EXAMPLES_TRAIN_RESULT_H

#include "fit.h"

/* Print the figures of the best epoch beside those of popularity, keep them as the run's result, and
 * add them to the log. An exit status. */
int report_result(diffmm_context *context, struct run *run);

#endif
