#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# From nothing to recommendations: set up, build, train, evaluate beside popularity and LightGCN, save; then load in
# another process and recommend.
#
#   sh examples/quickstart.sh                    the clicks of examples/data, which are made up
#   sh examples/quickstart.sh DATA [OPTION..]    a folder or file, with options of diffmm_train
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/setup.sh"

setup_packages build-essential meson ninja-build pkg-config libblis-dev libjansson-dev libzip-dev zlib1g-dev libzstd-dev

build=$root/build-quickstart
data=${1:-$root/examples/data/clicks.tsv}
[ $# -eq 0 ] || shift

echo "Building in $build"
mkdir -p "$build"
{ setup_build "$build" -Dbuildtype=release -Dtests=disabled && meson compile -C "$build"; } \
    >"$build/quickstart.log" 2>&1 || {
    tail -n 30 "$build/quickstart.log" >&2
    echo "The build failed; everything it said is in $build/quickstart.log" >&2
    exit 1
}

# Train into the files $1.safetensors and $1.jsonl of the build folder, with the options that follow.
train() {
    trained=$build/$1
    shift
    rm -f "$trained.safetensors" "$trained.checkpoint"
    summary=$("$build/examples/diffmm_train" --data "$data" "$@" --log "$trained.jsonl" \
        --checkpoint "$trained.checkpoint" --model "$trained.safetensors")
}

# A figure of the last training: $1 is model or popularity.
figure() {
    printf '%s\n' "$summary" | sed -n "s/^test \\(Recall@[0-9]*\\):.* $1 \\([0-9.]*\\).*/\\1 \\2/p" | head -n 1
}

echo "Training LightGCN, which sees no features, on $data"
train lightgcn "$@" --no-features
popularity=$(figure popularity) lightgcn=$(figure model)
echo "Training DiffMM on $data"
train model "$@"
printf '%s\n' "$summary"
if [ -n "$popularity" ]; then
    echo
    echo "Test ${popularity% *}, higher is better:"
    printf '  %-11s %s\n' popularity "${popularity#* }" LightGCN "${lightgcn#* }" DiffMM "$(figure model | cut -d ' ' -f 2)"
fi

next=$(printf '%s\n' "$summary" | sed -n 's/^next: //p')
echo
echo "The best items for a user, as the line above that begins with next: says:"
eval "$next --count 10"
