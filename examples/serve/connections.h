/* SPDX-License-Identifier: BSD-2-Clause */
/* The open connections: how many there are, what each of them is doing, and since when. The HTTP
 * library closes a connection on which nothing happens; a client that sends a byte now and then
 * would keep it for ever. So every phase has a limit here that no byte prolongs. */
#ifndef DIFFMM_EXAMPLES_SERVE_CONNECTIONS_H
#define DIFFMM_EXAMPLES_SERVE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum phase {
    PHASE_NEW,       /* accepted; no request line yet */
    PHASE_RECEIVING, /* from the request line to the end of the body */
    PHASE_ANSWERING, /* until the answer is sent */
    PHASE_IDLE,      /* between an answer and the next request line */
    PHASE_CUT        /* shut down; the library will close it */
};

enum { PHASES_LIMITED = PHASE_CUT };

/* The name of a phase in the metrics. */
const char *phase_name(enum phase phase);

struct connection;
struct connections;

/* `limits`: of each phase, in seconds. `threads`: how many there are to answer. `per_address`: how
 * many connections may be open from one address; 0: any number. NULL without memory. */
struct connections *connections_create(const size_t limits[PHASES_LIMITED], size_t threads,
                                       size_t per_address);
void connections_destroy(struct connections *connections);

/* A socket has been accepted and is about to be handed to the library, on that of the threads which
 * has the fewest connections; false without memory, or if its address has too many.
 * connections_forget: the library did not take it. */
bool connections_expect(struct connections *connections, int socket,
                        const struct sockaddr_storage *address, size_t *thread);
void connections_forget(struct connections *connections, int socket);

/* The library has begun with a socket that was expected, and is about to close it. */
struct connection *connections_begin(struct connections *connections, int socket, size_t thread);
void connections_end(struct connections *connections, struct connection *connection);

/* Enter a phase. False if the connection has been cut or refused: an answer would not arrive. */
bool connections_enter(struct connections *connections, struct connection *connection,
                       enum phase phase);

/* Answer past the library, which cannot while a request comes in: an error as JSON. Sending is shut
 * down; the library may go on reading, so that a client that is still sending gets the answer.
 * With `end`, reading is shut down too, and the library closes at once. */
void connections_refuse(struct connections *connections, struct connection *connection,
                        unsigned status, const char *reason, bool end);

/* The status that was sent past the library, or 0. */
unsigned connections_refused(struct connections *connections, struct connection *connection);

/* Cut what has been in its phase for too long; a request that has not come in gets 408. */
void connections_cut_overdue(struct connections *connections);

struct connection_counts {
    size_t open;
    size_t busy;                /* those that are not between two requests */
    size_t cut[PHASES_LIMITED]; /* so far, by phase */
};

/* How many are open, which costs less than all counts. */
size_t connections_open(struct connections *connections);
struct connection_counts connections_count(struct connections *connections);

#endif
