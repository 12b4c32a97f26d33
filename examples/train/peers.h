/* SPDX-License-Identifier: BSD-2-Clause */
/* --peers: the other processes of a shared training, through MPI or TCP. */
#ifndef DIFFMM_EXAMPLES_TRAIN_PEERS_H
#define DIFFMM_EXAMPLES_TRAIN_PEERS_H

#include "arguments.h"
#include "tcp_peers.h"

struct peers {
    const diffmm_peers *joined; /* for diffmm_trainer_join(); NULL: this process is alone */
    bool mpi;
    struct tcp_peers tcp;
    double deadline; /* once they train: how long to wait while nothing comes */
};

/* Reach those that the command line names, if any. Only peer 0 writes files and tells anything but
 * errors: from `arguments` of the others goes what would. An exit status, after complaining.
 * Processes may be started one after the other, and read their data at different speeds: until
 * peers_start() they wait for each other for ten minutes. */
int peers_begin(struct peers *peers, struct arguments *arguments);

/* This process has what it trains on: wait until all have, and from then on no longer than the
 * deadline. An exit status, after complaining. */
int peers_start(struct peers *peers);

/* Peer 0 tells the others a number, which all then have. An exit status. */
int peers_tell(const struct peers *peers, uint32_t *number);

/* The program ends with `code`: where that is a failure, tell the others, and say what the network
 * said, if it was the reason. Where MPI cannot be finalised any more, this ends the program. */
void peers_end(struct peers *peers, int code);

#endif
