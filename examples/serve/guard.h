/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may make the service act (reload), not only answer. Every web page that a browser on the same
 * machine shows can reach a service on loopback: a page may send a POST to any address, and through
 * a host name that resolves to 127.0.0.1 (DNS rebinding) it can even read the answer. */
#ifndef DIFFMM_EXAMPLES_SERVE_GUARD_H
#define DIFFMM_EXAMPLES_SERVE_GUARD_H

#include <stdbool.h>

#include <microhttpd.h>

#include "failure.h"

struct guard {
    char token[256]; /* "": none */
};

/* Read the token, which is the first line of a file. NULL: there is no token. */
bool guard_begin(struct guard *guard, const char *path, struct failure *failure);

/* With a token, requests are admitted that bring it, as `Authorization: Bearer TOKEN`. Without one,
 * requests from this machine that come neither from a web page nor through a proxy. */
bool guard_admits(const struct guard *guard, struct MHD_Connection *connection,
                  struct failure *failure);

#endif
