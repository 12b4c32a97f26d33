#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# How much of lib/ the tests that were run have been through: lines and branches of each file, what is
# missing, and the sums, which must not fall below 95 and 85 per cent.
# usage: coverage.sh ROOT BUILD
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcovr -r . --filter lib/ --exclude-unreachable-branches --json "$work/counts.json" "$2"
set -- -r . --add-tracefile "$work/counts.json"
gcovr "$@"
gcovr "$@" --branches
gcovr "$@" --print-summary --fail-under-line 95 --fail-under-branch 85 -o "$work/table"
