/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that takes connections for those that answer, and cuts those that are overdue.
 *
 * The HTTP library could take them itself. But when it is told to take no more, clients that have
 * connected but were not yet taken would be reset. */
#ifndef DIFFMM_EXAMPLES_SERVE_ACCEPTOR_H
#define DIFFMM_EXAMPLES_SERVE_ACCEPTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "connections.h"

struct acceptor;

/* Take connections of a listening, non-blocking socket while fewer than `most` are open; others
 * wait. `hand` gives each to a thread, by its number. The socket belongs to the acceptor then. NULL
 * without memory or a thread. */
struct acceptor *acceptor_start(int listening, bool (*hand)(void *data, int socket, size_t thread),
                                void *data, struct connections *connections, size_t most);

/* Take those that have connected, and no more: they are refused from now on. */
void acceptor_close(struct acceptor *acceptor);

/* End the thread; those that answer must not have ended yet. */
void acceptor_stop(struct acceptor *acceptor);

#endif
