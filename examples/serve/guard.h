/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may make the service do something, rather than answer. A service on loopback is reached by
 * every page that a browser on the machine shows: pages can send a POST anywhere, and by a name
 * that they let lead to 127.0.0.1 (DNS rebinding) they can even read the answer. */
#ifndef DIFFMM_EXAMPLES_SERVE_GUARD_H
#define DIFFMM_EXAMPLES_SERVE_GUARD_H

#include <stdbool.h>

#include <microhttpd.h>

#include "failure.h"

struct guard {
    char token[256]; /* "": none */
};

/* Read the token, the first line of a file; NULL: there is none. */
bool guard_begin(struct guard *guard, const char *path, struct failure *failure);

/* With a token: whoever brings it, as `Authorization: Bearer TOKEN`. Without: a client on this
 * machine that is no page and comes through no proxy. */
bool guard_admits(const struct guard *guard, struct MHD_Connection *connection,
                  struct failure *failure);

#endif
