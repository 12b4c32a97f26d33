#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build the Debian packages of doc/packaging/debian, twice, and try them:
#   - lintian has no errors and no warnings;
#   - the symbols file lists exactly what tests/abi/names.sh does;
#   - both builds, in folders of different names, give the same bytes;
#   - in a fresh system (mmdebstrap), or where none can be made here, unpacked and with the host's libraries, the tests
#     of doc/packaging/debian/tests pass.
# It takes minutes, root for the fresh system, and the packages that the control file names in Build-Depends.
# usage: debian.sh [FOLDER]      where the packages are to be left; without it they are thrown away
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
keep=${1:-}
. "$source/tests/packaging/root.sh"
for tool in dpkg-buildpackage dh_doxygen lintian; do
    command -v "$tool" >/dev/null || {
        echo "skipped: there is no $tool (dpkg-dev, debhelper, dh-python, doxygen, lintian)"
        exit 77
    }
done
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$*" >&2
    exit 1
}
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source/meson.build")

# The source package, of what the repository holds without build folders. All files have the time of the changelog, so
# that it is in the packages whoever builds them, and when.
tree=libdiffmm-$version
mkdir -p "$work/source/$tree"
(cd "$source" && tar -cf - --exclude='build*' --exclude=.git --exclude=__pycache__ .) | tar -xf - -C "$work/source/$tree"
time=$(dpkg-parsechangelog -l "$source/doc/packaging/debian/changelog" -S Timestamp)
tar -C "$work/source" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$time" \
    -cJf "$work/source/libdiffmm_$version.orig.tar.xz" "$tree"
cp -R "$source/doc/packaging/debian" "$work/source/$tree"

# Build in folder $work/$1; packages and log land there.
build() {
    mkdir "$work/$1"
    cp "$work/source/libdiffmm_$version.orig.tar.xz" "$work/$1"
    tar -C "$work/$1" -xJf "$work/$1/libdiffmm_$version.orig.tar.xz"
    cp -R "$work/source/$tree/debian" "$work/$1/$tree"
    (cd "$work/$1/$tree" && DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-} noautodbgsym" dpkg-buildpackage -us -uc) \
        >"$work/$1/log" 2>&1 || {
        tail -n 40 "$work/$1/log" >&2
        fail "the build failed"
    }
    (cd "$work/$1" && ls ./*.deb)
}

echo "== Building"
build one
echo "== lintian"
lintian --allow-root --fail-on error,warning "$work/one"/*.changes
echo "== Symbols"
dpkg-deb -e "$work/one/libdiffmm1_"*.deb "$work/control"
sed -n 's/^ \(diffmm_[a-z0-9_]*\)@\([A-Z0-9_]*\) .*/\1 \2/p' "$work/control/symbols" | LC_ALL=C sort >"$work/listed"
sh "$source/tests/abi/names.sh" "$source/tests/abi/symbols.txt" "$source/include/diffmm" | LC_ALL=C sort |
    diff -u - "$work/listed" || fail "the symbols file is not tests/abi/symbols.txt"
wc -l <"$work/listed"

echo "== Trying"
packages="$work/one/*.deb"
root=$work/root
if root_possible && root_make "$root"; then
    mkdir "$root/packages"
    # shellcheck disable=SC2086
    cp $packages "$source/doc/packaging/debian/tests"/[!c]* "$source/doc/packaging/debian/tests/consumer" "$root/packages"
    root_run "$root" sh -c 'apt-get update -q &&
        apt-get install -q -y --no-install-recommends build-essential pkg-config /packages/*.deb' >"$work/install" 2>&1 || {
        tail -n 20 "$work/install" >&2
        fail "the packages cannot be installed"
    }
    for name in programs consumer python; do
        echo "-- $name"
        root_run "$root" sh -eu "/packages/$name" >"$work/said" 2>&1 || {
            cat "$work/said" >&2
            fail "$name failed in a fresh system"
        }
    done
    root_run "$root" sh -c 'dpkg --purge diffmm-tools python3-diffmm libdiffmm-dev libdiffmm-doc libdiffmm1' >/dev/null 2>&1
    left=$(find "$root/usr" -name '*diffmm*')
    [ -z "$left" ] || fail "left behind: $left"
    echo "in a fresh system"
else
    tail -n 3 "$root.log" 2>/dev/null || true
    echo "no fresh system can be made here: unpacked, with the libraries of this one"
    for package in $packages; do
        dpkg-deb -x "$package" "$root"
    done
    lib=$(dirname "$(find "$root" -name libdiffmm.so.1)")
    cp "$source/examples/data/clicks.tsv" "$source/examples/data/"cover_feat.* "$work"
    (cd "$work" && export LD_LIBRARY_PATH="$lib" &&
        "$root/usr/bin/diffmm_train" --data clicks.tsv --epochs 2 --model model.safetensors >printed 2>/dev/null &&
        sed -n 's/^next: //p' printed >next && sh -eu next &&
        PYTHONPATH=$root/usr/lib/python3/dist-packages /usr/bin/python3 -B -c 'import diffmm; print(diffmm.version())')
fi

echo "== Building again"
build another
for package in "$work/one"/*.deb; do
    cmp "$package" "$work/another/$(basename "$package")" || fail "two builds differ"
done
echo "the same bytes"
[ -z "$keep" ] || {
    mkdir -p "$keep"
    cp "$work/one"/*.deb "$work/one"/*.dsc "$work/one"/*.tar.xz "$work/one"/*.buildinfo "$work/one"/*.changes "$keep"
}
