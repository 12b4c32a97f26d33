/* SPDX-License-Identifier: BSD-2-Clause */
/* What a training would take. */
#ifndef DIFFMM_EXAMPLES_TRAIN_FORECAST_H
#define DIFFMM_EXAMPLES_TRAIN_FORECAST_H

#include <diffmm/diffmm.h>

/* Print memory and work, then measure for about a second and print times. An exit status. */
int print_forecast(diffmm_dataset *dataset, const diffmm_options *options);

#endif
