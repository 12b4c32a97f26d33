/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that answers requests: it waits for its own daemon of the HTTP library, lets it read and
 * answer, and then does what the requests have left to be done together. The library's own threads
 * would leave no moment for that between reading and answering. */
#ifndef DIFFMM_EXAMPLES_SERVE_WORKER_H
#define DIFFMM_EXAMPLES_SERVE_WORKER_H

#include <stdbool.h>

#include <microhttpd.h>

#include "connections.h"

struct worker;

/* Run a daemon without a thread of its own, which waits by epoll, and call `after` each time that it
 * has looked at its connections. The daemon belongs to the worker then. NULL without memory or a
 * thread; the daemon stays the caller's then. */
struct worker *worker_start(struct MHD_Daemon *daemon, struct connections *connections,
                            void (*after)(void *data), void *data);

/* Hand it a socket that is expected (connections.h). False if it is too busy to take more. */
bool worker_hand(struct worker *worker, int socket);

/* End the thread, then the daemon and its connections. */
void worker_stop(struct worker *worker);

#endif
