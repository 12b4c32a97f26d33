# SPDX-License-Identifier: BSD-2-Clause
# The code blocks of one language in a page of Markdown, one after the other; with `containing`, those
# alone that hold this text. For C and C++ each is preceded by where it stands, so that the compiler
# complains about the page.
# usage: awk -v language=c [-v containing=TEXT] -f blocks.awk PAGE
$0 == "```" language {
    inside = 1
    block = language == "c" || language == "cpp" ? sprintf("#line %d \"%s\"\n", FNR + 1, FILENAME) : ""
    next
}
/^```/ {
    if (inside && index(block, containing))
        printf "%s", block
    inside = 0
}
inside { block = block $0 "\n" }
