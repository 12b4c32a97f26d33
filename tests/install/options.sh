#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# On a machine without Check the project is set up without its tests, unless these are asked for.
# usage: options.sh BUILD-FOLDER SOURCE-FOLDER
set -eu
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/pkg-config" <<'SH'
#!/bin/sh
case " $* " in
*" check "*) exit 1 ;;
esac
exec pkg-config "$@"
SH
chmod +x "$work/pkg-config"
printf "[binaries]\npkgconfig = '%s'\ncmake = '/nothing'\n" "$work/pkg-config" >"$work/native"

# Set up with the options that follow.
set_up() {
    rm -rf "$work/build"
    meson setup "$work/build" "$source" --native-file "$work/native" "$@" >"$work/log" 2>&1
}
set_up || {
    tail -n 20 "$work/log" >&2
    exit 1
}
meson introspect "$work/build" --tests | grep -q '^\[\]'
if set_up -Dtests=enabled; then exit 1; fi
grep -qi 'error.*"check" not found' "$work/log"
