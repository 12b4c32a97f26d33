/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers_mpi.h"

#include "common/command_line.h"

int peers_mpi_begin(double deadline, const diffmm_peers **out)
{
    (void)deadline;
    (void)out;
    complain("--peers mpi: this program was built without MPI; --peers tcp://.. needs none");
    return EXIT_USAGE;
}

int peers_mpi_restart(double deadline, const diffmm_peers **out)
{
    return peers_mpi_begin(deadline, out);
}

const char *peers_mpi_message(void)
{
    return "";
}

void peers_mpi_end(int code)
{
    (void)code;
}
