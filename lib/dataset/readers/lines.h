/* SPDX-License-Identifier: BSD-2-Clause */
/* What all readers of text agree on (doc/file-formats.md): UTF-8, a byte order mark may come first,
 * lines end with LF or CRLF, the last may lack its end, empty lines at the end say nothing. */
#ifndef DIFFMM_DATASET_READERS_LINES_H
#define DIFFMM_DATASET_READERS_LINES_H

#include <stddef.h>

#include <diffmm/context.h>

/* Step over a byte order mark, if the text begins with one. Text in UTF-16 is an error that says
 * so, with `name`, the file. */
diffmm_status diffmm__lines_skip_mark(const char **text, const char *end, const char *name);

/* Bytes of the line end at `text`, 0 if there is none: LF, CRLF, or a CR that ends the file. */
static inline size_t diffmm__lines_break(const char *text, const char *end)
{
    if (text == end)
        return 0;
    if (*text == '\n')
        return 1;
    if (*text != '\r')
        return 0;
    return end - text == 1 ? 1 : text[1] == '\n' ? 2 : 0;
}

/* All lines of a text, without their ends: a list of ids, for example. */
struct diffmm__lines {
    char *text; /* what the lines point to */
    const char **list;
    size_t count;
};

/* An empty line between others, a NUL and what is not UTF-8 are errors that name file and line. */
diffmm_status diffmm__lines_parse(const diffmm_context *context, const char *text, size_t size,
                                  const char *name, struct diffmm__lines *out);
void diffmm__lines_end(const diffmm_context *context, struct diffmm__lines *lines);

#endif
