/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers.h"

#include <stdio.h>
#include <string.h>

#include "common/command_line.h"
#include "peers_mpi.h"

static const double patience = 600; /* seconds, until all have what they train on */

/* What only peer 0 does. The others read the checkpoint, but do not write it (fit.c). */
static void be_quiet(struct arguments *arguments)
{
    arguments->quiet = true;
    arguments->log = arguments->report = arguments->csv = arguments->model = NULL;
    arguments->json = arguments->verbose = false;
}

static int begin_tcp(struct peers *peers, const struct arguments *arguments, double deadline)
{
    const char *list = arguments->peers + strlen(PEERS_TCP);
    if (!tcp_peers_begin(&peers->tcp, list, (uint32_t)arguments->rank, deadline)) {
        complain("%s", peers->tcp.message);
        return EXIT_FAILED;
    }
    peers->joined = &peers->tcp.peers;
    return EXIT_DONE;
}

/* Who speaks, from here on: peer 0 as if it were alone. */
static void name_speaker(uint32_t rank)
{
    static char speaker[24];
    if (rank == 0)
        return;
    snprintf(speaker, sizeof speaker, "peer %u: ", rank);
    complain_as(speaker);
}

int peers_begin(struct peers *peers, struct arguments *arguments)
{
    *peers = (struct peers){0};
    if (!arguments->peers)
        return EXIT_DONE;
    peers->mpi = strcmp(arguments->peers, PEERS_MPI) == 0;
    peers->deadline = (double)arguments->peer_deadline;
    if (!peers->mpi)
        name_speaker((uint32_t)arguments->rank);
    double longer = peers->deadline < patience ? patience : peers->deadline;
    int code =
        peers->mpi ? peers_mpi_begin(longer, &peers->joined) : begin_tcp(peers, arguments, longer);
    if (code != EXIT_DONE)
        return code;
    name_speaker(peers->joined->rank);
    if (peers->joined->rank > 0)
        be_quiet(arguments);
    return EXIT_DONE;
}

/* Each passes a word around the ring of all: then every one has come here. */
static bool meet(const diffmm_peers *peers)
{
    const char said = 0;
    char heard;
    int32_t next = (int32_t)((peers->rank + 1) % peers->size),
            previous = (int32_t)((peers->rank + peers->size - 1) % peers->size);
    bool met = true;
    for (uint32_t step = 1; met && step < peers->size; step++)
        met = peers->exchange(next, &said, 1, previous, &heard, 1, peers->user_data) == 0;
    return met;
}

int peers_start(struct peers *peers)
{
    if (!peers->joined)
        return EXIT_DONE;
    if (!meet(peers->joined))
        return EXIT_FAILED; /* peers_end() says why */
    if (peers->mpi)
        return peers_mpi_restart(peers->deadline, &peers->joined);
    peers->tcp.deadline = peers->deadline;
    return EXIT_DONE;
}

int peers_tell(const struct peers *peers, uint32_t *number)
{
    const diffmm_peers *joined = peers->joined;
    bool told = true;
    if (joined && joined->rank > 0)
        told = joined->exchange(-1, NULL, 0, 0, number, sizeof *number, joined->user_data) == 0;
    for (uint32_t peer = 1; joined && joined->rank == 0 && told && peer < joined->size; peer++)
        told = joined->exchange((int32_t)peer, number, sizeof *number, -1, NULL, 0,
                                joined->user_data) == 0;
    return told ? EXIT_DONE : EXIT_FAILED; /* peers_end() says why */
}

void peers_end(struct peers *peers, int code)
{
    const diffmm_peers *joined = peers->joined;
    if (joined && code != EXIT_DONE) {
        const char *message = peers->mpi ? peers_mpi_message() : peers->tcp.message;
        if (*message)
            complain("%s", message);
        joined->abandon(DIFFMM_ERROR_PEER, joined->user_data);
    }
    if (peers->mpi)
        peers_mpi_end(code);
    else if (joined)
        tcp_peers_end(&peers->tcp);
    peers->joined = NULL;
}
