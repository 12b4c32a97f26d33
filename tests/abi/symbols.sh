#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The shared library exports exactly the symbols of symbols.txt, under the version node DIFFMM_1; no
# global symbol of the static library stands outside diffmm_; no variable of the shared library is
# writable but what belongs to a thread.
# usage: symbols.sh libdiffmm.so libdiffmm.a symbols.txt
set -eu
shared=$1 static=$2 list=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$shared" | awk '{print $3}' | grep -v '^DIFFMM_1$' | sed 's/@@/ /' |
    sort >"$work/exported"
diff -u "$list" "$work/exported" || {
    echo "the exported symbols are not those of $list" >&2
    exit 1
}
nm --defined-only --extern-only "$static" 2>/dev/null | awk 'NF == 3 {print $3}' |
    grep -v '^diffmm_' >"$work/strangers" || true
if [ -s "$work/strangers" ]; then
    echo "the static library defines:" >&2
    cat "$work/strangers" >&2
    exit 1
fi
# (.data.rel.ro is read-only once loaded, .tbss belongs to threads; libgcc keeps what the processor can.)
objdump -t "$shared" | grep -E '[[:space:]]O[[:space:]]+\.(data|bss)[[:space:]]' | awk '{print $NF}' |
    grep -vE '^(completed\.|__dso_handle|__TMC_END__|__cpu_model|__cpu_features2)' \
        >"$work/writable" || true
if [ -s "$work/writable" ]; then
    echo "writable variables:" >&2
    cat "$work/writable" >&2
    exit 1
fi
echo "$(wc -l <"$work/exported") symbols"
