#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A program compiled against the golden ABI runs with this library. Any difference but added functions
# fails (those are caught by symbols.sh): see golden.sh. And the comparison sees what it should: edits of
# the golden dump that stand for incompatible changes are all found.
# usage: compare.sh LIBRARY GOLDEN.abi.gz
set -eu
command -v abidiff >/dev/null || {
    echo "abidiff (Debian: abigail-tools) is not there"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gzip -dc "$2" >"$work/golden.abi"
sh "$here/golden.sh" "$1" "$work/present.abi.gz" >"$work/report"
gzip -dc "$work/present.abi.gz" >"$work/present.abi"

# abidiff answers with a bit mask; every bit is a difference or an error.
compare() {
    abidiff --no-added-syms "$1" "$work/present.abi" >"$work/report" 2>&1
}

compare "$work/golden.abi" || {
    cat "$work/report" >&2
    echo "the ABI is not that of $2" >&2
    exit 1
}

# What was otherwise when the golden dump was taken: a line of it, edited by sed.
expect_difference() {
    sed "$2" "$work/golden.abi" >"$work/edited.abi"
    if cmp -s "$work/golden.abi" "$work/edited.abi"; then
        echo "nothing to edit: $1" >&2
        exit 1
    fi
    if compare "$work/edited.abi"; then
        echo "not found: $1" >&2
        exit 1
    fi
}
status="/<enum-decl name='diffmm_status'/,/<\/enum-decl>/"
metrics="/<class-decl name='diffmm_metrics'/,/<\/class-decl>/"
query="/<class-decl name='diffmm_query'/,/<\/class-decl>/"
seal="/<function-decl name='diffmm_dataset_seal'/,/<\/function-decl>/"
expect_difference "a function removed" "s/'diffmm_version'/'diffmm_revision'/g"
expect_difference "another soname" "s/soname='libdiffmm.so.1'/soname='libdiffmm.so.0'/"
expect_difference "another version node" "/name='diffmm_bpr'/s/DIFFMM_1/DIFFMM_0/"
expect_difference "an enumerator renumbered" "$status s/value='7'/value='77'/"
expect_difference "a member moved" "$query s/layout-offset-in-bits='192'/layout-offset-in-bits='200'/"
expect_difference "a struct of another size" "$metrics s/size-in-bits='320'/size-in-bits='384'/"
expect_difference "a parameter removed" "$seal {/<parameter/d}"
expect_difference "another type returned" "$seal s/<return type-id='[^']*'/<return type-id='$(
    sed -n "s/.*<type-decl name='double' .*id='\([^']*\)'.*/\1/p" "$work/golden.abi")'/"
