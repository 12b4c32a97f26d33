/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/lines.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"

diffmm_status diffmm__lines_skip_mark(const char **text, const char *end, const char *name)
{
    size_t size = (size_t)(end - *text);
    if (size >= 2 && (memcmp(*text, "\xff\xfe", 2) == 0 || memcmp(*text, "\xfe\xff", 2) == 0))
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s:1: this is text in UTF-16 or UTF-32; text is read in UTF-8", name);
    if (size >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0)
        *text += 3;
    return DIFFMM_OK;
}

/* The end without the line ends that nothing follows. */
static const char *without_empty_lines(const char *text, const char *end)
{
    if (end > text && end[-1] == '\r')
        end--;
    while (end > text && end[-1] == '\n') {
        end--;
        if (end > text && end[-1] == '\r')
            end--;
    }
    return end;
}

static size_t count_lines(const char *text, const char *end)
{
    size_t count = text < end;
    for (const char *p = text; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        count++;
    return count;
}

static diffmm_status check_line(const char *line, size_t length, const char *name, size_t number)
{
    const char *wrong = length == 0                      ? "the line is empty"
                        : memchr(line, 0, length)        ? "the line has a NUL"
                        : !diffmm__is_utf8(line, length) ? "the line is not UTF-8"
                                                         : NULL;
    return wrong ? diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s", name, number, wrong) : DIFFMM_OK;
}

/* Cut the copied text into lines, each with a NUL in the place of its end. */
static diffmm_status cut(struct diffmm__lines *lines, char *end, const char *name)
{
    char *next = lines->text;
    for (size_t i = 0; i < lines->count; i++) {
        char *line = next, *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        next = stop + 1;
        if (stop > line && stop < end && stop[-1] == '\r')
            stop--;
        diffmm_status status = check_line(line, (size_t)(stop - line), name, i + 1);
        if (status)
            return status;
        *stop = 0;
        lines->list[i] = line;
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__lines_parse(const diffmm_context *context, const char *text, size_t size,
                                  const char *name, struct diffmm__lines *out)
{
    const char *end = text + size;
    diffmm_status status = diffmm__lines_skip_mark(&text, end, name);
    if (status)
        return status;
    size = (size_t)(without_empty_lines(text, end) - text);
    struct diffmm__lines lines = {.text = diffmm__allocate(context, size + 1, 1)};
    if (lines.text) {
        /* Counted in the copy: the file may change meanwhile. */
        memcpy(lines.text, text, size);
        lines.text[size] = 0;
        lines.count = count_lines(lines.text, lines.text + size);
        lines.list = diffmm__allocate(context, lines.count, sizeof *lines.list);
    }
    status = lines.list ? cut(&lines, lines.text + size, name) : DIFFMM_ERROR_NO_MEMORY;
    if (status) {
        diffmm__lines_end(context, &lines);
        return status;
    }
    *out = lines;
    return DIFFMM_OK;
}

void diffmm__lines_end(const diffmm_context *context, struct diffmm__lines *lines)
{
    diffmm__release(context, lines->text);
    diffmm__release(context, lines->list);
    *lines = (struct diffmm__lines){0};
}
