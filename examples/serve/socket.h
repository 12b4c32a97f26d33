/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket. */
#ifndef DIFFMM_EXAMPLES_SERVE_SOCKET_H
#define DIFFMM_EXAMPLES_SERVE_SOCKET_H

#include <stddef.h>

/* A socket that listens on a port of a host's address; port 0: any that is free. -1 after
 * complaining. */
int socket_listen(const char *host, size_t port);

/* Print on stdout where it listens; with port 0 that tells which port it has got. */
void socket_announce(int socket);

/* Leave requests to connect without an answer, which clients take for a lost packet; handshakes
 * under way go on, and so do connections. Where that cannot be had, nothing changes. */
void socket_put_off(int socket);

#endif
