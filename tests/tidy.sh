#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# clang-tidy over lib/, with the checks of .clang-tidy; fails where there is a finding. With DIFFMM_TESTS=short
# without the static analyser, which takes nine tenths of the time.
# usage: tidy.sh ROOT zip|none
set -eu
cd "$1"
zip=
[ "$2" = none ] || zip=-DDIFFMM__HAVE_LIBZIP
# What needs MPI's headers is left out where they are not.
left_out='^$'
checks=
[ "${DIFFMM_TESTS:-long}" != short ] || checks='--checks=-clang-analyzer-*'
mpi=$(pkg-config --cflags mpi-c 2>/dev/null | sed 's/-I/-isystem /g')
[ -n "$mpi" ] || left_out='^lib/mpi/'
find lib -name '*.c' | grep -v "$left_out" | sort | xargs -P "$(nproc)" -n 6 sh -c '
    zip=$1 mpi=$2 checks=$3
    shift 3
    clang-tidy --quiet $checks "$@" -- -std=c11 -D_GNU_SOURCE -DDIFFMM__VARIANT=portable -DDIFFMM__VECTOR_BYTES=16 $zip $mpi -Iinclude -Iinclude/mpi -Ilib \
        2>/dev/null
' sh "$zip" "$mpi" "$checks"
echo "no findings"
