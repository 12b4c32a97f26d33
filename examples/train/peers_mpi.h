/* SPDX-License-Identifier: BSD-2-Clause */
/* MPI for this process, where the program was built with it (peers_mpi.c; else peers_without_mpi.c). */
#ifndef DIFFMM_EXAMPLES_TRAIN_PEERS_MPI_H
#define DIFFMM_EXAMPLES_TRAIN_PEERS_MPI_H

#include <diffmm/peers.h>

/* Initialise MPI, and make all its processes peers. An exit status, after complaining. */
int peers_mpi_begin(double deadline, const diffmm_peers **out);

/* The same peers, all of whom call this, with another deadline. An exit status, after complaining. */
int peers_mpi_restart(double deadline, const diffmm_peers **out);

/* What went wrong among them; "" for nothing. */
const char *peers_mpi_message(void);

/* Finalise MPI. After a failure (`code`) that would wait for processes that are gone: then the
 * program ends here. */
void peers_mpi_end(int code);

#endif
