#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# search.sh FUZZER SECONDS FOLDER..  runs a libFuzzer harness for so long from the seeds in the
# folders. New inputs are kept beside the fuzzer (FUZZER.inputs), a finding in FUZZER.finding-*.
set -eu
fuzzer=$1
seconds=$2
shift 2
mkdir -p "$fuzzer.inputs"
exec "$fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=64 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="$fuzzer.finding-" "$fuzzer.inputs" "$@"
