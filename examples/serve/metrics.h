/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of what the service has done, for GET /metrics. */
#ifndef DIFFMM_EXAMPLES_SERVE_METRICS_H
#define DIFFMM_EXAMPLES_SERVE_METRICS_H

#include <stddef.h>

#include "connections.h"
#include "model.h"
#include "request.h"

struct metrics;

/* NULL without memory. */
struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);

/* A request has ended. One for which nothing was computed took no time. */
void metrics_add(struct metrics *metrics, const struct request *request);

/* All of it in Prometheus' text format, allocated by malloc(); NULL without memory. */
char *metrics_text(struct metrics *metrics, struct store *store,
                   const struct connection_counts *connections, size_t under_way);

#endif
