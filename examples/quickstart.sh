#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# From nothing to recommendations: set up, build, train, evaluate, save; then load in another
# process and recommend.
#
#   sh examples/quickstart.sh                    made-up data
#   sh examples/quickstart.sh DATA [OPTION..]    a folder or file, with options of diffmm_train
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/setup.sh"

setup_packages build-essential meson ninja-build pkg-config libblis-dev libjansson-dev libzip-dev zlib1g-dev libzstd-dev

build=$root/build-quickstart
data=${1:-synthetic}
[ $# -eq 0 ] || shift

echo "Building in $build"
mkdir -p "$build"
{ setup_build "$build" -Dbuildtype=release -Dtests=false && meson compile -C "$build"; } \
    >"$build/quickstart.log" 2>&1 || {
    tail -n 30 "$build/quickstart.log" >&2
    echo "The build failed; everything it said is in $build/quickstart.log" >&2
    exit 1
}

echo "Training on $data"
model=$build/model.safetensors
rm -f "$model"
summary=$("$build/examples/diffmm_train" --data "$data" --log "$build/train.jsonl" --model "$model" "$@")
printf '%s\n' "$summary"

user=$(printf '%s\n' "$summary" | sed -n 's/^next: .* --user //p')
echo
echo "The best 10 items for user $user, from $model:"
"$build/examples/diffmm_recommend" --model "$model" --user "$user" --count 10
