/* SPDX-License-Identifier: BSD-2-Clause */
/* What --report and --csv write at the end of a run. */
#ifndef DIFFMM_EXAMPLES_TRAIN_REPORT_H
#define DIFFMM_EXAMPLES_TRAIN_REPORT_H

#include "fit.h"

/* Whether the files can be written, tried before the training takes its time. An exit status, after
 * complaining. */
int check_outputs(const struct arguments *arguments);

/* Write the files that are asked for: the report, one page of HTML that needs no other file, and the
 * table of epochs. The run has a history and a result. An exit status, after complaining. */
int write_outputs(const struct run *run);

#endif
