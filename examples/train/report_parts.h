/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the report: each writes a section of HTML. */
#ifndef DIFFMM_EXAMPLES_TRAIN_REPORT_PARTS_H
#define DIFFMM_EXAMPLES_TRAIN_REPORT_PARTS_H

#include <stdbool.h>
#include <stdio.h>

#include "epoch_table.h"
#include "fit.h"

/* The style sheet: light and dark as the reader's system has it, narrow and wide. */
extern const char report_style[];

/* report_result.c: what came of it, the data, what the modalities weigh, where the time went. */
void report_summary(FILE *out, const struct run *run);
void report_data(FILE *out, const struct run *run);
bool report_weights(FILE *out, const struct run *run);
void report_seconds(FILE *out, const struct epoch_table *table);

/* report_charts.c: losses, metrics, seconds, and measures of graphs and denoisers, by epoch. False
 * without memory. */
bool report_charts(FILE *out, const struct run *run, const struct epoch_table *table);

/* report_tables.c: every setting, and every number of every epoch. */
bool report_settings(FILE *out, const struct run *run);
void report_epochs(FILE *out, const struct epoch_table *table);

#endif
