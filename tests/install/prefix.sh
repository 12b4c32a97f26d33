# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the scripts of this folder, after `build` and `source` are set: installs the library
# into a scratch prefix.
#
#   work      a scratch folder, removed at exit
#   prefix    the prefix, with headers, libraries and diffmm.pc, which knows its place
#   lib       the folder of the libraries
#   cc, cxx   compilers
#   skip WHY  end this test as one that cannot run here
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc=${CC:-cc} cxx=${CXX:-c++}

skip() {
    echo "skipped: $*"
    exit 77
}

# Run something whose output matters only if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        exit 1
    }
}

# Install what stands in a build folder, and use that from here on.
use_installed() {
    rm -rf "$work/root"
    DESTDIR=$work/root quietly meson install -C "$1" --no-rebuild
    pc=$(find "$work/root" -name diffmm.pc)
    prefix=$work/root$(sed -n 's/^prefix=//p' "$pc")
    sed -i "s|^prefix=.*|prefix=$prefix|" "$pc"
    lib=$(dirname "$(dirname "$pc")")
    PKG_CONFIG_PATH=$(dirname "$pc")
    LD_LIBRARY_PATH=$lib
    export PKG_CONFIG_PATH LD_LIBRARY_PATH
}
use_installed "$build"

# What the program of consumer.c prints when linked through pkg-config; other ways of linking give
# the same bits. $1: where to.
consumer_expected() {
    # shellcheck disable=SC2046
    $cc -std=c11 -o "$work/consumer" "$source/tests/install/consumer.c" \
        "$source/tests/install/training.c" \
        "$source/tests/install/checksum.c" $(pkg-config --cflags --libs diffmm)
    "$work/consumer" >"$1"
}
