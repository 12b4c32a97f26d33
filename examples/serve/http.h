/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP around the answers: threads, connections, bodies, methods, errors. */
#ifndef DIFFMM_EXAMPLES_SERVE_HTTP_H
#define DIFFMM_EXAMPLES_SERVE_HTTP_H

#include "answers.h"
#include "arguments.h"
#include "guard.h"

struct http;

/* Serve on a listening socket, which then belongs to the server. NULL if there is not enough memory
 * or no thread; the socket stays the caller's then.
 * All arguments are borrowed until http_stop(). */
struct http *http_start(int socket, const struct serve_arguments *arguments, struct store *store,
                        const struct guard *guard);

/* Take no more connections. */
void http_quiesce(struct http *http);

/* How many requests are being answered. */
size_t http_under_way(struct http *http);

/* Close all connections and end the threads. */
void http_stop(struct http *http);

#endif
