/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP around the answers: threads, connections, bodies, methods, errors. */
#ifndef DIFFMM_EXAMPLES_SERVE_HTTP_H
#define DIFFMM_EXAMPLES_SERVE_HTTP_H

#include <stdbool.h>

#include "answers.h"
#include "arguments.h"
#include "guard.h"

struct http;

/* Serve on a listening socket, which then belongs to the server. NULL if there is not enough memory
 * or no thread; the socket stays the caller's then.
 * All arguments are borrowed until http_stop(). */
struct http *http_start(int socket, const struct serve_arguments *arguments, struct store *store,
                        const struct guard *guard);

/* From now on connections close after their answers, and /readyz says that the service ends. */
void http_leave(struct http *http);

/* Take those who have connected, and no more connections. */
void http_close(struct http *http);

/* Whether a connection is open, and whether one is open that is not between two requests. */
bool http_is_open(struct http *http);
bool http_is_busy(struct http *http);

/* Close all connections and end the threads. */
void http_stop(struct http *http);

#endif
