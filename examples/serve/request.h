/* SPDX-License-Identifier: BSD-2-Clause */
/* One request, from its first line to the end of its answer. */
#ifndef DIFFMM_EXAMPLES_SERVE_REQUEST_H
#define DIFFMM_EXAMPLES_SERVE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connections.h"
#include "head.h"
#include "request_id.h"

struct request {
    struct connection *connection; /* NULL without memory: it has no limits then */
    struct target target;
    bool begun; /* the headers have been looked at */
    char id[REQUEST_ID_ROOM];
    char method[16];      /* perhaps cut off */
    const char *endpoint; /* the path, if it is one of the service's, else "other" */

    char *body;
    size_t size, capacity;
    size_t received; /* bytes of the body, also those that are not kept */
    bool no_memory;

    bool complete;  /* all of it has come in */
    bool waits;     /* to be ranked together with others: gather.h */
    char *gathered; /* the answer that was made so, or NULL */

    int64_t began;   /* nanoseconds: when there was something to do */
    int64_t took;    /* nanoseconds: until the answer was ready */
    unsigned status; /* of the answer, or 0 */
    size_t answered; /* bytes of the answer's body */
    size_t hits;     /* in it */
    bool together;   /* it was ranked together with others */
};

/* NULL without memory. */
struct request *request_create(struct connection *connection, const char *target);
void request_destroy(struct request *request);

/* A part of the body has come; what exceeds `most` bytes in all is counted, not kept. */
void request_receive(struct request *request, size_t most, const char *data, size_t size);

#endif
