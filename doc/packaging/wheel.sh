#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build a wheel of the Python module that brings the library along, with all that it needs beyond the C library
# (BLIS, jansson, libzip ..) and their licences. It works where nothing of these is installed.
#   - The libraries stand in diffmm/lib and find each other there ($ORIGIN). All but libdiffmm have names of their own,
#     with a hash of what they hold: in one process with the system's, neither is taken for the other.
#   - The tag names the processor and the oldest glibc that has what they ask for (manylinux_2_..).
#   - The same sources on the same system give the same bytes.
# It needs meson and what builds the library with libzip, zlib and zstd, python3 with flit_core and wheel, patchelf, and
# Debian's dpkg, which knows the licences.
# usage: wheel.sh FOLDER [LIBRARY]   where the wheel goes; a built libdiffmm.so.1 to take in place of building one
set -eu
export LC_ALL=C
source=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -eq 1 ] || [ $# -eq 2 ] || {
    echo "usage: wheel.sh FOLDER [LIBRARY]" >&2
    exit 2
}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
library=${2:+$(realpath "$2")}
python=${PYTHON:-/usr/bin/python3}
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
for tool in patchelf readelf strip dpkg-query dpkg-parsechangelog; do
    command -v "$tool" >/dev/null || fail "there is no $tool"
done
"$python" -c 'import flit_core, wheel' || fail "$python has no flit_core or no wheel"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(dpkg-parsechangelog -l "$source/doc/packaging/debian/changelog" -S Timestamp)}
export SOURCE_DATE_EPOCH
umask 022

if [ -z "$library" ]; then
    # Without debugging information, which would name the scratch folder.
    quietly meson setup "$work/build" "$source" -Dbuildtype=release -Ddebug=false -Dlibzip=enabled -Dzlib=enabled \
        -Dzstd=enabled -Dtests=disabled -Dexamples=disabled -Ddocs=disabled -Dmpi=disabled
    quietly meson compile -C "$work/build" ${JOBS:+-j "$JOBS"}
    library=$(realpath "$work/build/lib/libdiffmm.so.1")
fi

# The module as pip would install it, unpacked.
mkdir "$work/python"
cp -R "$source/examples/python/diffmm" "$source/examples/python/pyproject.toml" "$source/examples/python/COPYING" \
    "$work/python"
rm -rf "$work/python/diffmm/__pycache__"
(cd "$work/python" && quietly "$python" -m flit_core.wheel --outdir "$work/pure")
quietly "$python" -m wheel unpack --dest "$work/unpacked" "$work/pure"/*.whl
tree=$(echo "$work"/unpacked/*)
lib=$tree/diffmm/lib
mkdir "$lib"

# These belong to glibc, which is always the system's own.
is_of_the_system() {
    case $1 in
    ld-linux*.so.* | libc.so.6 | libm.so.6 | libpthread.so.0 | libdl.so.2 | librt.so.1) true ;;
    *) false ;;
    esac
}
needed() {
    patchelf --print-needed "$1"
}
# The name of a library in the wheel.
name_of() {
    sum=$(sha256sum "$1")
    echo "${2%%.so*}-$(echo "$sum" | cut -c 1-8).so${2#*.so}"
}

echo "== Libraries"
cp "$library" "$lib/libdiffmm.so.1"
ldd "$library" | sed -n 's/^\t\([^ ]*\) => \([^ ]*\) .*/\1 \2/p' >"$work/found"
! grep -q 'not found' "$work/found" || fail "$library needs what is not here"
while read -r soname path; do
    is_of_the_system "$soname" || echo "$soname $(realpath "$path") $(name_of "$path" "$soname")"
done <"$work/found" >"$work/bundled"
while read -r soname path name; do
    cp "$path" "$lib/$name"
    patchelf --set-soname "$name" "$lib/$name"
done <"$work/bundled"
for file in "$lib"/*; do
    strip --strip-unneeded "$file"
    for soname in $(needed "$file"); do
        name=$(sed -n "s/^$soname .* //p" "$work/bundled")
        [ -z "$name" ] || patchelf --replace-needed "$soname" "$name" "$file"
    done
    patchelf --set-rpath "\$ORIGIN" "$file"
    chmod 755 "$file"
    for soname in $(needed "$file"); do
        is_of_the_system "$soname" || [ -f "$lib/$soname" ] || fail "$file needs $soname, which is not in the wheel"
    done
done
(cd "$lib" && du -b -- *)

# What Debian says of each, and the licences that it refers to.
licences=$(echo "$tree"/*.dist-info)/licences
mkdir "$licences"
while read -r soname path name; do
    # Packages may still call /usr/lib by its former name, /lib.
    package=$(dpkg-query --search "$path" "${path#/usr}" 2>/dev/null | sed 's/:.*//' | sort -u)
    [ -n "$package" ] || fail "no package has $path: under which licence is it?"
    cp "/usr/share/doc/$package/copyright" "$licences/$package"
    dpkg-query --show --showformat "$name: \${source:Package} \${source:Version}\n" "$package" >>"$licences/SOURCES"
done <"$work/bundled"
grep -ho '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$licences"/* | sort -u | while read -r licence; do
    [ ! -f "$licence" ] || cp -L "$licence" "$licences"
done
chmod -R u=rwX,go=rX "$licences"

# The oldest glibc with every symbol that they ask it for.
glibc=$(readelf --version-info --wide "$lib"/* | grep -o 'Name: GLIBC_2\.[0-9]*' | sed 's/.*_2\.//' | sort -n | tail -n 1)
tag=py3-none-manylinux_2_${glibc}_$(uname -m)
sed -i -e 's/^Root-Is-Purelib: .*/Root-Is-Purelib: false/' -e "s/^Tag: .*/Tag: $tag/" "$tree"/*.dist-info/WHEEL
quietly "$python" -m wheel pack --dest-dir "$folder" "$tree"
echo "== $(cd "$folder" && du -b -- *"$tag.whl")"
