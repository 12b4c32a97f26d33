#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The shared library exports exactly the symbols that names.sh lists, under the version node DIFFMM_1; no
# global symbol of the static library stands outside diffmm_; no variable of the shared library is
# writable but each thread's error text and build information; and it asks libc for nothing that prints,
# ends the process or changes what belongs to the process.
# usage: symbols.sh libdiffmm.so libdiffmm.a symbols.txt HEADER-FOLDER
set -eu
shared=$1 static=$2 list=$3 headers=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$shared" | awk '{print $3}' | grep -v '^DIFFMM_1$' | sed 's/@@/ /' |
    sort >"$work/exported"
sh "$(dirname "$0")/names.sh" "$list" "$headers" >"$work/expected"
diff -u "$work/expected" "$work/exported" || {
    echo "the exported symbols are not those of $list with their siblings" >&2
    exit 1
}
nm --defined-only --extern-only "$static" 2>/dev/null | awk 'NF == 3 {print $3}' |
    grep -v '^diffmm_' >"$work/strangers" || true
if [ -s "$work/strangers" ]; then
    echo "the static library defines:" >&2
    cat "$work/strangers" >&2
    exit 1
fi
# (.data.rel.ro is read-only once loaded, .tbss belongs to threads; libgcc keeps what the processor can.)
objdump -t "$shared" | grep -E '[[:space:]]O[[:space:]]+\.(data|bss)[[:space:]]' | awk '{print $NF}' |
    grep -vE '^(completed\.|__dso_handle|__TMC_END__|__cpu_model|__cpu_features2)' \
        >"$work/writable" || true
if [ -s "$work/writable" ]; then
    echo "writable variables:" >&2
    cat "$work/writable" >&2
    exit 1
fi
objdump -t "$shared" | grep -E '\.(tbss|tdata)[[:space:]]' | awk '{print $NF}' | sed 's/\..*//' |
    sort >"$work/threads"
printf 'error_text\ntext\n' | diff -u - "$work/threads" || {
    echo "variables of threads: only error_text and (of diffmm_build_info) text are expected" >&2
    exit 1
}
printing='printf|vprintf|puts|putchar|fputs|fputc|fwrite|dprintf|perror|psignal|syslog|stdin|stdout|stderr'
ending='exit|_exit|quick_exit|abort|raise|kill|pthread_kill|__assert_fail|pthread_exit|longjmp'
process='signal|sigaction|sigprocmask|pthread_sigmask|setlocale|uselocale|setenv|putenv|unsetenv|clearenv'
process="$process|getenv|secure_getenv|environ|umask|chdir|fesetround|fesetenv|feenableexcept|fesetexceptflag"
process="$process|feclearexcept|feupdateenv|mallopt|setrlimit|prctl|fork|system|popen|atexit|pthread_atfork"
process="$process|rand|srand|random|srandom|drand48|time|localtime|strerror|strtok|tmpnam|nice|setpriority"
nm -D --undefined-only "$shared" | awk '{print $2}' | sed 's/@.*//' |
    grep -xE "(__)?($printing|$ending|$process)(_chk|64)?" >"$work/asked" || true
if [ -s "$work/asked" ]; then
    echo "a library that lives in other programs does not call:" >&2
    cat "$work/asked" >&2
    exit 1
fi
echo "$(wc -l <"$work/exported") symbols"
