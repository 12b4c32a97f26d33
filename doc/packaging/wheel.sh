#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Make a wheel of the Python module that brings the library along, and all that this is linked with but the C
# library: it needs Python, NumPy, and a glibc no older than this system's. With the same packages installed it has the
# same bytes whenever it is made.
# It needs what the library is built with, and flit, pip, python3-wheel, patchelf (Debian's names).
# usage: wheel.sh FOLDER      where the wheel is left
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -eq 1 ] || {
    echo "usage: wheel.sh FOLDER" >&2
    exit 2
}
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The newest file's time would differ from clone to clone; the changelog of the packages says when this version was.
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$source/doc/packaging/debian/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH
python=${PYTHON:-/usr/bin/python3}

# Without debugging information, which names the scratch folder and so changes the library's build ID.
meson setup "$work/build" "$source" --prefix /usr -Dbuildtype=release -Ddebug=false -Dtests=disabled \
    -Dexamples=disabled -Ddocs=disabled >"$work/log"
DESTDIR=$work/root meson install -C "$work/build" --strip >>"$work/log"

cp -R "$source/examples/python" "$work/python" # building leaves files
"$python" -m pip --quiet wheel --no-deps --no-build-isolation --wheel-dir "$work" "$work/python"
"$python" -m wheel unpack --dest "$work/wheel" "$work"/diffmm-*.whl >>"$work/log"
tree=$(echo "$work"/wheel/diffmm-*)
info=$(echo "$tree"/*.dist-info)
mkdir "$tree/diffmm/lib" "$info/licenses"
cp "$source/COPYING" "$info/licenses/libdiffmm"

# The library first; then what it wants, but for what every system has from glibc.
cp -L "$(find "$work/root" -name libdiffmm.so.1)" "$tree/diffmm/lib"
ldd "$tree/diffmm/lib/libdiffmm.so.1" | awk '$2 == "=>" { print $3 }' |
    grep -v -E '/lib(c|m|pthread|dl|rt)\.so\.' | while read -r path; do
    real=$(readlink -f "$path")
    cp "$real" "$tree/diffmm/lib/$(basename "$path")"
    package=$({ dpkg -S "$real" || dpkg -S "${real#/usr}"; } 2>/dev/null | sed -n '1s/:.*//p')
    cp "/usr/share/doc/$package/copyright" "$info/licenses/$package"
done
patchelf --set-rpath "\$ORIGIN" "$tree/diffmm/lib"/*

tag=$("$python" -c 'import sysconfig; print(sysconfig.get_platform().replace("-", "_").replace(".", "_"))')
sed -i -e 's/^Root-Is-Purelib: .*/Root-Is-Purelib: false/' -e "s/^Tag: .*/Tag: py3-none-$tag/" "$info/WHEEL"
find "$tree" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
"$python" -m wheel pack --dest-dir "$out" "$tree" >>"$work/log"
ls -l "$out"/diffmm-*-py3-none-"$tag".whl
