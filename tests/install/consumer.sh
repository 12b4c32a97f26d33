#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# One program, linked in every way that users have: pkg-config, pkg-config --static, a CMake
# project (by pkg-config, by the package, or by its component mpi), an Autoconf project, a meson project, one with this library inside. All
# print the same bits.
# usage: consumer.sh static|cmake|package|package_mpi|autoconf|dependency|subproject BUILD-FOLDER SOURCE-FOLDER
set -eu
way=$1 build=$2 source=$3
. "$source/tests/install/prefix.sh"
here=$source/tests/install
consumer_expected "$work/expected"

# A project of its own in the scratch folder.
take_project() {
    mkdir "$work/project"
    [ ! -d "$here/$way" ] || cp -R "$here/$way/." "$work/project"
    cp "$here/consumer.c" "$here/training.c" "$here/training.h" \
        "$here/checksum.c" "$here/checksum.h" "$work/project"
    cd "$work/project"
}

# The code of language $1 in doc/linking.md.
code() {
    awk -v language="$1" -f "$source/tests/docs/blocks.awk" "$source/doc/linking.md"
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
package)
    command -v cmake >/dev/null || skip "there is no cmake"
    take_project
    # Another place than it was installed in, with the linker and pkg-config none the wiser.
    mv "$prefix" "$work/moved"
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
    version=$(sed -n 's/^Version: //p' "$work/moved${pc#"$prefix"}")
    major=${version%%.*} minor=${version#*.} minor=${minor%%.*}
    quietly cmake -S . -B build -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$work/moved" \
        -DVERSION="$major.$minor" -DNOT_VERSIONS="$((major + 1));$((major + 1)).0;$major.$((minor + 1));99"
    quietly cmake --build build
    ldd build/diffmm | grep -q "$work/moved"
    same build/diffmm "cmake, diffmm::diffmm"
    if ldd build/diffmm_static | grep libdiffmm; then exit 1; fi
    same build/diffmm_static "cmake, diffmm::diffmm_static"
    # Where only the static library is installed, diffmm::diffmm is that one.
    rm "$work/moved${lib#"$prefix"}"/libdiffmm.so*
    rm -r build
    quietly cmake -S . -B build -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$work/moved" -DVERSION="$version"
    quietly cmake --build build --target diffmm
    same build/diffmm "cmake, diffmm::diffmm without a shared library"
    ;;
package_mpi)
    command -v cmake >/dev/null || skip "there is no cmake"
    [ -e "$lib/libdiffmm-mpi.so" ] || [ -e "$lib/libdiffmm-mpi.a" ] || skip "libdiffmm-mpi was not built"
    take_project
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
    configure() {
        rm -rf build
        quietly cmake -S . -B build -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" "$@"
    }
    configure -DNOT_COMPONENTS=other
    quietly cmake --build build
    for ranks in 1 2; do
        sh "$source/tests/mpi/mpirun.sh" "$ranks" build/shared >"$work/output"
        cmp "$work/expected" "$work/output"
    done
    echo "cmake, diffmm::diffmm_mpi: $(head -n 1 "$work/output")"
    # Where MPI is not to be found, only the component is missing; where nobody asks for it, nobody looks for MPI.
    configure -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON -DNOT_COMPONENTS="mpi;other" -DWITHOUT_MPI=ON
    quietly cmake --build build --target alone
    ./build/alone >"$work/output"
    cmp "$work/expected" "$work/output"
    configure -DWITHOUT_MPI=ON
    if grep MPI_C build/CMakeCache.txt; then exit 1; fi
    # Nor is there a component without its library.
    rm "$lib"/libdiffmm-mpi.*
    configure -DNOT_COMPONENTS="mpi" -DWITHOUT_MPI=ON
    ;;
autoconf)
    command -v autoreconf >/dev/null && command -v automake >/dev/null || skip "there is no autoconf, or no automake"
    [ -f "$(aclocal --print-ac-dir)/pkg.m4" ] || skip "there is no pkg.m4"
    take_project
    code m4 >configure.ac
    code make >Makefile.am
    sed -i 's/program\.c/consumer.c training.c checksum.c/' Makefile.am
    quietly autoreconf --install
    quietly ./configure CC="$cc -std=c11"
    quietly make
    same ./program "autoconf"
    ;;
dependency)
    take_project
    quietly meson setup build
    quietly meson compile -C build
    same build/consumer "meson, dependency('diffmm')"
    ;;
subproject)
    take_project
    # By the wrap of doc/linking.md, from a tarball that stands beside it.
    mkdir -p subprojects/packagefiles tar
    code ini >subprojects/libdiffmm.wrap
    directory=$(sed -n 's/^directory = //p' subprojects/libdiffmm.wrap)
    file=subprojects/packagefiles/$(sed -n 's/^source_filename = //p' subprojects/libdiffmm.wrap)
    mkdir "tar/$directory"
    cp -R "$source/include" "$source/lib" "$source/meson.build" "$source/meson_options.txt" "tar/$directory"
    tar -C tar -caf "$file" "$directory"
    sed -i "s/^source_hash = .*/source_hash = $(sha256sum "$file" | cut -d ' ' -f 1)/" subprojects/libdiffmm.wrap
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
    # What compiles it anew for the static form is left out from the beginning, unless there is time.
    [ "${DIFFMM_TESTS:-long}" = short ] && libzip=disabled || libzip=auto
    quietly meson setup build --wrap-mode=forcefallback -Ddebug=false -Dlibdiffmm:libzip="$libzip"
    quietly meson compile -C build
    ldd build/consumer | grep -q libdiffmm
    same build/consumer "meson, subproject"
    # The same folder, so that nothing else is compiled again.
    quietly meson configure build -Ddefault_library=static -Dlibdiffmm:default_library=static \
        -Dlibdiffmm:libzip=disabled
    quietly meson compile -C build
    if ldd build/consumer | grep libdiffmm; then exit 1; fi
    same build/consumer "meson, static subproject"
    # Without libzip, which has no static form everywhere, a program needs no shared library at all.
    use_installed build
    link_static "$work/whole" -static
    if ldd "$work/whole" 2>/dev/null | grep '=>'; then exit 1; fi
    same "$work/whole" "pkg-config --static, -static"
    ;;
esac
