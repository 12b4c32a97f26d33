#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Make a locale with a decimal comma and run a program where it can have it.
# usage: locale.sh PROGRAM
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" >"$work/log" 2>&1 || {
    cat "$work/log"
    echo "localedef cannot make a locale (Debian: the package locales)"
    exit 77
}
LOCPATH=$work DIFFMM_TEST_LOCALE=de_DE.UTF-8 "$1"
