#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Programs compiled against an earlier and a later version of the public structs (every struct with
# struct_size lacks its last member, or has one more) behave as the rules say, and come to the same
# results as one compiled against the present version.
# usage: ages.sh LIBRARY HEADER-FOLDER ages.c
set -eu
library=$1 headers=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Copy the headers as of age $1: -1, 0 or 1.
age() {
    mkdir -p "$work/include$1/diffmm"
    for header in "$headers"/*.h; do
        awk -v age="$1" '
        /^typedef struct [a-z_]+ \{/ {inside = 1; sized = 0; last = 0; count = 0}
        !inside {print; next}
        {
            line[++count] = $0
            if (/^ *size_t struct_size;/)
                sized = 1
            if (/;/ && !/^ *(\/\*|\*)/ && !/^}/)
                last = count
        }
        /^}/ {
            for (i = 1; i <= count; i++) {
                if (sized && age > 0 && i == count)
                    print "    uint64_t from_later;"
                if (!sized || age >= 0 || i != last)
                    print line[i]
            }
            inside = 0
        }' "$header" >"$work/include$1/diffmm/$(basename "$header")"
    done
}

for age in -1 0 1; do
    age $age
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -DAGE=$age -I"$work/include$age" -o "$work/ages$age" \
        "$source" "$library" "-Wl,-rpath,$(dirname "$library")"
    "$work/ages$age" >"$work/result$age" || {
        echo "a program of age $age fails" >&2
        exit 1
    }
done
cmp "$work/result0" "$work/result-1"
cmp "$work/result0" "$work/result1"
cat "$work/result0"
