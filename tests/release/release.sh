#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Make a release as doc/release.md says: tarball, its tests, what it is made of, sums.
# usage: release.sh [--quick] FOLDER
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
quick=no
if [ "${1:-}" = --quick ]; then
    quick=yes
    shift
fi
[ $# -eq 1 ] || {
    echo "usage: release.sh [--quick] FOLDER" >&2
    exit 2
}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
quietly() {
    "$@" >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        fail "this failed: $*"
    }
}
cd "$source"
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
soversion=$(sed -n "s/^soversion = '\(.*\)'/\1/p" meson.build)

echo "== Numbers: $version, $soversion"
sh tests/release/versions.sh "$version" "$soversion" "$source"
[ $quick = yes ] || ! grep -q "^## $version.*not yet released" doc/changelog.md ||
    fail "doc/changelog.md says that $version is not yet released"
[ -z "$(git status --porcelain)" ] || fail "not all is committed, and would be left out"

echo "== Tarball"
quietly meson setup "$work/dist" -Dtests=disabled -Dexamples=disabled
quietly meson dist -C "$work/dist" --no-tests --formats xztar
cp "$work/dist/meson-dist/libdiffmm-$version.tar.xz" "$folder"
tar -xJf "$folder/libdiffmm-$version.tar.xz" -C "$work"
cd "$work/libdiffmm-$version"

echo "== Tests from the tarball"
if [ $quick = yes ]; then
    quietly meson setup build-release -Dbuildtype=release -Ddebug=true -Dwerror=true -Dtests=enabled -Dexamples=enabled
    quietly meson test -C build-release --suite abi --suite release
    grep -E '^(Ok|Fail|Skipped)' "$work/log"
    build=build-release
else
    sh tests/run.sh
    build=build-test-release
fi

echo "== What it is made of"
python3 -B doc/packaging/sbom.py "$build" >"$folder/libdiffmm-$version.spdx.json"
cd "$folder"
sha256sum "libdiffmm-$version.tar.xz" "libdiffmm-$version.spdx.json" >SHA256SUMS
cat SHA256SUMS
