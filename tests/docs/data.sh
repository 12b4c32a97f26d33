#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The data that the documentation speaks of, in the current folder: interactions of 40 users with 30
# items in two groups, features that name the group, the items' ids in the order of the features.
# usage: data.sh SOURCE-FOLDER
set -eu
awk 'BEGIN {
    print "user\titem\tsplit"
    for (u = 0; u < 40; u++)
        for (k = 0; k < 6; k++)
            print (u == 0 ? "alice" : u == 1 ? "bob" : "user-" u) "\tfilm-" \
                (u % 2) * 15 + (u * 7 + k * (k + 1) / 2) % 15 "\t" \
                (k == 2 ? "valid" : k == 4 ? "test" : "train")
}' >clicks.tsv
awk 'BEGIN {
    print "userId,movieId,rating,timestamp"
    for (u = 0; u < 40; u++)
        for (k = 0; k < 10; k++)
            print u + 1 "," (u % 2) * 15 + (u + k) % 15 + 1 "," (k == 3 ? 2 : 4.5) "," 978300760 + k
}' >ratings.csv
awk 'BEGIN { for (i = 0; i < 30; i++) print "film-" i }' >item_ids.txt
sh "$1/tests/install/features.sh" 30 >cover_feat.npy
cp cover_feat.npy cover_clip.npy
