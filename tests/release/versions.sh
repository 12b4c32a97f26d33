#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The version and the soversion are the same wherever they stand (doc/compatibility.md).
# usage: versions.sh VERSION SOVERSION SOURCE-FOLDER
set -eu
version=$1 soversion=$2 source=$3
cd "$source"
failed=no

# $1: a place; $2: what stands there; $3: what should.
same() {
    [ "$2" = "$3" ] || {
        echo "$1: '$2', not '$3'" >&2
        failed=yes
    }
}
# The first match of the sed expression $2 in file $1.
found() {
    sed -n "s/$2/\\1/p" "$1" | head -n 1
}
macros=$(for part in MAJOR MINOR PATCH; do
    found include/diffmm/version.h "^#define DIFFMM_VERSION_$part \\([0-9]*\\) .*"
done | paste -s -d .)
same include/diffmm/version.h "$macros" "$version"
same doc/changelog.md "$(found doc/changelog.md '^## \([0-9.]*\).*')" "$version"
same examples/python/diffmm/_library.py \
    "$(found examples/python/diffmm/_library.py '^WRITTEN_FOR = (\(.*\))' | sed 's/, /./g')" "$version"
same examples/node/package.json "$(found examples/node/package.json '^ *"version": "\(.*\)",')" "$version"
same examples/python/diffmm/__init__.py "$(found examples/python/diffmm/__init__.py '^__version__ = "\(.*\)"')" "$version"
same examples/serve/openapi.json "$(found examples/serve/openapi.json '^ *"version": "\(.*\)",')" "$version"
same doc/packaging/debian/changelog "$(found doc/packaging/debian/changelog '^libdiffmm (\(.*\)-[0-9a-z]*) .*')" "$version"
same "doc/linking.md, the wrap" "$(found doc/linking.md '^directory = libdiffmm-\(.*\)')" "$version"

same lib/diffmm.map "$(found lib/diffmm.map '^DIFFMM_\([0-9]*\) {')" "$soversion"
same tests/abi/symbols.txt "$(awk '{print $2}' tests/abi/symbols.txt | sort -u)" "DIFFMM_$soversion"
same "tests/abi, the golden dump" "$(ls tests/abi/*.abi.gz)" "tests/abi/diffmm_$soversion.abi.gz"
same examples/python/diffmm/_library.py "$(found examples/python/diffmm/_library.py '^SONAME = "libdiffmm\.so\.\(.*\)"')" \
    "$soversion"
same "doc/packaging/debian/control" "$(found doc/packaging/debian/control '^Package: libdiffmm\([0-9]*\)$')" "$soversion"
same "doc/packaging/debian/rules" "$(found doc/packaging/debian/rules '.*libdiffmm\.so\.\([0-9]*\) libdiffmm.*')" "$soversion"
[ $failed = no ]
