/* SPDX-License-Identifier: BSD-2-Clause */
/** @file mpi.h
 *  Peers of a shared training (peers.h) that reach each other through MPI: libdiffmm-mpi, a library
 *  of its own, so that libdiffmm knows no MPI. It is there where the build has found one. pkg-config
 *  knows it as `diffmm-mpi`, CMake as `diffmm::diffmm_mpi` of the package's component `mpi`.
 *
 *      diffmm_mpi *mpi;
 *      if (diffmm_mpi_create(MPI_COMM_WORLD, 0, &mpi) == DIFFMM_OK &&
 *          diffmm_trainer_join(trainer, diffmm_mpi_peers(mpi)) == DIFFMM_OK)
 *          ...
 *
 *  The host initialises MPI, with MPI_THREAD_FUNNELED or more, and finalises it. Nothing here does
 *  so, nor aborts.
 *
 *  Context and threads: these functions, and calls on a trainer that has joined, are made by the
 *  threads that may call MPI: with MPI_THREAD_FUNNELED the one that has initialised it. */
#ifndef DIFFMM_MPI_H
#define DIFFMM_MPI_H

#include <diffmm/peers.h>
#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A duplicate of the host's communicator, and chunks of memory on the way to and from it. */
typedef struct diffmm_mpi diffmm_mpi;

/** What `exchange` returns when it fails; diffmm_mpi_error_message() has the details. */
typedef enum diffmm_mpi_failure {
    DIFFMM_MPI_ERROR = 1, /**< MPI reported an error, or the peer sends another number of bytes */
    DIFFMM_MPI_ABANDONED = 2, /**< a peer has left, or this process has */
    DIFFMM_MPI_DEADLINE = 3   /**< nothing arrived or left in time */
} diffmm_mpi_failure;

/** Make the ranks of a communicator peers: rank r there is peer r. Every rank makes this call.
 *
 *  The communicator is duplicated, so that no message of the host's is taken for one of the
 *  training, and errors on the duplicate are returned (MPI_ERRORS_RETURN). Errors of the
 *  duplication itself go to the error handler of the host's communicator.
 *  @param communicator      of one group (no intercommunicator)
 *  @param deadline_seconds  how long to wait, here and in an exchange, while nothing moves; more
 *                           than a peer takes for a batch, and than it stays behind the others
 *                           between two calls: rank 0 that writes a checkpoint, or a rank that is
 *                           long in reading its data before it joins (MPI_Barrier() before
 *                           diffmm_trainer_join() waits for it without a deadline). 0: 60
 *  @param out               the caller's, for diffmm_mpi_destroy() */
DIFFMM_API diffmm_status diffmm_mpi_create(MPI_Comm communicator, double deadline_seconds,
                                           diffmm_mpi **out);

/** What diffmm_trainer_join() takes. Borrowed until diffmm_mpi_destroy(), which must not come before
 *  the trainer has left its peers or ended.
 *
 *  After a failed exchange, or an abandon(), every further exchange returns DIFFMM_MPI_ABANDONED: to
 *  join again, make a communicator of the ranks that are left, and a new handle.
 *
 *  abandon() tells every rank, by a message that each looks for while it waits in an exchange. It
 *  takes a second at most. A host that gives up its training for another reason may call it, too. */
DIFFMM_API const diffmm_peers *diffmm_mpi_peers(const diffmm_mpi *mpi);

/** What was wrong when a function of this library, `exchange` included, last failed on this thread;
 *  "" if none failed yet. Borrowed until the next failure. */
DIFFMM_API const char *diffmm_mpi_error_message(void);

/** Free it; NULL is accepted. All ranks call this, before MPI_Finalize(), as for MPI_Comm_free().
 *  After a failure the duplicate is left to MPI, since ranks that are gone cannot free it, and so
 *  are chunks that MPI may still read or write. */
DIFFMM_API void diffmm_mpi_destroy(diffmm_mpi *mpi);

#ifdef __cplusplus
}
#endif
#endif
