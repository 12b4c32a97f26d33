#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Install the library into a scratch folder, copy the Python examples beside it, and run them there:
# the module finds the library as any program does, or where DIFFMM_LIBRARY says.
# usage: installed.sh PYTHON BUILD-FOLDER SOURCE-FOLDER
set -eu
python=$1 build=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
library=$(find "$work/root" -name libdiffmm.so.1)
cp -r "$source/examples/python" "$work/app"
cd "$work/app"
unset DIFFMM_LIBRARY PYTHONPATH

# A table and features that name the group of an item.
awk 'BEGIN {
    print "user\titem\tsplit"
    for (u = 0; u < 40; u++)
        for (k = 0; k < 6; k++)
            print "u" u "\t" (u % 2) * 15 + (u * 7 + k * (k + 1) / 2) % 15 "\t" \
                (k == 2 ? "valid" : k == 4 ? "test" : "train")
}' >clicks.tsv
sh "$source/tests/install/features.sh" 30 >cover_feat.npy

if LD_LIBRARY_PATH='' "$python" -c 'import diffmm' 2>refused.txt; then
    echo "imported without a library" >&2 # or one is installed on this system: then it was that
else
    grep -q 'DIFFMM_LIBRARY can name its file' refused.txt
fi

train() {
    "$python" train.py --data clicks.tsv --preset tiktok --epochs 3 --set hidden_sizes=16 \
        --set embedding_size=8 --user u5 --count 5 --model "$1.safetensors" | tail -n 5 >"$1.txt"
}
LD_LIBRARY_PATH=$(dirname "$library") && export LD_LIBRARY_PATH
"$python" loss_terms.py
train linker
unset LD_LIBRARY_PATH
DIFFMM_LIBRARY=$library && export DIFFMM_LIBRARY
train variable
cmp linker.txt variable.txt
cmp linker.safetensors variable.safetensors
[ "$(wc -l <linker.txt)" -eq 5 ]
if "$python" train.py --data nothing.tsv 2>message.txt; then exit 1; fi
grep -q '^train.py: .*nothing.tsv' message.txt
for wrong in '--threads -1' '--epochs 18446744073709551619' '--set epochs'; do
    # shellcheck disable=SC2086
    if "$python" train.py $wrong 2>message.txt; then exit 1; fi
    grep -q '^train.py: .*\(-1\|1844\|NAME=VALUE\)' message.txt
    if grep -q Traceback message.txt; then exit 1; fi
done
