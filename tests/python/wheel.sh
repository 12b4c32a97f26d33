#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A wheel that brings the library along (doc/packaging/wheel.sh), made of a library that has been built: pip installs it,
# and it works with its own libraries. tests/packaging/bare_root.sh does all of it, in a system that has none of them.
# usage: wheel.sh PYTHON LIBRARY SOURCE-FOLDER
set -eu
python=$1 library=$2 source=$3
for tool in patchelf dpkg-query dpkg-parsechangelog; do
    command -v "$tool" >/dev/null || {
        echo "skipped: there is no $tool"
        exit 77
    }
done
"$python" -c 'import flit_core, pip, wheel' 2>/dev/null || {
    echo "skipped: $python has no flit_core, pip or wheel"
    exit 77
}
for soname in libblis libjansson libzip libzstd; do
    patchelf --print-needed "$library" | grep -q "^$soname\." || {
        echo "skipped: the library was built without $soname"
        exit 77
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DIFFMM_LIBRARY PYTHONPATH LD_LIBRARY_PATH
PYTHON=$python sh "$source/doc/packaging/wheel.sh" "$work/wheels" "$library"
"$python" -m pip --isolated --disable-pip-version-check install --quiet --no-index --no-deps --no-compile \
    --target "$work/installed" "$work/wheels"/*.whl
licences=$(echo "$work/installed"/*.dist-info/licences)
for library in "$work/installed/diffmm/lib"/*-*; do
    package=$(sed -n "s/^$(basename "$library"): //p" "$licences/SOURCES")
    [ -n "$package" ] || {
        echo "no licence for $library" >&2
        exit 1
    }
done
cd "$work"
PYTHONPATH=$work/installed "$python" -B "$source/tests/python/wheel_works.py" "$work/installed"
