#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The code of a page of documentation: all blocks of a language make one program, in their order.
# C is compiled with warnings as errors and, where it has a main, of its own or in tests/docs/NAME.c, run;
# C++ is compiled; Python is run, JavaScript too; shell is parsed and, where tests/docs/NAME.sh makes its files, run.
# Programs run in a folder with data.sh's data, or those of examples/data.
# usage: page.sh NAME PAGE SOURCE-FOLDER LIBRARY PYTHON|none C-COMPILER..
# SANITIZE has the arguments with which a program gets the library's sanitisers, PRELOAD what they need in a foreign process.
set -eu
name=$1 page=$2 source=$3 library=$4 python=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/data"
# README.md speaks of the data that come with it.
if [ "$page" = README.md ]; then
    cp "$source/examples/data/clicks.tsv" "$source/examples/data/"cover_feat.* "$work/data"
else
    (cd "$work/data" && sh "$source/tests/docs/data.sh" "$source")
fi
[ ! -f "$source/tests/docs/$name.sh" ] ||
    (cd "$work/data" && sh "$source/tests/docs/$name.sh" "$source")
folder=$(dirname "$library")
. "$source/tests/node/node_with.sh"
found=no

# The blocks of language $1 go to $work/$name.$2; fails where there are none.
extract() {
    awk -v language="$1" -f "$source/tests/docs/blocks.awk" "$source/$page" >"$work/$name.$2"
    [ -s "$work/$name.$2" ] && found=yes && echo "$page: $1, $(wc -l <"$work/$name.$2") lines"
}

if extract c c; then
    strict="-std=c11 -Wall -Wextra -Werror"
    main=$source/tests/docs/$name.c
    [ ! -f "$main" ] || { printf "#line 1 \"%s\"\n" "$main"; cat "$main"; } >>"$work/$name.c"
    if grep -q "^int main(" "$work/$name.c"; then
        # shellcheck disable=SC2086
        "$@" $strict $SANITIZE -I"$source/include" -o "$work/program" "$work/$name.c" "$library"
        (cd "$work/data" && LD_LIBRARY_PATH=$folder "$work/program")
    else
        # Nobody calls the page's functions.
        # shellcheck disable=SC2086
        "$@" $strict -Wno-unused-function -I"$source/include" -c -o "$work/page.o" "$work/$name.c"
    fi
fi
if extract cpp cpp && command -v c++ >/dev/null; then
    c++ -std=c++17 -Wall -Wextra -Werror -I"$source/include" -fsyntax-only "$work/$name.cpp"
fi
if extract python py; then
    if [ "$python" = none ]; then
        echo "no python3 with numpy: not run"
    else
        (cd "$work/data" && LD_PRELOAD=$PRELOAD ASAN_OPTIONS=detect_leaks=0 \
            DIFFMM_LIBRARY=$library PYTHONPATH=$source/examples/python PYTHONDONTWRITEBYTECODE=1 \
            "$python" "$work/$name.py")
    fi
fi
if extract js js; then
    if node_with koffi; then
        (cd "$work/data" && LD_PRELOAD=$PRELOAD ASAN_OPTIONS=detect_leaks=0 \
            DIFFMM_LIBRARY=$library DIFFMM_ABI=$folder/../include/diffmm/abi.json node "$work/$name.js")
    else
        echo "no node with koffi (npm install -g koffi): not run"
    fi
fi
if extract sh sh; then
    sh -n "$work/$name.sh"
    [ ! -f "$source/tests/docs/$name.sh" ] ||
        (cd "$work/data" && PATH=$folder/../examples:$PATH sh -eu "$work/$name.sh")
fi
[ $found = yes ]
