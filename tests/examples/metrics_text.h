/* SPDX-License-Identifier: BSD-2-Clause */
/* What GET /metrics of a running service says, in Prometheus' text format (version 0.0.4). */
#ifndef DIFFMM_TESTS_METRICS_TEXT_H
#define DIFFMM_TESTS_METRICS_TEXT_H

/* All of it; the caller frees it. */
char *metrics_now(void);

/* The value of one line, named with its labels as it stands there; -1 if there is none. */
double metric_in(const char *text, const char *name);
double metric(const char *name);

/* Fail the test unless each line is of the format: a sample after the type of its metric, which is
 * said once, after its help; names, labels and values as they may be; buckets that rise, up to the
 * count. */
void expect_metrics_format(const char *text);

#endif
