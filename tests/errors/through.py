# SPDX-License-Identifier: BSD-2-Clause
"""Writes through.h and through.c, with which the tests of this folder make every call that returns a
status through its sibling NAME_r(), and on another thread.

    through.py INCLUDE-FOLDER through.h through.c

through.h is included before all else, and gives NAME another meaning: it starts a thread that calls
NAME_r(), waits for it, and keeps the text; diffmm_error_message() then stands for that text."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "generate"))
import declarations
import with_message

HEADER = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Written by through.py. */
#include <diffmm/with_message.h>

/* The text of the last call. */
const char *through_message(void);
"""

SOURCE = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Written by through.py. */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include <diffmm/with_message.h>

const char *through_message(void);

static char last_message[DIFFMM_MESSAGE_SIZE];

const char *through_message(void)
{
    return last_message;
}

/* A call, and what it came to. */
struct call {
    diffmm_status (*make)(const void *arguments, char *message, size_t size);
    const void *arguments;
    diffmm_status status;
    char message[DIFFMM_MESSAGE_SIZE], own[DIFFMM_MESSAGE_SIZE];
};

static void *run(void *argument)
{
    struct call *call = argument;
    memset(call->message, '?', sizeof call->message);
    call->status = call->make(call->arguments, call->message, sizeof call->message);
    strcpy(call->own, diffmm_error_message());
    return NULL;
}

/* The text is that of the thread which made the call, and there is none where nothing failed. */
static diffmm_status call_elsewhere(diffmm_status (*make)(const void *, char *, size_t),
                                    const void *arguments)
{
    static struct call call;
    call = (struct call){.make = make, .arguments = arguments};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, run, &call), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_str_eq(call.message, call.status == DIFFMM_OK ? "" : call.own);
    if (call.status != DIFFMM_OK)
        strcpy(last_message, call.message);
    return call.status;
}
"""

FUNCTION = """
struct arguments_of_{name} {{
    {members}
}};

static diffmm_status make_{name}(const void *arguments, char *message, size_t size)
{{
    const struct arguments_of_{name} *a = arguments;
    return {name}_r({values}, message, size);
}}

diffmm_status through_{name}({parameters});
diffmm_status through_{name}({parameters})
{{
    return call_elsewhere(make_{name}, &(struct arguments_of_{name}){{{names}}});
}}
"""


def main():
    functions = with_message.with_status(declarations.read(pathlib.Path(sys.argv[1]) / "diffmm"))
    header, source = [HEADER], [SOURCE]
    for function in functions:
        declared = [with_message.declared(parameter) for parameter in function.parameters]
        names = [parameter.name for parameter in function.parameters]
        header.append(f"diffmm_status through_{function.name}({', '.join(declared)});\n"
                      f"#define {function.name} through_{function.name}\n")
        source.append(FUNCTION.format(
            name=function.name, parameters=", ".join(declared), names=", ".join(names),
            values=", ".join(f"a->{name}" for name in names),
            members=" ".join(f"{one};" for one in declared)))
    header.append("#define diffmm_error_message through_message\n")
    pathlib.Path(sys.argv[2]).write_text("".join(header), encoding="utf-8")
    pathlib.Path(sys.argv[3]).write_text("".join(source), encoding="utf-8")


if __name__ == "__main__":
    main()
