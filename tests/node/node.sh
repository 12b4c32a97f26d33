#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Run a test in Node.js with koffi; skipped where these are not.
# usage: node.sh TEST.js LIBRARY
# PRELOAD is what the library's sanitisers need in a foreign process.
set -eu
. "$(dirname "$0")/node_with.sh"
node_with koffi || {
    echo "skipped: no node with koffi (npm install -g koffi, or NODE_PATH)"
    exit 77
}
DIFFMM_LIBRARY=$2 LD_PRELOAD=$PRELOAD ASAN_OPTIONS=detect_leaks=0 exec node "$1"
