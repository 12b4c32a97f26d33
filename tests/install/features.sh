#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A .npy file (float32, ITEMS x 2) on standard output: 1 0 for the first half, 0 1 for the rest.
# usage: features.sh ITEMS
items=$1
header=$(printf "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }" "$items")
printf '\223NUMPY\001\000\166\000%-117s\n' "$header"
i=0
while [ "$i" -lt "$items" ]; do
    if [ "$i" -lt $((items / 2)) ]; then
        printf '\000\000\200\077\000\000\000\000'
    else
        printf '\000\000\000\000\000\000\200\077'
    fi
    i=$((i + 1))
done
