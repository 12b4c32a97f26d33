#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Only base/system.c calls the file system and starts threads, and only base/memory.c calls malloc and calloc.
# $1 is the static library.
set -u
calls='open|openat|fopen|fdopen|freopen|read|pread|readv|write|pwrite|writev|close|fclose|fread|fwrite'
calls="$calls|stat|lstat|fstat|fstatat|readlink|readlinkat|access|mmap|mmap64|munmap|fsync|fdatasync|rename|renameat|unlink|unlinkat|remove|mkdir"
calls="$calls|fchmod|chmod|truncate|ftruncate|opendir|fdopendir|dup|dup2|dup3|fcntl|poll|readdir|closedir|scandir|mkstemp|open64|stat64|fstat64"
calls="$calls|readdir64|fopen64|pthread_create|malloc|calloc|realloc|free|strdup|posix_memalign|aligned_alloc"
calls="$calls|zip_open|zip_source_file|zip_source_file_create|json_load_file|json_dump_file"
found=$(nm -A -u "$1" 2>/dev/null | grep -E " U ($calls)(@.*)?$" |
    grep -v -e 'base_system\.c\.o' -e 'base_memory\.c\.o:.* \(malloc\|calloc\|free\)$')
if [ -n "$found" ]; then
    echo "$found"
    exit 1
fi
# Both must be seen, or nothing was looked at.
nm -A -u "$1" | grep -q 'base_system\.c\.o:.* renameat' &&
    nm -A -u "$1" | grep -q 'base_memory\.c\.o:.* malloc'
