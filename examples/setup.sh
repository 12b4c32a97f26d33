# SPDX-License-Identifier: BSD-2-Clause
# Sourced by examples/quickstart.sh and tests/run.sh: what must be installed before building.
#
#   setup_packages PACKAGE...   Debian packages that the build needs. Where all are there nothing is
#                               touched; else root installs them, and anyone else is told how.
#   setup_build FOLDER OPTION.. configure a build folder (again, if it exists)

setup_present() {
    case $1 in
    build-essential)
        command -v make >/dev/null && printf '#include <stdio.h>\nint main(void) { return 0; }\n' |
            cc -x c -S -o - - >/dev/null 2>&1 && command -v ld >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    libblis-dev) printf '#include <blis.h>\n' | cc -x c -E - >/dev/null 2>&1 ;;
    libjansson-dev) pkg-config --exists 'jansson >= 2.13' 2>/dev/null ;;
    libzip-dev) pkg-config --exists libzip 2>/dev/null ;;
    zlib1g-dev) pkg-config --exists zlib 2>/dev/null ;;
    libzstd-dev) pkg-config --exists libzstd 2>/dev/null ;;
    libmicrohttpd-dev) pkg-config --exists 'libmicrohttpd >= 0.9.74' 2>/dev/null ;;
    libsqlite3-dev) pkg-config --exists 'sqlite3 >= 3.38' 2>/dev/null ;;
    libpq-dev) pkg-config --exists libpq 2>/dev/null ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
    libopenmpi-dev) pkg-config --exists ompi-c 2>/dev/null ;;
    openmpi-bin) command -v mpirun >/dev/null ;;
    libopenblas-dev) pkg-config --exists openblas 2>/dev/null ;;
    libopencv-*-dev)
        part=${1#libopencv-}
        [ -f "/usr/include/opencv4/opencv2/${part%-dev}.hpp" ] ;;
    check) pkg-config --exists check 2>/dev/null ;;
    python3-numpy)
        python3 -c 'import numpy' 2>/dev/null || /usr/bin/python3 -c 'import numpy' 2>/dev/null ;;
    locales) [ -f /usr/share/i18n/locales/de_DE ] ;;
    abigail-tools) command -v abidiff >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

setup_packages() {
    missing=
    for package in "$@"; do
        setup_present "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    install="apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "Missing:$missing. As root, on Debian or a relative of it:" >&2
        echo "    apt-get update && $install" >&2
        return 1
    fi
    echo "Installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >/dev/null && $install >/dev/null || {
        echo "This failed: apt-get update && $install" >&2
        return 1
    }
}

setup_build() {
    folder=$1
    shift
    if [ -f "$folder/build.ninja" ]; then
        meson setup --reconfigure "$folder" "$root" "$@" # (unlike meson configure, it knows options that are new)
    else
        meson setup "$folder" "$root" "$@"
    fi
}
