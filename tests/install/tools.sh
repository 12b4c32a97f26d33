#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The installed programs run where they are, from PATH, wherever the prefix has been moved to; each has a manual page
# and a completion.
# usage: tools.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
build=$1 source=$2
. "$source/tests/install/prefix.sh"
[ -x "$prefix/bin/diffmm_train" ] || skip "the programs are not built"
mv "$prefix" "$work/my prefix"
unset LD_LIBRARY_PATH
if [ "${prefix#"$work/root"}" = /usr ]; then
    # Where the linker finds the library, programs need not say where it is.
    LD_LIBRARY_PATH=$work/my\ prefix${lib#"$prefix"}
    export LD_LIBRARY_PATH
fi
PATH=$work/my\ prefix/bin:$PATH

cd "$work"
diffmm_train --data "$source/examples/data/clicks.tsv" --epochs 2 --model model.safetensors >printed
sed -n 's/^next: //p' printed >next
grep -q '^diffmm_recommend ' next
sh -eu next >hits
[ "$(wc -l <hits)" -eq 21 ]
"$work/my prefix/bin/diffmm_train" --data "$source/examples/data/clicks.tsv" --epochs 2 --model model.safetensors >printed
sed -n 's/^next: //p' printed >next
grep -q "^'$work/my prefix/bin/diffmm_recommend' " next
sh -eu next | cmp - hits

for program in "$work/my prefix/bin/"diffmm_*; do
    name=$(basename "$program")
    "$program" --version | grep -q "^$name "
    find "$work/my prefix" -name "$name.1*" | grep -q man1
    [ -f "$work/my prefix/share/bash-completion/completions/$name" ]
    echo "$name"
done
