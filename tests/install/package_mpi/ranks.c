/* SPDX-License-Identifier: BSD-2-Clause */
/* The training of consumer.c, shared by the ranks of MPI: the first one prints the same. */
#include <inttypes.h>
#include <stdio.h>

#include <diffmm/mpi.h>

#include "training.h"

static void print(uint64_t checksum, const diffmm_hit hits[5])
{
    printf("model %016" PRIx64 "\n", checksum);
    for (int i = 0; i < 5; i++)
        printf("item %d score %a\n", (int)hits[i].item, (double)hits[i].score);
}

int main(int argc, char **argv)
{
    int level, code = 1;
    uint64_t checksum;
    diffmm_hit hits[5];
    diffmm_mpi *mpi = NULL;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    if (diffmm_mpi_create(MPI_COMM_WORLD, 0, &mpi))
        fprintf(stderr, "%s\n", diffmm_mpi_error_message());
    else if (train_with(diffmm_mpi_peers(mpi), 1, &checksum, hits))
        fprintf(stderr, "%s\n", diffmm_error_message());
    else
        code = 0;
    if (code == 0 && diffmm_mpi_peers(mpi)->rank == 0)
        print(checksum, hits);
    if (code != 0)
        MPI_Abort(MPI_COMM_WORLD, code);
    diffmm_mpi_destroy(mpi);
    MPI_Finalize();
    return 0;
}
