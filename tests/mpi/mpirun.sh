#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Run a program as several ranks of MPI on this machine.
# usage: mpirun.sh RANKS PROGRAM [ARGUMENT ..]
ranks=$1
shift
command -v mpirun >/dev/null || {
    echo "skipped: no mpirun"
    exit 77
}
# As root, as in a container, Open MPI wants to be told twice. What MPI itself does not free is not looked for.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ASAN_OPTIONS=detect_leaks=0
exec mpirun --oversubscribe --bind-to none -n "$ranks" "$@"
