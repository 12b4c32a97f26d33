#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each public header compiles alone, and twice, without a warning: as C11, C17 and C++17, by every
# compiler there is; clang also compares comments with declarations. They include nothing but each other
# and standard C, name nothing of BLIS, and diffmm.h includes them all,
# but not with_message.h, which the build writes into a folder of its own.
# usage: headers.sh HEADER-FOLDER FOLDER-OF-WITH_MESSAGE.H
set -eu
folder=$1 written=$2
failed=0
complain() {
    echo "$*" >&2
    failed=1
}

# Compile as language $1 (c, c++) and standard $2 with the compiler that follows.
compile() {
    language=$1 standard=$2
    shift 2
    for header in "$folder"/*.h "$written/with_message.h"; do
        name=diffmm/$(basename "$header")
        printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
            "$@" -x "$language" -std="$standard" -Wall -Wextra -pedantic -Werror -fsyntax-only \
                -I"$folder/.." -I"$written/.." - || complain "$name as $standard by $1"
    done
}

compilers=0
for c in gcc clang; do
    command -v $c >/dev/null || continue
    compilers=$((compilers + 1))
    comments=
    [ $c = clang ] && comments='-Wdocumentation -Wdocumentation-pedantic'
    for standard in c11 c17; do
        # shellcheck disable=SC2086
        compile c $standard $c -Wstrict-prototypes -Wmissing-prototypes $comments
    done
done
for cxx in g++ clang++; do
    command -v $cxx >/dev/null || continue
    compilers=$((compilers + 1))
    compile c++ c++17 $cxx
done
[ $compilers -gt 0 ] || complain "no compiler"

for header in "$folder"/*.h "$written/with_message.h"; do
    name=$(basename "$header")
    others=$(sed -n 's/^ *# *include *//p' "$header" |
        grep -vE '^<(stddef\.h|stdint\.h|diffmm/[a-z_]+\.h)>$' || true)
    [ -z "$others" ] || complain "$name includes $others"
    if grep -nE '\b(bli_|blis|BLIS_|FILE|off_t|ssize_t|pthread|pid_t|time_t)' "$header" |
        grep -vE '^[0-9]+:[ /]*\*'; then
        complain "$name names a type that is not its own"
    fi
    [ "$name" = diffmm.h ] || [ "$name" = with_message.h ] || grep -q "^#include <diffmm/$name>$" "$folder/diffmm.h" ||
        complain "diffmm.h does not include $name"
    grep -q 'Context and threads: ' "$header" || [ "$name" = diffmm.h ] ||
        complain "$name does not say how context and threads go with it"
done
echo "$(ls "$folder"/*.h "$written/with_message.h" | wc -l) headers, $compilers compilers"
exit $failed
