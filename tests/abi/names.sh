#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The symbols that the library exports, with their version nodes: those of symbols.txt, and NAME_r for each NAME there
# that the headers declare with a status (with_message.h).
# usage: names.sh symbols.txt HEADER-FOLDER
set -eu
list=$1 headers=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$headers"/*.h | tr '\n' ' ' | sed 's/DIFFMM_API/\n&/g' |
    sed -n 's/^DIFFMM_API diffmm_status *\(diffmm_[a-z0-9_]*\)(.*/\1/p' >"$work/status"
awk 'NR == FNR {status[$1]; next} {print} $1 in status {print $1 "_r", $2}' "$work/status" "$list" | sort
