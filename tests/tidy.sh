#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# clang-tidy over lib/, with the checks of .clang-tidy; fails where there is a finding.
# usage: tidy.sh ROOT zip|none
set -eu
cd "$1"
zip=
[ "$2" = none ] || zip=-DDIFFMM__HAVE_LIBZIP
find lib -name '*.c' | sort | xargs -P "$(nproc)" -n 6 sh -c '
    zip=$1
    shift
    clang-tidy --quiet "$@" -- -std=c11 -D_GNU_SOURCE -DDIFFMM__VARIANT=portable -DDIFFMM__VECTOR_BYTES=16 $zip -Iinclude -Ilib \
        2>/dev/null
' sh "$zip"
echo "no findings"
