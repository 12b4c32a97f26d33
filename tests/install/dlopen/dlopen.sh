#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Load and unload the library twenty times: the library itself, a plugin linked with it, one that has
# the static library inside, one in C++; then a few times more under a leak checker, where the
# compiler has one.
# usage: dlopen.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
build=$1 source=$2
. "$source/tests/install/prefix.sh"
cd "$source/tests/install"
consumer_expected "$work/expected"
head -n 1 "$work/expected" >"$work/model"

# shellcheck disable=SC2046
{
    $cc -std=gnu11 -Wall -Wextra -Werror -I. -o "$work/host" dlopen/host.c \
        $(pkg-config --cflags diffmm) -ldl
    plugin="$cc -std=c11 -shared -fPIC $(pkg-config --cflags diffmm)"
    $plugin -o "$work/plugin-bare.so" training.c checksum.c
    $plugin -o "$work/plugin-shared.so" training.c checksum.c $(pkg-config --libs diffmm)
    $plugin -o "$work/plugin-static.so" training.c checksum.c "$lib/libdiffmm.a" \
        $(pkg-config --libs --static diffmm | sed 's/-ldiffmm//')
}

# It fills memory that nobody uses, which would then count as resident.
unset MALLOC_PERTURB_

try() {
    "$@" >"$work/output" || { cat "$work/output"; exit 1; }
    grep -v '^model' "$work/output" || true
    grep '^model' "$work/output" | cmp "$work/model" -
}
library=$lib/libdiffmm.so.1
echo "the library:" && try "$work/host" "$library" "$work/plugin-bare.so" 20
echo "a plugin linked with it:" && try "$work/host" "$library" "$work/plugin-shared.so" 20
echo "a plugin that contains it:" &&
    try "$work/host" "$work/plugin-static.so" "$work/plugin-static.so" 20

# A plugin in C++ that trains through diffmm.hpp. It exports its own function alone: what it has of
# the standard library, if others can find it, keeps any plugin loaded.
if command -v "$cxx" >/dev/null; then
    echo '{ global: train_small; local: *; };' >"$work/plugin.map"
    $cc -std=c11 -fPIC -c -o "$work/checksum.o" checksum.c
    # shellcheck disable=SC2046
    "$cxx" -std=c++17 -Wall -Wextra -Werror -shared -fPIC -I. -o "$work/plugin-cpp.so" \
        dlopen/plugin.cpp "$work/checksum.o" $(pkg-config --cflags --libs diffmm) \
        -Wl,--version-script,"$work/plugin.map"
    echo "a plugin in C++:" && try "$work/host" "$library" "$work/plugin-cpp.so" 20
fi

# shellcheck disable=SC2046
if $cc -std=gnu11 -fsanitize=address -I. -o "$work/checked" dlopen/host.c \
    $(pkg-config --cflags diffmm) -ldl 2>/dev/null; then
    ASAN_OPTIONS=detect_leaks=1 try "$work/checked" "$library" "$work/plugin-bare.so" 3
    echo "no leak found by AddressSanitizer"
fi
