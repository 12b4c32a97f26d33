/* SPDX-License-Identifier: BSD-2-Clause */
/* What a training would take. */
#ifndef DIFFMM_EXAMPLES_TRAIN_FORECAST_H
#define DIFFMM_EXAMPLES_TRAIN_FORECAST_H

#include <stdbool.h>

#include <diffmm/diffmm.h>

/* Print memory and work, measure for about a second and print times, for people or as an object in JSON. An
 * exit status. */
int print_forecast(diffmm_dataset *dataset, const diffmm_options *options, bool json);

#endif
