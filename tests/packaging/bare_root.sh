#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Do in minimal systems, with a clone of what is committed, what README.md and doc/ tell a new user to do, by the
# commands that stand there. A step that fails does not keep the others from being tried.
#   - In the first system are only the packages that README.md requires.
#   - In the second one quickstart.sh installs what it needs; then come the optional packages, all programs, and
#     consumers of every kind.
# It takes about an hour on two cores, root, mmdebstrap and a mirror of Debian. Node.js is skipped where npm has no registry.
# usage: bare_root.sh [FOLDER]      where the output of each step goes (build-bare-root)
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
. "$source/tests/packaging/root.sh"
outputs=${1:-$source/build-bare-root}
root_possible || {
    echo "skipped: no root, no mmdebstrap, or no unshare"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$outputs"
mkdir -p "$outputs"
passed=0 failed=0 skipped=0

# A step: what standard input says is done in $root, in the clone. With 77 it says that it cannot be done here.
step() {
    name=$1
    number=$(printf %02d $((passed + failed + skipped + 1)))
    output=$outputs/$number.log
    { echo '. /root/new_user.sh'; cat; } >"$root/root/step.sh"
    begin=$(date +%s)
    code=0
    root_run "$root" sh -eu /root/step.sh >"$output" 2>&1 </dev/null || code=$?
    case $code in
    0) passed=$((passed + 1)) says=ok ;;
    77) skipped=$((skipped + 1)) says=skipped ;;
    *) failed=$((failed + 1)) says=FAILED ;;
    esac
    echo "$number $says: $name ($(($(date +%s) - begin)) s)"
    [ $says = ok ] || tail -n 15 "$output" | sed 's/^/      /'
}

# What the steps use, inside.
new_user() {
    cat <<'STEPS'
cd /root/libdiffmm

# The code of language $2 in page $1 that holds the text $3.
code() {
    awk -v language="$2" -v containing="$3" -f tests/docs/blocks.awk "$1" >/root/code
    [ -s /root/code ] || {
        echo "$1: no $2 with '$3'" >&2
        return 1
    }
    cat /root/code
}

# Run the commands of page $1 that hold the text $2, in the folder $3.
follow() {
    code "$1" sh "$2" >/root/commands
    echo "--- $1:"
    cat /root/commands
    echo "---"
    (cd "${3:-.}" && sh -eu /root/commands)
}

# The packages in the rows of README.md's table of what is $1.
packages() {
    awk -v start="| what is $1" '
        index($0, start) == 1 { inside = 1 }
        !/^\|/ { inside = 0 }
        inside && split($0, cell, "|") && gsub("`", "", cell[3]) { print cell[3] }' README.md
}

get() {
    apt-get install -q -y --no-install-recommends "$@" >/root/apt.log || {
        tail -n 20 /root/apt.log
        return 1
    }
}

# A project with the program of README.md in C, and the data that it opens, in the folder $1.
project() {
    mkdir "$1"
    code README.md c 'int main' >"$1/program.c"
    cp examples/data/clicks.tsv examples/data/cover_feat.* "$1"
}

# The program $2 in folder $1 prints what README.md's does.
runs() {
    (cd "$1" && "$2") | diff /root/expected -
}

# Files of the library outside the clone. (man keeps what it has formatted.)
left() {
    find / -xdev \( -path /root -o -path /proc -o -path /home -o -path /var/cache/man \) -prune -o -name '*diffmm*' -print
}
STEPS
}

# A system named $1, copied from the one that was made first.
system() {
    root=$work/$1
    [ -d "$work/base" ] || root_make "$work/base" || {
        tail -n 5 "$work/base.log"
        exit 1
    }
    cp -a "$work/base" "$root"
    git clone --quiet "$source" "$root/root/libdiffmm"
    new_user >"$root/root/new_user.sh"
    echo "== $2"
}

# Steps for what is built and installed, whatever with.
installed() {
    step "README.md: build, install, ldconfig" <<'STEP'
follow README.md 'meson install'
ldconfig -p | grep libdiffmm
STEP
    step "README.md: its program in C" <<'STEP'
code README.md c 'int main' >examples/data/program.c
code README.md sh 'cc program.c' | grep '^cc ' >/root/compile
(cd examples/data && . /root/compile && ./a.out) | tee /root/expected
[ "$(wc -l </root/expected)" -eq 10 ]
STEP
    step "README.md: its program in C++" <<'STEP'
code README.md cpp 'int main' >examples/data/program.cpp
code README.md sh 'c++ program.cpp' | grep '^c++ ' >/root/compile-cpp
(cd examples/data && . /root/compile-cpp)
runs examples/data ./a.out
STEP
    step "README.md: train and recommend, from the build folder and as installed" <<'STEP'
follow README.md diffmm_recommend
code README.md sh diffmm_recommend | sed 's|build/examples/||' >/root/installed
cat /root/installed
sh -eu /root/installed
STEP
    step "each program: version, help, manual page, completion" <<'STEP'
get man-db bash-completion
for program in /usr/local/bin/diffmm_*; do
    name=$(basename "$program")
    "$name" --version | grep "^$name "
    "$name" --help | grep -q '^usage: '"$name"
    man "$name" >/root/page
    grep -q '^NAME' /root/page
    grep -q -e '--version' /root/page
    cat >/root/complete.bash <<'BASH'
. /usr/share/bash-completion/bash_completion
_completion_loader "$1" || [ $? -eq 124 ]
COMP_WORDS=("$1" --he) COMP_CWORD=1 COMP_LINE="$1 --he" COMP_POINT=${#COMP_LINE}
"$(complete -p "$1" | sed 's/.* -F \([^ ]*\) .*/\1/')" "$1" --he "$1"
printf '%s\n' "${COMPREPLY[@]}"
BASH
    bash /root/complete.bash "$name" | grep '^--help'
done
[ "$(ls /usr/local/bin/diffmm_* | wc -l)" -ge 4 ]
STEP
}

uninstalled() {
    step "README.md: uninstall leaves nothing" <<'STEP'
follow README.md 'ninja -C build uninstall'
left | tee /root/left
[ ! -s /root/left ]
STEP
}

system first "With what README.md requires"
step "the packages" <<'STEP'
apt-get update -q
get $(packages needed)
STEP
installed
uninstalled
step "README.md: a prefix that the linker does not search" <<'STEP'
meson setup --reconfigure build --prefix ~/.local
meson install -C build
lib=$(dirname "$(find ~/.local -name libdiffmm.so)")
export LD_LIBRARY_PATH="$lib" PKG_CONFIG_PATH="$lib/pkgconfig"
project /root/project
cd /root/project
. /root/compile
./a.out | diff /root/expected -
~/.local/bin/diffmm_train --version
STEP
step "doc/packaging: the packages by hand" <<'STEP'
get git
git clone --quiet . /root/package
follow doc/packaging/README.md dpkg-buildpackage /root/package
ls /root/*.deb
STEP

system second "After the quickstart"
step "quickstart.sh, not as root, says what to install" <<'STEP'
useradd --create-home somebody
git config --global --add safe.directory '*' 2>/dev/null || true
cp -R . /home/somebody/libdiffmm
chown -R somebody /home/somebody/libdiffmm
! su somebody -c 'cd ~/libdiffmm && sh examples/quickstart.sh' 2>/root/said
cat /root/said
grep -q '^    apt-get update && apt-get install .*build-essential' /root/said
STEP
step "quickstart.sh" <<'STEP'
follow README.md quickstart.sh | tee /root/quickstart.log
STEP
step "quickstart.sh: what comes next, pasted" <<'STEP'
sed -n 's/^next: //p' /root/quickstart.log | tee /root/next
[ -s /root/next ]
cd /
sh -eu /root/next
STEP
step "README.md: the optional packages, but Check" <<'STEP'
get $(packages optional | tr ' ' '\n' | grep -v '^check$')
STEP
installed
step "all programs are there" <<'STEP'
for name in train recommend batch_recommend export serve sql images; do
    command -v "diffmm_$name"
done
STEP
step "README.md: programs for production" <<'STEP'
get curl
cd examples/data
diffmm_train --data clicks.tsv --epochs 5 --model model.safetensors >/dev/null
diffmm_batch_recommend --model model.safetensors --output nightly.tsv
head -n 2 nightly.tsv
diffmm_export --model model.safetensors --items items.npy
: >shop.db
diffmm_sql --sqlite shop.db --model model.safetensors --into recommended --count 20
diffmm_serve --model model.safetensors &
for attempt in 1 2 3 4 5 6 7 8 9; do
    curl -s -f http://127.0.0.1:8080/readyz && break
    sleep 1
done
curl -s -f 'http://127.0.0.1:8080/recommend?user=alice&count=5' | grep '"item"'
kill $!
STEP
step "doc/linking.md: pkg-config" <<'STEP'
project /root/pkg-config
code README.md cpp 'int main' >/root/pkg-config/program.cpp
cd /root/pkg-config
for compiler in cc c++; do
    sed -n "s/^ *\($compiler .*diffmm)\)$/\1/p" /root/libdiffmm/doc/linking.md | grep -v -e --static >command
    cat command
    [ "$(wc -l <command)" -eq 1 ]
    . ./command
    ldd a.out | grep libdiffmm
    runs . ./a.out
done
STEP
step "doc/linking.md: pkg-config --static, where there is no shared library" <<'STEP'
project /root/static
mkdir /root/aside
mv /usr/local/lib/*/libdiffmm.so* /root/aside
code=0
(
    cd /root/static
    sed -n "s/^ *\(cc .*--static .*diffmm)\)$/\1/p" /root/libdiffmm/doc/linking.md >command
    cat command
    . ./command
    ! ldd a.out | grep libdiffmm
    runs . ./a.out
) || code=$?
mv /root/aside/* "$(dirname /usr/local/lib/*/libdiffmm.a)"
exit $code
STEP
step "doc/linking.md: CMake, both targets and through pkg-config" <<'STEP'
get cmake
for way in 'find_package(diffmm' diffmm_static PkgConfig; do
    folder=/root/cmake-$way
    project "$folder"
    {
        echo 'cmake_minimum_required(VERSION 3.18)'
        echo 'project(program C)'
        echo 'add_executable(program program.c)'
        case $way in
        diffmm_static) code doc/linking.md cmake 'find_package(diffmm' | sed 's/diffmm::diffmm/diffmm::diffmm_static/' ;;
        *) code doc/linking.md cmake "$way" ;;
        esac
    } >"$folder/CMakeLists.txt"
    cat "$folder/CMakeLists.txt"
    cmake -S "$folder" -B "$folder/build"
    cmake --build "$folder/build"
    ldd "$folder/build/program" | grep libdiffmm && shared=yes || shared=no
    [ "$way $shared" != 'diffmm_static yes' ]
    [ "$way" = diffmm_static ] || [ $shared = yes ]
    runs "$folder" build/program
done
STEP
step "doc/linking.md: Autoconf" <<'STEP'
get autoconf automake
project /root/autoconf
code doc/linking.md m4 AC_INIT >/root/autoconf/configure.ac
code doc/linking.md make bin_PROGRAMS >/root/autoconf/Makefile.am
cd /root/autoconf
autoreconf --install
./configure
make
runs . ./program
STEP
step "doc/linking.md: Meson, the installed library" <<'STEP'
project /root/meson
{ echo "project('program', 'c')"; code doc/linking.md meson dependency; } >/root/meson/meson.build
cd /root/meson
meson setup build
meson compile -C build
ldd build/program | grep /usr/local/
runs . build/program
STEP
step "README.md: its program in Python, with the commands there" <<'STEP'
get $(code README.md sh venv | sed -n 's/.*# Debian 12: //p' | tr -d ,)
code README.md sh venv >/root/commands
cat /root/commands
unshare --net sh -eu /root/commands # (there is no network)
code README.md python 'import diffmm' >examples/data/program.py
cd examples/data
../../venv/bin/python program.py
STEP
step "doc/bindings.md: its programs in Python, with the commands there" <<'STEP'
rm -rf venv
follow doc/bindings.md venv
code doc/bindings.md python 'import diffmm' >examples/data/bindings.py
cd examples/data
../../venv/bin/python bindings.py
STEP
step "the programs of examples/python" <<'STEP'
for program in 'train.py --data examples/data/clicks.tsv --epochs 5 --model model.safetensors' diffusion.py loss_terms.py; do
    echo "--- $program"
    venv/bin/python examples/python/$program
done
STEP
step "doc/bindings.md: Node.js" <<'STEP'
get nodejs npm
npm ping >/root/ping 2>&1 || {
    cat /root/ping
    echo "npm has no registry to get koffi from"
    exit 77
}
project /root/node
code doc/bindings.md javascript 'from "diffmm"' >/root/node/program.mjs
code doc/bindings.md js koffi >/root/node/koffi.js
command=$(sed -n 's/.*\/\/ .*\(npm install .*\)/\1/p' /root/node/program.mjs)
echo "$command"
$command
mv node_modules /root/node/
cd /root/node
node program.mjs
DIFFMM_ABI=$(pkg-config --variable=abi diffmm) node koffi.js
STEP
uninstalled
step "doc/packaging: a wheel with the library, twice the same" <<'STEP'
get python3-pip python3-wheel flit patchelf
sh doc/packaging/wheel.sh /root/wheel
sh doc/packaging/wheel.sh /root/another
cmp /root/wheel/*.whl /root/another/*.whl
STEP
step "doc/linking.md: Meson, by the wrap" <<'STEP'
get git
git clone --quiet . /root/clean
cd /root/clean
meson setup build-dist -Dtests=disabled -Dexamples=disabled
meson dist -C build-dist --no-tests
project /root/wrap
folder=/root/wrap/subprojects
mkdir -p $folder/packagefiles
cp build-dist/meson-dist/*.tar.xz $folder/packagefiles
sum=$(sha256sum $folder/packagefiles/*.tar.xz | cut -d ' ' -f 1)
code doc/linking.md ini wrap-file | sed "s/^\(source_hash = \).*/\1$sum/" >$folder/libdiffmm.wrap
{ echo "project('program', 'c')"; code doc/linking.md meson dependency; } >/root/wrap/meson.build
cd /root/wrap
meson setup build
meson compile -C build
ldd build/program | grep /root/wrap/
runs . build/program
STEP

wheels=$root/root/wheel
system third "With NumPy and the wheel"
cp -R "$wheels" "$root/root" || true
step "doc/packaging: the wheel, and nothing else of the library's" <<'STEP'
apt-get update -q
get python3-venv python3-numpy
python3 -m venv --system-site-packages /root/venv
unshare --net /root/venv/bin/pip install --no-index --no-deps /root/wheel/*.whl
code README.md python 'import diffmm' >examples/data/program.py
cd examples/data
/root/venv/bin/python program.py
STEP

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
