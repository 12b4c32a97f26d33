/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers of a shared training (diffmm/peers.h) that reach each other through TCP, without MPI.
 *
 * Nothing is encrypted, and whoever can reach a port of the list while the training begins, and
 * knows the list, can take part: this is for a network of one's own. */
#ifndef DIFFMM_EXAMPLES_TRAIN_TCP_PEERS_H
#define DIFFMM_EXAMPLES_TRAIN_TCP_PEERS_H

#include <stdbool.h>

#include <diffmm/peers.h>

/* What `exchange` returns when it fails. */
enum tcp_failure {
    TCP_FAILED = 1,    /* the system reported an error, or the peer sends what is not expected */
    TCP_ABANDONED = 2, /* the peer has left, or this process has */
    TCP_DEADLINE = 3   /* nothing arrived or left in time */
};

struct tcp_peers {
    diffmm_peers peers; /* for diffmm_trainer_join() */
    double deadline;
    int *sockets;      /* by rank; -1 at the own one, and once this process has left its peers */
    bool left;         /* nothing is exchanged any more */
    char message[400]; /* what failed last, here or in an exchange */
};

/* Connect with the peers of a list HOST:PORT,HOST:PORT,.., of whom this process is number `rank`:
 * it listens there. `deadline` is how many seconds to wait for all peers, and later in an exchange
 * while nothing moves. False, with a message. */
bool tcp_peers_begin(struct tcp_peers *tcp, const char *list, uint32_t rank, double deadline);
void tcp_peers_end(struct tcp_peers *tcp);

#endif
