/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request's first line and headers must be like. The HTTP library takes much that RFC 9112
 * does not allow; where a proxy in front reads the same bytes in another way, a client could hide
 * a request in another's (request smuggling). */
#ifndef DIFFMM_EXAMPLES_SERVE_HEAD_H
#define DIFFMM_EXAMPLES_SERVE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <microhttpd.h>

#include "failure.h"

/* The library keeps a connection's request in this much memory: its bytes, and 64 bytes for each
 * header and each parameter. One whose parameters do not fit is never answered (libmicrohttpd
 * 0.9.75), so there are limits here that such a request exceeds before: half the memory is for the
 * bytes that have come. More memory would cost, as the library clears all of it after each request.
 */
enum {
    HEAD_MEMORY = 64 * 1024,
    MOST_TARGET = 16 * 1024, /* bytes of a target (path and query string) */
    MOST_PARAMETERS = 500,   /* of a query string */
    MOST_HEAD = 24 * 1024,   /* bytes of the first line and headers */
    MOST_HEADERS = 100
};

/* The target of a request as it came. */
struct target {
    size_t bytes, parameters;
    bool clean; /* no spaces, control characters, nor %00 in the path */
};

struct target target_measure(const char *text);
bool target_fits(const struct target *target);

/* What a good head says of the body. */
struct head {
    bool sized;              /* Content-Length is there */
    unsigned long long size; /* Content-Length */
    bool waits;              /* Expect: 100-continue */
};

/* Look at a request's first line and headers. False with the failure filled in. */
bool head_check(struct MHD_Connection *connection, const struct target *target, const char *version,
                struct head *head, struct failure *failure);

#endif
