/* SPDX-License-Identifier: BSD-2-Clause */
/* What operators and their tools ask for: /healthz, /readyz, /metrics. */
#ifndef DIFFMM_EXAMPLES_SERVE_OPERATIONS_H
#define DIFFMM_EXAMPLES_SERVE_OPERATIONS_H

#include <stdatomic.h>

#include "connections.h"
#include "metrics.h"
#include "model.h"

/* What the answers tell of. */
struct operations {
    struct store *store;
    struct metrics *metrics;
    struct connections *connections;
    const atomic_size_t *under_way;
    const atomic_bool *leaving;
};

struct operation_answer {
    unsigned status;
    const char *type;
    char *text; /* from malloc(); NULL without memory */
};

/* Answers GET and HEAD. */
struct operation {
    const char *path;
    struct operation_answer (*answer)(const struct operations *operations);
};

/* The one at a path, or NULL. */
const struct operation *find_operation(const char *path);

#endif
