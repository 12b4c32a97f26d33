/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that takes connections for the HTTP library, and cuts those that are overdue.
 *
 * The library could take them itself. But when it is told to take no more, one of its threads that
 * does the same at that moment ends the process (MHD_quiesce_daemon() of 0.9.75); and clients that
 * have connected but were not yet taken would be reset. */
#ifndef DIFFMM_EXAMPLES_SERVE_ACCEPTOR_H
#define DIFFMM_EXAMPLES_SERVE_ACCEPTOR_H

#include <stddef.h>

#include <microhttpd.h>

#include "connections.h"

struct acceptor;

/* Take connections of a listening, non-blocking socket while fewer than `most` are open; others
 * wait. The socket belongs to the acceptor then. NULL without memory or a thread. */
struct acceptor *acceptor_start(int listening, struct MHD_Daemon *daemon,
                                struct connections *connections, size_t most);

/* Take those that have connected, and no more: they are refused from now on. */
void acceptor_close(struct acceptor *acceptor);

/* End the thread; the library must not have ended yet. */
void acceptor_stop(struct acceptor *acceptor);

#endif
