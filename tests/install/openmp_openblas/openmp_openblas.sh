#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A host with OpenMP and OpenBLAS of its own, linked before and after the library, shared and
# static: neither disturbs the other. The host's results are those of the host alone, the model's
# those of a program without OpenMP and OpenBLAS, bit for bit; no setting changes.
# usage: openmp_openblas.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
build=$1 source=$2
. "$source/tests/install/prefix.sh"
cd "$source/tests/install"
pkg-config --exists openblas || skip "there is no OpenBLAS"
openblas=$(pkg-config --libs openblas)
compile="$cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fopenmp -I."
compile="$compile $(pkg-config --cflags openblas diffmm)"
cat >"$work/probe.c" <<'C'
#include <cblas.h>
#include <omp.h>
int main(void) { return omp_in_parallel(); }
C
# shellcheck disable=SC2086
$compile -o "$work/probe" "$work/probe.c" $openblas 2>/dev/null || skip "no OpenMP, or no cblas.h"

consumer_expected "$work/output"
head -n 1 "$work/output" >"$work/model"
$compile -o "$work/alone" openmp_openblas/host.c \
    openmp_openblas/host_work.c checksum.c $openblas -lm
OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=2 "$work/alone" >"$work/expected"
cat "$work/model" >>"$work/expected"
cat "$work/expected"

# Link in the order given and compare. The host takes cblas_sgemm from BLIS if it names that first:
# then its own results have BLIS's bits, and only they.
try() {
    name=$1 blas=$2
    shift 2
    $compile -o "$work/both" openmp_openblas/both.c openmp_openblas/host_work.c training.c \
        checksum.c "$@" -lm
    OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=2 "$work/both" >"$work/output" 2>"$work/log" || {
        cat "$work/log"
        exit 1
    }
    grep -q "$blas" "$work/log" || { cat "$work/log"; exit 1; }
    if [ "$blas" = openblas ]; then
        cmp "$work/expected" "$work/output"
    else
        grep -v '^host' "$work/expected" >"$work/expected.less"
        grep -v '^host' "$work/output" | cmp "$work/expected.less" -
    fi
    echo "$name: the same ($(cat "$work/log"))"
}
shared=$(pkg-config --libs diffmm)
# shellcheck disable=SC2086
{
    try "OpenBLAS first" openblas $openblas $shared
    try "the library first" openblas $shared $openblas
    rm "$lib"/libdiffmm.so*
    static=$(pkg-config --libs --static diffmm)
    try "static, OpenBLAS first" openblas $openblas $static
    try "static, the library and its BLIS first" blis $static $openblas
}
