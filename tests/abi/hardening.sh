#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A release build of the shared library is hardened: read-only after relocation, bound at load time, no
# executable stack, no relocations of code, stack canaries, and checked libc calls.
# usage: hardening.sh libdiffmm.so readelf
set -eu
shared=$1 readelf=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$readelf" -lW "$shared" >"$work/segments"
"$readelf" -dW "$shared" >"$work/dynamic"
"$readelf" --dyn-syms -W "$shared" >"$work/symbols"

failed=0
expect() { # expect WHAT PATTERN FILE
    grep -qE "$2" "$work/$3" || {
        echo "$1: no '$2' among $3" >&2
        failed=1
    }
}
expect 'read-only relocations' 'GNU_RELRO' segments
expect 'bound when loaded' '\(BIND_NOW\)|\(FLAGS.*(BIND_)?NOW' dynamic
expect 'stack that is only data' 'GNU_STACK.* RW ' segments
expect 'stack canaries' 'UND __stack_chk_fail' symbols
expect 'checked calls' 'UND __[a-z]+_chk' symbols
if grep -qE 'TEXTREL' "$work/dynamic" || grep -E ' LOAD ' "$work/segments" | grep -qE ' RWE '; then
    echo "code is writable" >&2
    failed=1
fi
exit "$failed"
