#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The types of the package, by TypeScript's compiler: a right program passes, and of another one exactly the lines that
# are wrong are refused. usage: types.sh PACKAGE
set -eu
here=$(cd "$(dirname "$0")" && pwd)
package=$1
command -v tsc >/dev/null || {
    echo "skipped: no tsc (Debian: node-typescript)"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/node_modules"
cp -R "$package" "$work/node_modules/diffmm"
cp "$here"/types/*.ts "$work"
cd "$work"
compile() {
    tsc --strict --noEmit --target es2022 --module nodenext --lib es2022,dom --pretty false "$1"
}
compile right.ts
! compile wrong.ts >found || {
    echo "nothing is refused" >&2
    exit 1
}
sed -n 's/^wrong\.ts(\([0-9]*\),.*/\1/p' found | sort -un >refused
grep -n '// wrong$' wrong.ts | cut -d: -f1 >wrong
diff wrong refused || {
    cat found >&2
    exit 1
}
