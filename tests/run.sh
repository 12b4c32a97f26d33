#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Set up, then build and run every test: with address and undefined-behaviour sanitisers, then
# optimised; warnings are errors. Where clang is there, it must build everything without warning too,
# and where it has libFuzzer, the harnesses of tests/fuzz look for findings for a minute.
# The last line counts tests of all runs; a build that fails counts as one failed test.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/setup.sh"
passed=0
failed=0

# Build in folder $1 with the options that follow.
build() {
    echo "== Building: $*"
    log=$1.log
    if setup_build "$@" -Dwerror=true >"$log" 2>&1 && meson compile -C "$1" >>"$log" 2>&1; then
        return 0
    fi
    tail -n 50 "$log"
    echo "== The build failed"
    failed=$((failed + 1))
    return 1
}

# Run the tests of a build folder and count them: meson writes one JSON object per test.
run() {
    log=$1/meson-logs/testlog.json
    rm -f "$log"
    meson test -C "$1" --no-rebuild --print-errorlogs
    if [ ! -f "$log" ]; then
        failed=$((failed + 1))
        return
    fi
    all=$(grep -c '"result": "' "$log")
    good=$(grep -c -e '"result": "OK"' -e '"result": "EXPECTEDFAIL"' "$log")
    skipped=$(grep -c '"result": "SKIP"' "$log")
    passed=$((passed + good))
    failed=$((failed + all - good - skipped))
}

if setup_packages build-essential meson ninja-build pkg-config libblis-dev libjansson-dev \
    libzip-dev check python3-numpy abigail-tools locales; then
    setup_packages cmake libopenblas-dev libmicrohttpd-dev || echo "== Going on without; tests that need it are skipped"
    base=$root/build-test
    build "$base-sanitize" -Dbuildtype=debugoptimized -Db_sanitize=address,undefined &&
        run "$base-sanitize"
    build "$base-thread" -Dbuildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false \
        -Dexamples=false && run "$base-thread"
    build "$base-release" -Dbuildtype=release -Ddebug=true && run "$base-release"
    if command -v clang >/dev/null; then
        export CC=clang CXX=clang++
        build "$base-clang" -Dbuildtype=debugoptimized
        # Not to /dev/null: a linker that fails as root may take it away.
        trial=$(mktemp)
        if printf 'int LLVMFuzzerTestOneInput(void) { return 0; }\n' |
            clang -fsanitize=fuzzer,address -x c -o "$trial" - >/dev/null 2>&1; then
            build "$base-fuzz" -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
                -Db_lundef=false -Dfuzz=true -Dexamples=false && run "$base-fuzz"
        fi
        rm -f "$trial"
    fi
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
