#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Print layout.c, the static assertions about every public struct and enum, for the headers as they are:
#     sh tests/abi/layout.sh include >tests/abi/layout.c
# when the public interface has been extended. A review looks at what has changed in it: nothing but sizes
# of structs with struct_size, and new lines. With a file, say whether it is that.
# usage: layout.sh HEADER-FOLDER [layout.c]
set -eu
headers=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A program that prints the assertions: one declaration a line, a member that points to a function by its
# name alone; a member's name is the last word of its declaration.
{
    printf '#include <stddef.h>\n#include <stdio.h>\n#include <diffmm/diffmm.h>\n'
    printf 'int main(void)\n{\n'
    printf '#include <diffmm/diffmm.h>\n' | ${CC:-cc} -E -P -I"$headers" -x c - | tr '\n*' '  ' |
        sed -e 's/( *\([a-z_]*\))([^)]*)/\1/g' -e 's/[;{},]/&\n/g' | awk '
        /typedef (struct|enum) diffmm_[a-z_]+ \{/ {
            inside = $2
            name = $3
            printf "printf(\"\\nSIZE(%s, %%zu);\\n\", sizeof(%s));\n", name, name
            next
        }
        inside == "enum" && / = / {printf "printf(\"IS(%s, %%d);\\n\", (int)%s);\n", $1, $1}
        inside && /\}/ {inside = ""}
        inside == "struct" {
            gsub(/\[[^]]*\]|[;,]/, "")
            printf "printf(\"AT(%s, %s, %%zu);\\n\", offsetof(%s, %s));\n", name, $NF, name, $NF
        }'
    printf '}\n'
} >"$work/print.c"
${CC:-cc} -std=c11 -I"$headers" -o "$work/print" "$work/print.c"
{
    cat <<'C'
/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout of every public struct and the numbers of every enum, as programs have them compiled
 * in, for pointers and sizes of 8 bytes. Compiling is the test. A struct with struct_size may get
 * members at its end, an enum more numbers; nothing else here changes. Written by layout.sh. */
#include <stddef.h>

#include <diffmm/diffmm.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define AT(type, member, offset)                                                                   \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member)
#define IS(name, value) _Static_assert((int)(name) == (value), #name)
C
    "$work/print"
} >"$work/layout.c"
if [ $# -eq 1 ]; then
    cat "$work/layout.c"
else
    diff -u "$2" "$work/layout.c"
fi
