/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP around the answers: threads, connections, bodies, methods, errors. */
#ifndef DIFFMM_EXAMPLES_SERVE_HTTP_H
#define DIFFMM_EXAMPLES_SERVE_HTTP_H

#include "answers.h"
#include "arguments.h"
#include "guard.h"

struct http;

/* Serve on a listening socket, which is taken over where this succeeds. NULL: it does not, for want
 * of memory or threads. What is passed is borrowed until http_stop. */
struct http *http_start(int socket, const struct serve_arguments *arguments, struct store *store,
                        const struct guard *guard);

/* Take no more connections. */
void http_quiesce(struct http *http);

/* How many requests are being answered. */
size_t http_under_way(struct http *http);

/* Close all connections and end the threads. */
void http_stop(struct http *http);

#endif
