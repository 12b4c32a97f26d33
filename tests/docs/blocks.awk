# SPDX-License-Identifier: BSD-2-Clause
# The code blocks of one language in a page of Markdown, one after the other. For C and C++ each is
# preceded by where it stands, so that the compiler complains about the page.
# usage: awk -v language=c -f blocks.awk PAGE
$0 == "```" language {
    inside = 1
    if (language ~ /^c/)
        printf "#line %d \"%s\"\n", FNR + 1, FILENAME
    next
}
/^```/ { inside = 0 }
inside
