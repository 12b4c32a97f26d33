#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The files of examples/data are those that its script writes.
# usage: data.sh PYTHON FOLDER
set -eu
python=$1 folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$python" -B "$folder/make_clicks.py"
for name in *; do
    cmp "$name" "$folder/$name"
done
[ "$(ls | wc -l)" -eq 3 ]
