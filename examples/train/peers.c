/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers.h"

#include <stdio.h>
#include <string.h>

#include "common/command_line.h"
#include "peers_mpi.h"

/* What only peer 0 does. The others read the checkpoint, but do not write it (fit.c). */
static void be_quiet(struct arguments *arguments)
{
    arguments->quiet = true;
    arguments->log = arguments->report = arguments->csv = arguments->model = NULL;
    arguments->json = arguments->verbose = false;
}

static int begin_tcp(struct peers *peers, const struct arguments *arguments)
{
    const char *list = arguments->peers + strlen(PEERS_TCP);
    if (!tcp_peers_begin(&peers->tcp, list, (uint32_t)arguments->rank,
                         (double)arguments->peer_deadline)) {
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
    if (!peers->mpi)
        name_speaker((uint32_t)arguments->rank);
    int code = peers->mpi ? peers_mpi_begin((double)arguments->peer_deadline, &peers->joined)
                          : begin_tcp(peers, arguments);
    if (code != EXIT_DONE)
        return code;
    name_speaker(peers->joined->rank);
    if (peers->joined->rank > 0)
        be_quiet(arguments);
    return EXIT_DONE;
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
