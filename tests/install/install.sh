#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Install into a scratch folder; build the program of README.md through pkg-config, against the shared
# and the static library; run both on a small table with features.
# usage: install.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
file=$(find "$work/root" -name diffmm.pc)
prefix=$(sed -n 's/^prefix=//p' "$file")
lib=$(dirname "$(dirname "$file")")
PKG_CONFIG_PATH=$(dirname "$file")
export PKG_CONFIG_PATH
flags() {
    pkg-config --define-variable=prefix="$work/root$prefix" "$@" diffmm
}

# The C block of the README, and a main that calls it.
awk '/^```c$/ {inside = 1; next} /^```$/ {inside = 0} inside' "$source/README.md" >"$work/program.c"
cat >>"$work/program.c" <<'C'
#include <stdio.h>
int main(void)
{
    diffmm_hit hits[10];
    size_t found = 0;
    if (train_and_recommend(hits, &found)) {
        fprintf(stderr, "%s\n", diffmm_error_message());
        return 1;
    }
    for (size_t i = 0; i < found; i++)
        printf("%d %.4f\n", (int)hits[i].item, (double)hits[i].score);
    return found != 10;
}
C
cc=${CC:-cc}
# shellcheck disable=SC2046
$cc -std=c11 -Wall -Wextra -Werror -o "$work/shared" "$work/program.c" $(flags --cflags --libs)
# shellcheck disable=SC2046
$cc -std=c11 -o "$work/static" "$work/program.c" $(flags --cflags) "$lib/libdiffmm.a" \
    $(flags --libs --static | sed 's/-ldiffmm//')

# 40 users, 30 items, two groups; features that name the group.
cd "$work"
awk 'BEGIN {
    print "user\titem"
    for (u = 0; u < 40; u++)
        for (k = 0; k < 6; k++)
            print "u" u "\t" (u % 2) * 15 + (u * 7 + k * k) % 15
}' >clicks.tsv
"$source/tests/install/features.sh" 30 >cover_feat.npy
"$work/static" >static.txt
LD_LIBRARY_PATH=$lib "$work/shared" >shared.txt
cmp static.txt shared.txt
cat shared.txt
