#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The recipes of doc/deploy are such as systemd and container builders take, as far as can be seen without running
# them, and use options that the program has.
# usage: deploy.sh SOURCE-FOLDER PROGRAM|none
set -eu
source=$1 program=$2
unit=$source/doc/deploy/diffmm_serve.service
recipe=$source/doc/deploy/Dockerfile
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# Every line of the unit is a section, a setting or a comment, and what it is for is there.
! grep -vnE '^(\[(Unit|Service|Install)\]|[A-Z][A-Za-z]*=.*|#.*|)$' "$unit" || fail "$unit: the lines above"
for setting in ExecStart ExecReload Restart WantedBy DynamicUser NoNewPrivileges ProtectSystem SystemCallFilter; do
    grep -q "^$setting=" "$unit" || fail "$unit: no $setting"
done
grep -q '^ExecReload=.*-HUP \$MAINPID$' "$unit" || fail "$unit: it does not reload by SIGHUP"

# The recipe: known instructions, stages that exist, not as root at the end.
sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$recipe" | grep -v '^#' | grep . >"$work/recipe"
! grep -vE '^(FROM|RUN|COPY|USER|EXPOSE|STOPSIGNAL|ENTRYPOINT|CMD) ' "$work/recipe" || fail "$recipe: the lines above"
[ "$(grep -c '^FROM debian:[a-z]*-slim' "$work/recipe")" -eq 2 ] || fail "$recipe: not two stages on Debian"
sed -n 's/^COPY --from=\([a-z]*\) .*/\1/p' "$work/recipe" | while read -r stage; do
    grep -q "^FROM .* AS $stage\$" "$work/recipe" || fail "$recipe: no stage $stage"
done
user=$(sed -n 's/^USER //p' "$work/recipe" | tail -n 1)
case $user in
'' | 0 | root) fail "$recipe: it runs as root" ;;
esac
for option in $(grep -o ' -D[a-z]*=' "$work/recipe" | tr -d ' =' | sed 's/-D//'); do
    grep -q "^option('$option'" "$source/meson_options.txt" || fail "$recipe: there is no option $option"
done

# Options of the program that stand in both, and in the page.
if [ "$program" != none ]; then
    "$program" --help >"$work/help"
    { grep '^ExecStart=' "$unit"; grep -E '^(ENTRYPOINT|CMD)' "$work/recipe"; } |
        grep -oE -e '--[a-z-]+' | sort -u >"$work/used"
    grep -oE '^\| `--[a-z-]+`' "$source/doc/deploy/README.md" | grep -oE -e '--[a-z-]+' >>"$work/used"
    while read -r option; do
        grep -q -e "  $option " "$work/help" || [ "$option" = --model ] || fail "$program has no $option"
    done <"$work/used"
fi

if command -v systemd-analyze >/dev/null; then
    # With a program that is there: what is missing is no fault of the unit.
    sed "s|^ExecStart=/usr/local/bin/diffmm_serve|ExecStart=/bin/true|" "$unit" >"$work/diffmm_serve.service"
    systemd-analyze verify --man=no "$work/diffmm_serve.service" 2>"$work/said" || fail "$(cat "$work/said")"
    ! grep diffmm_serve "$work/said" || fail "$unit: the lines above"
    # Its scale goes from 0 (safe) to 10; the threshold is in tenths.
    if systemd-analyze security --help 2>/dev/null | grep -q -e --offline; then
        systemd-analyze security --offline=yes --threshold=20 "$work/diffmm_serve.service" >"$work/said" 2>&1 ||
            fail "$(tail -n 3 "$work/said")"
    fi
else
    echo "no systemd-analyze: the unit's structure only"
fi
