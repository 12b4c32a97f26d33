/* SPDX-License-Identifier: BSD-2-Clause */
/* The data set that the command line names. */
#ifndef DIFFMM_EXAMPLES_TRAIN_DATA_H
#define DIFFMM_EXAMPLES_TRAIN_DATA_H

#include "arguments.h"

/* Read it, hold out what is asked for, seal it, and print its sizes on stderr. `options` give the
 * seed. Returns an exit status; *out is the caller's also after a failure. */
int data_open(diffmm_context *context, const struct arguments *arguments,
              const diffmm_options *options, diffmm_dataset **out);

#endif
