#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The files that doc/your-format.md speaks of, in the current folder, beside those of data.sh.
# usage: your-format.sh SOURCE-FOLDER
set -eu
sh "$1/tests/install/features.sh" 30 >covers.npy
awk 'BEGIN { for (i = 1; i <= 30; i++) print i }' >movies.txt
awk 'BEGIN { for (i = 0; i < 30; i++) print "film-" i }' >articles.txt
awk 'BEGIN { for (i = 29; i >= 0; i--) print "film-" i, int(i / 15), i % 15 / 15 }' >words.vec
awk -v OFS="\t" 'BEGIN {
    print "user", "item", "time"
    for (u = 0; u < 40; u++)
        for (k = 0; k < 6; k++)
            print "user-" u, "film-" (u % 2) * 15 + (u * 7 + k * (k + 1) / 2) % 15, "2024-05-" 10 + k
}' >sales.tsv
awk -F "\t" -v OFS=, '{ print NR == 1 ? "customer,article,sold" : $1 "," $2 "," $3 }' sales.tsv >sales.log
awk -F "\t" -v OFS="|" 'NR > 1 { print $2, $1 }' sales.tsv | gzip >plain.txt.gz
