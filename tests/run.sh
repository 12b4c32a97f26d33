#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Set up, then build and run every test: with address and undefined-behaviour sanitisers (by clang
# where it is there, so that both compilers build everything), then optimised; warnings are errors.
# Where valgrind, clang-tidy and cppcheck are there, they must find nothing; where clang has libFuzzer,
# the harnesses of tests/fuzz look for findings for a minute.
# By default, what takes long is done once, or in part: the optimised build leaves the suite `long` to the one with
# sanitisers; allocations fail one in seven; trainings are killed and the service is beset less often; memcheck goes without
# `memcheck-long`, clang-tidy without the static analyser. DIFFMM_TESTS=long in the environment leaves out nothing.
# The last line counts tests of all runs; a build that fails counts as one failed test, and so does a
# comparison with the authors' numbers (the suite reference) that was left out.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/setup.sh"
passed=0
failed=0
skipped=0
begun=$(date +%s)
export DIFFMM_TESTS="${DIFFMM_TESTS:-short}"
optimised_run=
memcheck_run='--suite memcheck --suite memcheck-long'
if [ "$DIFFMM_TESTS" = short ]; then
    export DIFFMM_FAULT_STEP=7 DIFFMM_CRASH_KILLS=20 DIFFMM_SOAK_SECONDS=10
    optimised_run='--no-suite long'
    memcheck_run='--suite memcheck'
fi

# What begins, and after how many seconds: all of it is meant to take 1,500 on two cores.
say() {
    echo "== $(($(date +%s) - begun)) s: $*"
}

# Whether clang is there and can link a program with sanitiser $1. Not to /dev/null: a linker that fails
# as root may take it away.
clang_has() {
    trial=$(mktemp)
    printf 'int LLVMFuzzerTestOneInput(void) { return 0; }\n%s\n' "$2" |
        clang -fsanitize="$1" -x c -o "$trial" - >/dev/null 2>&1
    status=$?
    rm -f "$trial"
    return $status
}

# As setup_build; with clang where `compiler` is clang, and with `linker` where that is not empty. (The folder
# remembers them.)
compiler=
linker=
configure() (
    [ "$compiler" != clang ] || export CC=clang CXX=clang++
    [ -z "$linker" ] || export CC_LD="$linker" CXX_LD="$linker"
    setup_build "$@"
)

# Build in folder $1 with the options that follow.
build() {
    say "Building: $*"
    folder=$1
    log=$folder.log
    shift
    if configure "$folder" -Dtests=enabled -Dexamples=enabled -Dwerror=true "$@" >"$log" 2>&1 &&
        meson compile -C "$folder" >>"$log" 2>&1; then
        return 0
    fi
    tail -n 50 "$log"
    say "The build failed"
    failed=$((failed + 1))
    return 1
}

# Run the tests of a build folder, or what further arguments choose, and count them: meson writes one
# JSON object per test, into a log of its own for each set-up.
run() {
    folder=$1
    shift
    say "Testing: $folder"
    rm -f "$folder"/meson-logs/testlog*.json
    meson test -C "$folder" --no-rebuild --print-errorlogs "$@"
    log=$(ls "$folder"/meson-logs/testlog*.json 2>/dev/null)
    if [ ! -f "$log" ]; then
        failed=$((failed + 1))
        return
    fi
    all=$(grep -c '"result": "' "$log")
    good=$(grep -c -e '"result": "OK"' -e '"result": "EXPECTEDFAIL"' "$log")
    left_out=$(grep -c '"result": "SKIP"' "$log")
    passed=$((passed + good))
    failed=$((failed + all - good - left_out))
    skipped=$((skipped + left_out))
}

# Every test of a build folder, or those that further arguments choose; the comparison with the authors' numbers must
# be among those that run.
run_whole() {
    run "$@"
    if ! grep '"name": "[^"]*reference / reference"' "$1"/meson-logs/testlog.json | grep -qv '"result": "SKIP"'; then
        say "The suite reference was left out (does the build have libzip?)"
        failed=$((failed + 1))
    fi
}

# The tests under memcheck that take seconds; the others take many minutes.
run_memcheck() {
    # shellcheck disable=SC2086
    run "$1" --setup valgrind --no-suite native $memcheck_run
}

# A target that looks at the sources and must have no findings, as a test.
look() {
    say "Looking with $2"
    if meson compile -C "$1" "$2" >"$1-$2.log" 2>&1; then
        passed=$((passed + 1))
    else
        tail -n 50 "$1-$2.log"
        failed=$((failed + 1))
    fi
}

if setup_packages build-essential meson ninja-build pkg-config libblis-dev libjansson-dev \
    libzip-dev zlib1g-dev libzstd-dev check python3-numpy abigail-tools locales; then
    setup_packages cmake libopenblas-dev libmicrohttpd-dev libsqlite3-dev libpq-dev postgresql prometheus ||
        say "Going on without; tests that need it are skipped"
    setup_packages libopenmpi-dev openmpi-bin iproute2 ||
        say "Going on without; tests that need it are skipped"
    setup_packages fasttext libopencv-dnn-dev libopencv-imgcodecs-dev libopencv-imgproc-dev ||
        say "Going on without; tests that need it are skipped"
    setup_packages mold || say "Going on without; linking takes longer"
    base=$root/build-test
    # Programs are linked in a quarter of the time. What is optimised is linked as users link it.
    fast_linker=$(command -v mold >/dev/null && echo mold)
    linker=$fast_linker
    # Lines are all that a sanitiser tells of the debugging information; more of it makes linking slow.
    lines="-Doptimization=2 -Ddebug=false -Dc_args=-g1 -Dcpp_args=-g1"
    sanitizers="-Db_sanitize=address,undefined -Db_lundef=false"
    ! clang_has address,undefined 'int main(void) { return 0; }' || compiler=clang
    build "$base-sanitize" $lines $sanitizers && run_whole "$base-sanitize"
    compiler=
    build "$base-thread" $lines -Db_sanitize=thread -Db_lundef=false \
        -Dexamples=disabled && run "$base-thread"
    linker=
    if build "$base-release" -Dbuildtype=release -Ddebug=true; then
        # shellcheck disable=SC2086
        run_whole "$base-release" $optimised_run
        ! command -v valgrind >/dev/null || run_memcheck "$base-release"
        # Other versions than Debian 12's look for other things.
        ! clang-tidy --version 2>/dev/null | grep -q 'version 14\.' || look "$base-release" tidy
        ! cppcheck --version 2>/dev/null | grep -q '^Cppcheck 2\.10' || look "$base-release" cppcheck
    fi
    if clang_has fuzzer,address ''; then
        compiler=clang
        linker=$fast_linker
        build "$base-fuzz" $lines $sanitizers -Dfuzz=true -Dexamples=disabled && run "$base-fuzz"
    fi
fi

say "Done"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
