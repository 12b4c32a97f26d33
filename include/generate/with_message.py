# SPDX-License-Identifier: BSD-2-Clause
"""For every public function that returns a status a sibling NAME_r() that also gives the text of its
failure: their header, or their source.

    with_message.py header|source HEADER-FOLDER OUTPUT DEPFILE

The build runs it, so that a function which is added to a header has its sibling."""
import pathlib
import sys

import declarations

MESSAGE = [declarations.Parameter("message", "char *"), declarations.Parameter("message_size", "size_t")]

HEADER = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Written by include/generate/with_message.py from the other headers. */
/** @file with_message.h
 *  Every function that returns a status once more, as NAME_r(), with the text of its failure.
 *
 *  diffmm_error_message() belongs to the thread that made the call. Where the runtime of a language
 *  makes calls on other threads than the one that asks what went wrong (asynchronous calls of
 *  Node.js, tasks of C#, goroutines), NAME_r() is to be called: it does what NAME() does, and before
 *  it returns, on the thread that it runs on, it writes the text into the caller's memory. C and C++
 *  programs, which know their threads, need none of this, and diffmm.h does not include it.
 *
 *  All have the arguments of NAME(), and two more:
 *  - message: room for `message_size` bytes, which nothing else uses while the call runs. It
 *    receives the text, ended by NUL; "" where the call returns DIFFMM_OK. NULL: no text is wanted.
 *  - message_size: a text that needs more is cut between two characters. DIFFMM_MESSAGE_SIZE is
 *    enough for any; 0 is allowed.
 *
 *  The thread's own text, that of diffmm_error_message(), is afterwards what NAME() leaves.
 *
 *  Context and threads: as for NAME(). */
#ifndef DIFFMM_WITH_MESSAGE_H
#define DIFFMM_WITH_MESSAGE_H

#include <diffmm/diffmm.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How many bytes the longest text has, with its NUL. */
enum { DIFFMM_MESSAGE_SIZE = 512 };

"""

HEADER_END = """\
#ifdef __cplusplus
}
#endif
#endif
"""

SOURCE = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Written by include/generate/with_message.py from the public headers. */
#include <diffmm/with_message.h>

#include "base/status.h"

_Static_assert(sizeof((struct diffmm__error_text *)NULL)->text == DIFFMM_MESSAGE_SIZE,
               "any text has room in DIFFMM_MESSAGE_SIZE bytes");

"""


def with_status(interface):
    """The functions that have a sibling."""
    return [function for function in interface.functions.values() if function.result == "diffmm_status"]


def declared(parameter):
    """As it stands in a declaration."""
    return parameter.type + ("" if parameter.type.endswith("*") else " ") + parameter.name


def listed(before, items, after):
    """`before` and the items with commas between them and `after` at the end, in lines of 100."""
    lines = [before]
    for number, item in enumerate(items):
        item += after if number == len(items) - 1 else ","
        blank = " " if number > 0 else ""
        if len(lines[-1]) + len(blank) + len(item) <= 100:
            lines[-1] += blank + item
        else:
            lines.append(" " * 8 + item)
    return "\n".join(lines)


def sibling(function, before, after):
    taken = {parameter.name for parameter in function.parameters}
    if taken & {parameter.name for parameter in MESSAGE}:
        raise ValueError(f"{function.name} has an argument with the name of one that is added")
    return listed(f"{before}diffmm_status {function.name}_r(",
                  [declared(parameter) for parameter in function.parameters + MESSAGE], ")") + after


def header(interface):
    lines = [f"/** {function.name}() with the text of its failure. */\n"
             + sibling(function, "DIFFMM_API ", ";\n") for function in with_status(interface)]
    return HEADER + "\n".join(lines) + "\n" + HEADER_END


def source(interface):
    bodies = []
    for function in with_status(interface):
        call = listed(f"        {function.name}(",
                      [parameter.name for parameter in function.parameters], "),")
        bodies.append(sibling(function, "", "\n{\n    return diffmm__error_text_give(\n")
                      + f"{call}\n        message, message_size);\n}}\n")
    return SOURCE + "\n".join(bodies)


def main():
    kind, folder, output, depfile = sys.argv[1:]
    interface = declarations.read(folder)
    pathlib.Path(output).write_text({"header": header, "source": source}[kind](interface),
                                    encoding="utf-8")
    declarations.write_depfile(depfile, output, interface)


if __name__ == "__main__":
    main()
