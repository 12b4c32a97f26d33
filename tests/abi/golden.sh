#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Write the ABI of a shared library with debug information as the golden dump:
#     meson compile -C BUILD abi-golden
# for a build with buildtype=release and debug=true on x86_64. To be done, and reviewed, when the public
# interface has been extended; never to hide an incompatible change.
# usage: golden.sh LIBRARY OUT.abi.gz
set -eu
here=$(cd "$(dirname "$0")" && pwd)
abidw --suppressions "$here/opaque.suppr" --drop-private-types --exported-interfaces-only \
    --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --no-parameter-names \
    --out-file "$2.tmp" "$1"
gzip -9nc "$2.tmp" >"$2"
rm "$2.tmp"
echo "$(gzip -dc "$2" | grep -c '<elf-symbol ') symbols in $2"
