#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Install into a scratch prefix; build the programs of README.md, C and C++, through pkg-config, and
# run them on the data of examples/data: they print the same.
# usage: install.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
build=$1 source=$2
. "$source/tests/install/prefix.sh"

# The code of a language in a page.
blocks() {
    awk -v language="$1" -f "$source/tests/docs/blocks.awk" "$2"
}
blocks c "$source/README.md" >"$work/program.c"
blocks cpp "$source/README.md" >"$work/program.cpp"
blocks cpp "$source/doc/guide.md" >"$work/guide.cpp"

cd "$work"
cp "$source/examples/data/clicks.tsv" "$source/examples/data/"cover_feat.* .

strict="-Wall -Wextra -pedantic -Wconversion -Wshadow -Werror"
# shellcheck disable=SC2046,SC2086
$cc -std=c11 $strict -o c program.c $(pkg-config --cflags --libs diffmm)
./c >expected
cat expected
[ "$(wc -l <expected)" -eq 10 ]

# with_message.h, which the build writes, is there too.
cat >with_message.c <<'C'
#include <diffmm/with_message.h>
#include <stdio.h>
int main(void)
{
    char message[DIFFMM_MESSAGE_SIZE];
    return diffmm_dataset_seal_r(NULL, message, sizeof message) == DIFFMM_OK || puts(message) < 0;
}
C
# shellcheck disable=SC2046,SC2086
$cc -std=c11 $strict -o with_message with_message.c $(pkg-config --cflags --libs diffmm)
[ "$(./with_message)" = "dataset is NULL" ]
[ "$(uname -m)" != x86_64 ] || grep -q '"diffmm_dataset_seal"' "$(pkg-config --variable=abi diffmm)"
for compiler in "$cxx" clang++; do
    command -v "$compiler" >/dev/null || continue
    for standard in c++20 c++17; do
        # shellcheck disable=SC2046,SC2086
        "$compiler" -std=$standard $strict -o cpp program.cpp guide.cpp $(pkg-config --cflags --libs diffmm)
        echo "$compiler -std=$standard: no warning"
    done
done
test -x cpp || exit 0
rm model.safetensors
./cpp >output
cmp expected output
test -s model.safetensors
echo "C++: the same"
# Without the table, both say so; in C++, status and message of the C call arrive as an exception.
rm clicks.tsv
code=0
./c 2>expected || code=$?
test "$code" -eq 1
code=0
./cpp 2>message || code=$?
test "$code" -eq 3
grep clicks.tsv message
cmp expected message
