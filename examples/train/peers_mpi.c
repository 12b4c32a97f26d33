/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers_mpi.h"

#include <stdio.h>
#include <unistd.h>

#include <diffmm/mpi.h>

#include "common/command_line.h"

/* A process has one MPI. */
static diffmm_mpi *mpi;

static int create(double deadline, diffmm_mpi **out)
{
    if (diffmm_mpi_create(MPI_COMM_WORLD, deadline, out) == DIFFMM_OK)
        return EXIT_DONE;
    complain("%s", diffmm_mpi_error_message());
    return EXIT_FAILED;
}

int peers_mpi_begin(double deadline, const diffmm_peers **out)
{
    int level;
    /* Where this fails, MPI says so itself and ends the processes. */
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    int code = create(deadline, &mpi);
    if (code == EXIT_DONE)
        *out = diffmm_mpi_peers(mpi);
    return code;
}

/* A deadline is for good: this takes a second handle. */
int peers_mpi_restart(double deadline, const diffmm_peers **out)
{
    diffmm_mpi *first = mpi, *second;
    int code = create(deadline, &second);
    if (code != EXIT_DONE)
        return code;
    mpi = second;
    *out = diffmm_mpi_peers(mpi);
    diffmm_mpi_destroy(first);
    return EXIT_DONE;
}

const char *peers_mpi_message(void)
{
    return mpi ? diffmm_mpi_error_message() : ""; /* else it has been told */
}

void peers_mpi_end(int code)
{
    diffmm_mpi_destroy(mpi);
    mpi = NULL;
    if (code == EXIT_DONE) {
        MPI_Finalize();
        return;
    }
    /* MPI_Finalize() waits for all processes: where one has died or stopped, for ever. A process
     * that ends without it makes mpirun end the others, which is right after a failure. */
    fflush(NULL);
    _exit(code);
}
