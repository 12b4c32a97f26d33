#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Manual pages are such as man and mandoc take without a warning, and bash completes what it should.
# usage: pages.sh MANUAL.1.. COMPLETION..
set -eu
for page in "$@"; do
    case $page in
    *.1)
        for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' 'SEE ALSO'; do
            grep -q "^\.SH $section\$" "$page" || {
                echo "$page: no $section" >&2
                exit 1
            }
        done
        if command -v man >/dev/null; then
            said=$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null)
            [ -z "$said" ] || {
                echo "$said" >&2
                exit 1
            }
        fi
        if command -v mandoc >/dev/null; then
            mandoc -T lint -W warning "$page"
        fi
        ;;
    *)
        command -v bash >/dev/null || continue
        bash -n "$page"
        name=$(basename "$page")
        # What bash would offer for --m after nothing, and for a file after --model.
        bash -c '
            set -e
            compopt() { :; } # belongs to a completion under way
            . "$1"
            complete -p "$2" >/dev/null
            "_$2" "$2" --mo "$2"
            [[ " ${COMPREPLY[*]} " = *" --model "* ]]
            COMPREPLY=()
            "_$2" "$2" "$3" --model
            [[ " ${COMPREPLY[*]} " = *" $1 "* ]]' bash "$page" "$name" "$page" || {
            echo "$page does not complete as it should" >&2
            exit 1
        }
        ;;
    esac
done
