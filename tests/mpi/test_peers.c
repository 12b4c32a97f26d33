/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers through MPI (diffmm/mpi.h), as ranks that mpirun.sh starts: what one sends arrives whole, whatever sizes
 * go both ways at once; a rank that leaves or stops fails the others. Every rank ends with 0, or says what is wrong.
 *
 *     test_peers WHAT */
#include <diffmm/mpi.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 9 << 20 };

static int failures;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not %s; \"%s\"\n", __FILE__, __LINE__, #condition,             \
                    diffmm_mpi_error_message());                                                   \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static int swap(const diffmm_peers *peers, int32_t to, const void *send, size_t send_bytes,
                int32_t from, void *receive, size_t receive_bytes)
{
    return peers->exchange(to, send, send_bytes, from, receive, receive_bytes, peers->user_data);
}

/* What a rank sends in a round: nothing, little, a chunk to the byte, or several. */
static size_t size_in(uint32_t from, uint32_t round)
{
    static const size_t sizes[] = {0, 1, 5000, 4 << 20, (4 << 20) + 1, 100000, LARGEST};
    return sizes[(from * 3 + round) % 7];
}

static void fill(unsigned char *bytes, uint32_t from, uint32_t round)
{
    for (size_t i = 0; i < size_in(from, round); i++)
        bytes[i] = (unsigned char)(i * 31 + i / 256 * 7 + from * 101 + round * 13);
}

static void exchange_much(const diffmm_peers *peers)
{
    uint32_t size = peers->size, rank = peers->rank;
    unsigned char *sent = malloc(LARGEST), *received = malloc(LARGEST), *expected = malloc(LARGEST);
    if (!sent || !received || !expected)
        exit(2);
    for (uint32_t round = 0; round < 7; round++) { /* with itself, where it is alone */
        uint32_t step = size > 1 ? 1 + round % (size - 1) : 0;
        uint32_t to = (rank + step) % size, from = (rank + size - step) % size;
        fill(sent, rank, round);
        fill(expected, from, round);
        EXPECT(swap(peers, (int32_t)to, sent, size_in(rank, round), (int32_t)from, received,
                    size_in(from, round)) == 0);
        EXPECT(memcmp(received, expected, size_in(from, round)) == 0);
    }
    for (uint32_t from = 0; from + 1 < size; from++) {
        fill(sent, from, 6);
        if (rank == from)
            EXPECT(swap(peers, (int32_t)rank + 1, sent, size_in(from, 6), -1, NULL, 0) == 0);
        if (rank == from + 1) {
            EXPECT(swap(peers, -1, NULL, 0, (int32_t)from, received, size_in(from, 6)) == 0);
            EXPECT(memcmp(received, sent, size_in(from, 6)) == 0);
        }
    }
    free(sent);
    free(received);
    free(expected);
}

/* Once round the ring. */
static int go_round(const diffmm_peers *peers)
{
    static unsigned char sent[LARGEST], received[LARGEST];
    uint32_t size = peers->size, rank = peers->rank;
    return swap(peers, (int32_t)((rank + 1) % size), sent, sizeof sent,
                (int32_t)((rank + size - 1) % size), received, sizeof received);
}

/* The last rank hears from all others, and leaves. These are in the midst of something then, and do not
 * wait for the deadline. */
static void abandon(const diffmm_peers *peers)
{
    uint32_t last = peers->size - 1;
    char byte = 0;
    EXPECT(go_round(peers) == 0);
    if (peers->rank < last) {
        EXPECT(swap(peers, (int32_t)last, &byte, 1, -1, NULL, 0) == 0);
        EXPECT(go_round(peers) == DIFFMM_MPI_ABANDONED);
    }
    for (uint32_t from = 0; peers->rank == last && from < last; from++)
        EXPECT(swap(peers, -1, NULL, 0, (int32_t)from, &byte, 1) == 0);
    peers->abandon(DIFFMM_CANCELLED, peers->user_data);
    peers->abandon(DIFFMM_CANCELLED, peers->user_data);
    EXPECT(go_round(peers) == DIFFMM_MPI_ABANDONED);
    EXPECT(strcmp(diffmm_mpi_error_message(), "this process has left its peers") == 0);
}

/* Rank 1 stops; rank 0 waits for it until the deadline, leaves, and wakes it up. */
static void stop(const diffmm_peers *peers)
{
    pid_t own = getpid(), other = 0;
    int32_t peer = 1 - (int32_t)peers->rank;
    EXPECT(swap(peers, peer, &own, sizeof own, peer, &other, sizeof other) == 0);
    if (peers->rank == 0) {
        EXPECT(go_round(peers) == DIFFMM_MPI_DEADLINE);
        EXPECT(strcmp(diffmm_mpi_error_message(), "peer 1 did not answer within 1 seconds") == 0);
        kill(other, SIGCONT);
    } else {
        raise(SIGSTOP);
        /* What was under way may be here before what says that peer 0 has left. */
        for (int failure = 0; failure == 0;)
            failure = go_round(peers);
    }
    peers->abandon(DIFFMM_ERROR_PEER, peers->user_data);
}

/* More or fewer bytes than expected. */
static void disagree(const diffmm_peers *peers)
{
    char bytes[8] = "";
    bool first = peers->rank == 0;
    if (first) {
        EXPECT(swap(peers, 1, bytes, 7, -1, NULL, 0) == 0);
        EXPECT(swap(peers, 1, bytes, 8, -1, NULL, 0) != DIFFMM_MPI_DEADLINE);
        return;
    }
    EXPECT(swap(peers, -1, NULL, 0, 0, bytes, 8) == DIFFMM_MPI_ERROR);
    EXPECT(strcmp(diffmm_mpi_error_message(), "peer 0 sends 7 bytes where 8 are expected") == 0);
}

static void refuse(void)
{
    diffmm_mpi *mpi = NULL;
    EXPECT(diffmm_mpi_create(MPI_COMM_WORLD, 1, NULL) == DIFFMM_ERROR_INVALID_ARGUMENT);
    EXPECT(strcmp(diffmm_mpi_error_message(), "out is NULL") == 0);
    EXPECT(diffmm_mpi_create(MPI_COMM_WORLD, -1, &mpi) == DIFFMM_ERROR_INVALID_ARGUMENT);
    EXPECT(strstr(diffmm_mpi_error_message(), "deadline_seconds is -1: ") != NULL);
    EXPECT(diffmm_mpi_create(MPI_COMM_NULL, 1, &mpi) == DIFFMM_ERROR_INVALID_ARGUMENT);
    EXPECT(strcmp(diffmm_mpi_error_message(), "communicator is MPI_COMM_NULL") == 0);
    EXPECT(!mpi);
    EXPECT(!diffmm_mpi_peers(NULL));
    diffmm_mpi_destroy(NULL);
}

/* One rank does not come. */
static void miss(void)
{
    diffmm_mpi *mpi = NULL;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        EXPECT(diffmm_mpi_create(MPI_COMM_WORLD, 1, &mpi) == DIFFMM_ERROR_PEER);
        EXPECT(strstr(diffmm_mpi_error_message(), "not every rank has called ") != NULL);
    }
    fflush(NULL);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        double deadline;
        void (*play)(const diffmm_peers *peers);
    } plays[] = {{"exchange", 0, exchange_much},
                 {"abandon", 0, abandon},
                 {"stop", 1, stop},
                 {"disagree", 20, disagree}};
    const char *what = argc == 2 ? argv[1] : "";
    diffmm_mpi *mpi = NULL;
    int level, known = strcmp(what, "refuse") == 0 || strcmp(what, "miss") == 0;
    EXPECT(diffmm_mpi_create(MPI_COMM_WORLD, 0, &mpi) == DIFFMM_ERROR_STATE);
    EXPECT(strcmp(diffmm_mpi_error_message(), "MPI has not been initialised") == 0);
    bool single = strcmp(what, "single") == 0;
    MPI_Init_thread(NULL, NULL, single ? MPI_THREAD_SINGLE : MPI_THREAD_FUNNELED, &level);
    if (strcmp(what, "refuse") == 0)
        refuse();
    if (strcmp(what, "miss") == 0)
        miss();
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++)
        if (strcmp(what, plays[i].name) == 0) {
            known = 1;
            EXPECT(diffmm_mpi_create(MPI_COMM_WORLD, plays[i].deadline, &mpi) == DIFFMM_OK);
            if (mpi)
                plays[i].play(diffmm_mpi_peers(mpi));
            diffmm_mpi_destroy(mpi);
        }
    if (single) {
        known = 1;
        EXPECT(level > MPI_THREAD_SINGLE ||
               diffmm_mpi_create(MPI_COMM_WORLD, 0, &mpi) == DIFFMM_ERROR_STATE);
    }
    EXPECT(known);
    MPI_Finalize();
    EXPECT(diffmm_mpi_create(MPI_COMM_WORLD, 0, &mpi) == DIFFMM_ERROR_STATE);
    EXPECT(strcmp(diffmm_mpi_error_message(), "MPI has been finalised") == 0);
    return failures > 0;
}
