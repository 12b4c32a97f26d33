/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers through MPI. Uses the public headers of the library only, and nothing that it exports.
 *
 * Bytes travel in chunks, through memory of this file's own: after a failure MPI may go on reading
 * what is being sent, and writing what is being received, which cannot always be cancelled. The
 * library's arrays are then free long since; the chunks are kept. One chunk is under way in each
 * direction, and copying it takes a fraction of what a network takes. */
#include <diffmm/mpi.h>

#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TAG_BYTES = 1, TAG_ABANDON = 2 };
enum { CHUNK_BYTES = 4 << 20 };

static const double default_deadline = 60;
static const double abandon_seconds = 1;

struct diffmm_mpi {
    MPI_Comm communicator; /* the duplicate */
    diffmm_peers peers;
    double deadline;
    bool failed;    /* nothing is exchanged any more */
    bool abandoned; /* the others have been told */
    bool in_use;    /* MPI may still use the chunks */
    char *sent, *received;
};

static _Thread_local char text[256];

__attribute__((format(printf, 1, 2))) static void explain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
}

const char *diffmm_mpi_error_message(void)
{
    return text;
}

/* What MPI says of an error code. */
static diffmm_mpi_failure failed_mpi(const char *call, int error)
{
    char said[MPI_MAX_ERROR_STRING];
    int length;
    if (MPI_Error_string(error, said, &length) != MPI_SUCCESS)
        snprintf(said, sizeof said, "error %d", error);
    explain("%s: %s", call, said);
    return DIFFMM_MPI_ERROR;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Waits a little: at first without sleep, then asleep for an eighth of the time so far at the most, so that
 * an answer is seen soon. Ranks that share a processor leave it to those that compute. False once
 * nothing has moved for so many seconds; `since`: when something last did. */
static bool wait_on(double since, double seconds)
{
    static const double spinning = 2e-3, longest = 1e-3;
    double waited = now() - since, sleep = waited / 8.0 < longest ? waited / 8.0 : longest;
    if (waited < spinning)
        sched_yield();
    else
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * sleep)}, NULL);
    return waited < seconds;
}

/* One direction of an exchange. */
struct direction {
    int peer; /* -1: none */
    size_t left;
    int chunk; /* bytes under way */
    MPI_Request request;
    bool done;
};

static int chunk_of(const struct direction *direction)
{
    return direction->left < CHUNK_BYTES ? (int)direction->left : CHUNK_BYTES;
}

/* Start the next chunk. No bytes are a message, too: the other end waits for it. */
static int start_sending(diffmm_mpi *mpi, struct direction *out, const char *bytes)
{
    out->chunk = chunk_of(out);
    if (out->chunk > 0)
        memcpy(mpi->sent, bytes, (size_t)out->chunk);
    int error = MPI_Isend(mpi->sent, out->chunk, MPI_BYTE, out->peer, TAG_BYTES, mpi->communicator,
                          &out->request);
    return error == MPI_SUCCESS ? 0 : (int)failed_mpi("MPI_Isend", error);
}

static int start_receiving(diffmm_mpi *mpi, struct direction *in)
{
    in->chunk = chunk_of(in);
    int error = MPI_Irecv(mpi->received, in->chunk, MPI_BYTE, in->peer, TAG_BYTES,
                          mpi->communicator, &in->request);
    return error == MPI_SUCCESS ? 0 : (int)failed_mpi("MPI_Irecv", error);
}

/* Look whether the chunk has left, and start the next one. */
static int go_on_sending(diffmm_mpi *mpi, struct direction *out, const char **bytes, bool *moved)
{
    int complete;
    int error = MPI_Test(&out->request, &complete, MPI_STATUS_IGNORE);
    if (error != MPI_SUCCESS)
        return (int)failed_mpi("MPI_Test", error);
    if (!complete)
        return 0;
    *moved = true;
    out->left -= (size_t)out->chunk;
    out->done = out->left == 0;
    if (out->done)
        return 0;
    *bytes += out->chunk;
    return start_sending(mpi, out, *bytes);
}

/* Look whether the chunk is here, take it, and ask for the next one. */
static int go_on_receiving(diffmm_mpi *mpi, struct direction *in, char **bytes, bool *moved)
{
    int complete, count = 0;
    MPI_Status status;
    int error = MPI_Test(&in->request, &complete, &status);
    if (error == MPI_SUCCESS && complete)
        error = MPI_Get_count(&status, MPI_BYTE, &count);
    if (error != MPI_SUCCESS)
        return (int)failed_mpi("MPI_Test", error);
    if (!complete)
        return 0;
    if (count != in->chunk) {
        explain("peer %d sends %d bytes where %d are expected", in->peer, count, in->chunk);
        return DIFFMM_MPI_ERROR;
    }
    *moved = true;
    if (count > 0)
        memcpy(*bytes, mpi->received, (size_t)count);
    in->left -= (size_t)count;
    in->done = in->left == 0;
    if (in->done)
        return 0;
    *bytes += count;
    return start_receiving(mpi, in);
}

/* Whether one of the others has said that it leaves. */
static int look_for_abandon(const diffmm_mpi *mpi)
{
    int found;
    MPI_Status status;
    int error = MPI_Iprobe(MPI_ANY_SOURCE, TAG_ABANDON, mpi->communicator, &found, &status);
    if (error != MPI_SUCCESS)
        return (int)failed_mpi("MPI_Iprobe", error);
    if (!found)
        return 0;
    explain("peer %d has left", status.MPI_SOURCE);
    return DIFFMM_MPI_ABANDONED;
}

/* Take back a chunk under way; what MPI does not give back at once it may use for ever. */
static void take_back(diffmm_mpi *mpi, struct direction *direction)
{
    int complete = 0;
    if (direction->request == MPI_REQUEST_NULL)
        return;
    MPI_Cancel(&direction->request);
    if (MPI_Test(&direction->request, &complete, MPI_STATUS_IGNORE) == MPI_SUCCESS && complete)
        return;
    MPI_Request_free(&direction->request);
    mpi->in_use = true;
}

static int too_late(const diffmm_mpi *mpi, const struct direction *out, const struct direction *in)
{
    explain("peer %d did not answer within %g seconds", in->done ? out->peer : in->peer,
            mpi->deadline);
    return DIFFMM_MPI_DEADLINE;
}

static int carry(diffmm_mpi *mpi, struct direction *out, const char *send, struct direction *in,
                 char *receive)
{
    double since;
    bool told = false; /* that a peer leaves */
    since = now();
    int failure = in->done ? 0 : start_receiving(mpi, in);
    if (failure == 0 && !out->done)
        failure = start_sending(mpi, out, send);
    while (failure == 0) {
        bool moved = false;
        if (!out->done)
            failure = go_on_sending(mpi, out, &send, &moved);
        if (failure == 0 && !in->done)
            failure = go_on_receiving(mpi, in, &receive, &moved);
        if (failure != 0 || (out->done && in->done))
            break;
        if (moved) {
            since = now();
            told = false;
            continue;
        }
        failure = look_for_abandon(mpi);
        if (failure == DIFFMM_MPI_ABANDONED && !told) {
            told = true; /* what was sent before that may just have arrived: look once more */
            failure = 0;
        } else if (failure == 0 && !wait_on(since, mpi->deadline)) {
            failure = too_late(mpi, out, in);
        }
    }
    return failure;
}

static int exchange(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                    size_t receive_bytes, void *user_data)
{
    diffmm_mpi *mpi = user_data;
    if (mpi->failed) {
        explain("this process has left its peers");
        return DIFFMM_MPI_ABANDONED;
    }
    struct direction out = {
        .peer = to, .left = send_bytes, .request = MPI_REQUEST_NULL, .done = to < 0};
    struct direction in = {
        .peer = from, .left = receive_bytes, .request = MPI_REQUEST_NULL, .done = from < 0};
    int failure = carry(mpi, &out, send, &in, receive);
    if (failure != 0) {
        mpi->failed = true;
        take_back(mpi, &out);
        take_back(mpi, &in);
    }
    return failure;
}

/* A message without bytes to everybody. A peer that is dead takes none: what has not left in a
 * second is given up. */
static void abandon(int32_t status, void *user_data)
{
    diffmm_mpi *mpi = user_data;
    (void)status;
    mpi->failed = true;
    if (mpi->abandoned)
        return;
    mpi->abandoned = true;
    double since = now();
    for (int peer = 0; peer < (int)mpi->peers.size; peer++) {
        MPI_Request request;
        int complete = 0;
        if (peer == (int)mpi->peers.rank || MPI_Isend(NULL, 0, MPI_BYTE, peer, TAG_ABANDON,
                                                      mpi->communicator, &request) != MPI_SUCCESS)
            continue;
        while (MPI_Test(&request, &complete, MPI_STATUS_IGNORE) == MPI_SUCCESS && !complete &&
               wait_on(since, abandon_seconds))
            ;
        if (request != MPI_REQUEST_NULL)
            MPI_Request_free(&request);
    }
}

/* Whether MPI can be called here. */
static diffmm_status check_mpi(void)
{
    int initialized = 0, finalized = 0, level = MPI_THREAD_SINGLE, is_main = 0;
    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    if (!initialized || finalized) {
        explain(finalized ? "MPI has been finalised" : "MPI has not been initialised");
        return DIFFMM_ERROR_STATE;
    }
    MPI_Query_thread(&level);
    MPI_Is_thread_main(&is_main);
    if (level < MPI_THREAD_FUNNELED) {
        explain("MPI was initialised without threads: MPI_Init_thread() with MPI_THREAD_FUNNELED "
                "is needed");
        return DIFFMM_ERROR_STATE;
    }
    if (level == MPI_THREAD_FUNNELED && !is_main) {
        explain("MPI was initialised with MPI_THREAD_FUNNELED by another thread");
        return DIFFMM_ERROR_STATE;
    }
    return DIFFMM_OK;
}

static diffmm_status check_arguments(MPI_Comm communicator, double deadline, diffmm_mpi **out)
{
    int inter = 0;
    if (!out) {
        explain("out is NULL");
        return DIFFMM_ERROR_INVALID_ARGUMENT;
    }
    if (!isfinite(deadline) || deadline < 0) {
        explain("deadline_seconds is %g: a number from 0 on is expected", deadline);
        return DIFFMM_ERROR_INVALID_ARGUMENT;
    }
    diffmm_status status = check_mpi();
    if (status != DIFFMM_OK)
        return status;
    if (communicator == MPI_COMM_NULL) {
        explain("communicator is MPI_COMM_NULL");
        return DIFFMM_ERROR_INVALID_ARGUMENT;
    }
    MPI_Comm_test_inter(communicator, &inter);
    if (inter) {
        explain("communicator is an intercommunicator");
        return DIFFMM_ERROR_INVALID_ARGUMENT;
    }
    return DIFFMM_OK;
}

/* MPI_Comm_dup() would wait for ever for a rank that does not come. */
static diffmm_status duplicate(diffmm_mpi *mpi, MPI_Comm communicator)
{
    MPI_Request request;
    int complete = 0;
    double since = now();
    int error = MPI_Comm_idup(communicator, &mpi->communicator, &request);
    while (error == MPI_SUCCESS && !complete) {
        error = MPI_Test(&request, &complete, MPI_STATUS_IGNORE);
        if (error == MPI_SUCCESS && !complete && !wait_on(since, mpi->deadline)) {
            explain("not every rank has called diffmm_mpi_create() within %g seconds",
                    mpi->deadline);
            mpi->in_use = true; /* the result may still be written */
            return DIFFMM_ERROR_PEER;
        }
    }
    if (error == MPI_SUCCESS)
        error = MPI_Comm_set_errhandler(mpi->communicator, MPI_ERRORS_RETURN);
    if (error == MPI_SUCCESS)
        return DIFFMM_OK;
    failed_mpi("MPI_Comm_idup", error);
    return DIFFMM_ERROR_PEER;
}

static void free_memory(diffmm_mpi *mpi)
{
    free(mpi->sent);
    free(mpi->received);
    free(mpi);
}

diffmm_status diffmm_mpi_create(MPI_Comm communicator, double deadline_seconds, diffmm_mpi **out)
{
    diffmm_status status = check_arguments(communicator, deadline_seconds, out);
    if (status != DIFFMM_OK)
        return status;
    diffmm_mpi *mpi = calloc(1, sizeof *mpi);
    if (mpi) {
        mpi->sent = malloc(CHUNK_BYTES);
        mpi->received = malloc(CHUNK_BYTES);
    }
    if (!mpi || !mpi->sent || !mpi->received) {
        if (mpi)
            free_memory(mpi);
        explain("no memory for chunks of %d bytes", CHUNK_BYTES);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    mpi->deadline = deadline_seconds > 0 ? deadline_seconds : default_deadline;
    status = duplicate(mpi, communicator);
    if (status != DIFFMM_OK) {
        if (!mpi->in_use)
            free_memory(mpi);
        return status;
    }
    int rank, size;
    MPI_Comm_rank(mpi->communicator, &rank);
    MPI_Comm_size(mpi->communicator, &size);
    mpi->peers = (diffmm_peers){.struct_size = sizeof mpi->peers,
                                .rank = (uint32_t)rank,
                                .size = (uint32_t)size,
                                .exchange = exchange,
                                .abandon = abandon,
                                .user_data = mpi};
    *out = mpi;
    return DIFFMM_OK;
}

const diffmm_peers *diffmm_mpi_peers(const diffmm_mpi *mpi)
{
    return mpi ? &mpi->peers : NULL;
}

void diffmm_mpi_destroy(diffmm_mpi *mpi)
{
    int finalized = 0;
    if (!mpi)
        return;
    MPI_Finalized(&finalized);
    if (!finalized && !mpi->failed)
        MPI_Comm_free(&mpi->communicator);
    if (mpi->in_use)
        mpi->sent = mpi->received = NULL;
    free_memory(mpi);
}
