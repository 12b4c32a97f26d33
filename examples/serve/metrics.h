/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of what the service has done, for GET /metrics. */
#ifndef DIFFMM_EXAMPLES_SERVE_METRICS_H
#define DIFFMM_EXAMPLES_SERVE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "connections.h"
#include "model.h"

struct metrics;

/* NULL without memory. */
struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);

/* A request has ended: its endpoint (a text that stays), its status, how long its answer took (0:
 * it got none of the service's making), and how many hits the answer had. */
void metrics_add(struct metrics *metrics, const char *endpoint, unsigned status,
                 int64_t nanoseconds, size_t hits);

/* All of it in Prometheus' text format, allocated by malloc(); NULL without memory. */
char *metrics_text(struct metrics *metrics, struct store *store,
                   const struct connection_counts *connections, size_t under_way);

#endif
