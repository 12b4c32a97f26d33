#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# One program, linked in every way that users have: pkg-config, pkg-config --static, a CMake
# project, a meson project, one with this library inside. All print the same bits.
# usage: consumer.sh static|cmake|dependency|subproject BUILD-FOLDER SOURCE-FOLDER
set -eu
way=$1 build=$2 source=$3
. "$source/tests/install/prefix.sh"
here=$source/tests/install
consumer_expected "$work/expected"

# A project of its own in the scratch folder.
take_project() {
    cp -R "$here/$way" "$work/project"
    cp "$here/consumer.c" "$here/training.c" "$here/training.h" \
        "$here/checksum.c" "$here/checksum.h" "$work/project"
    cd "$work/project"
}

# The program $1 prints the same as the one linked through pkg-config.
same() {
    "$1" >"$work/output"
    cmp "$work/expected" "$work/output"
    echo "$2: $(head -n 1 "$work/output")"
}

# Link through pkg-config --static, with no shared libdiffmm to be found: $1 output, then options.
link_static() {
    output=$1
    shift
    rm -f "$lib"/libdiffmm.so*
    # shellcheck disable=SC2046
    quietly $cc -std=c11 "$@" -o "$output" \
        "$here/consumer.c" "$here/training.c" "$here/checksum.c" \
        $(pkg-config --static --cflags --libs diffmm)
}

case $way in
static)
    link_static "$work/static"
    if ldd "$work/static" | grep libdiffmm; then exit 1; fi
    same "$work/static" "pkg-config --static"
    ;;
cmake)
    command -v cmake >/dev/null || skip "there is no cmake"
    take_project
    quietly cmake -S . -B build -DCMAKE_C_COMPILER="$cc"
    quietly cmake --build build
    same build/consumer "cmake"
    ;;
dependency)
    take_project
    quietly meson setup build
    quietly meson compile -C build
    same build/consumer "meson, dependency('diffmm')"
    ;;
subproject)
    take_project
    mkdir -p subprojects/libdiffmm
    cp -R "$source/include" "$source/lib" "$source/meson.build" "$source/meson_options.txt" \
        subprojects/libdiffmm
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
    quietly meson setup build --wrap-mode=forcefallback
    quietly meson compile -C build
    ldd build/consumer | grep -q libdiffmm
    same build/consumer "meson, subproject"
    quietly meson setup static --wrap-mode=forcefallback -Ddefault_library=static \
        -Dlibdiffmm:libzip=disabled
    quietly meson compile -C static
    if ldd static/consumer | grep libdiffmm; then exit 1; fi
    same static/consumer "meson, static subproject"
    # Without libzip, which has no static form everywhere, a program needs no shared library at all.
    use_installed static
    link_static "$work/whole" -static
    if ldd "$work/whole" 2>/dev/null | grep '=>'; then exit 1; fi
    same "$work/whole" "pkg-config --static, -static"
    ;;
esac
