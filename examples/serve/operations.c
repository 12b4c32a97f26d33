/* SPDX-License-Identifier: BSD-2-Clause */
#include "operations.h"

#include <string.h>

/* The process is alive: it answers. */
static struct operation_answer healthz(const struct operations *operations)
{
    (void)operations;
    return (struct operation_answer){200, "application/json", strdup("{\"status\":\"alive\"}")};
}

/* Requests may be sent here: there always is a model, so this is until the service leaves. */
static struct operation_answer readyz(const struct operations *operations)
{
    if (atomic_load(operations->leaving))
        return (struct operation_answer){503, "application/json",
                                         strdup("{\"error\":\"the service is about to end\"}")};
    return (struct operation_answer){200, "application/json", strdup("{\"status\":\"ready\"}")};
}

static struct operation_answer metrics(const struct operations *operations)
{
    struct connection_counts connections = connections_count(operations->connections);
    return (struct operation_answer){200, "text/plain; version=0.0.4; charset=utf-8",
                                     metrics_text(operations->metrics, operations->store,
                                                  &connections,
                                                  atomic_load(operations->under_way))};
}

const struct operation *find_operation(const char *path)
{
    static const struct operation table[] = {
        {"/healthz", healthz}, {"/readyz", readyz}, {"/metrics", metrics}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].path, path) == 0)
            return &table[i];
    return NULL;
}
