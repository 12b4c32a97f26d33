/* SPDX-License-Identifier: BSD-2-Clause */
#include "id_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* All of a file and a NUL; NULL with errno set. */
static char *read_all(FILE *file, size_t *size)
{
    size_t capacity = 1 << 16;
    char *text = malloc(capacity);
    *size = 0;
    while (text) {
        *size += fread(text + *size, 1, capacity - 1 - *size, file);
        if (*size < capacity - 1)
            break;
        char *grown = realloc(text, capacity *= 2);
        if (!grown)
            free(text);
        text = grown;
    }
    if (text && ferror(file)) {
        free(text);
        text = NULL;
    }
    if (text)
        text[*size] = 0;
    return text;
}

/* The size without line ends at the end of the text. */
static size_t without_empty_lines(const char *text, size_t size)
{
    size -= size > 0 && text[size - 1] == '\r';
    while (size > 0 && text[size - 1] == '\n') {
        size--;
        size -= size > 0 && text[size - 1] == '\r';
    }
    return size;
}

static size_t count_lines(const char *text, size_t size)
{
    size_t count = size > 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n';
    return count;
}

/* jansson makes strings of UTF-8 only. */
static bool is_utf8(const char *text, size_t size)
{
    json_t *string = json_stringn(text, size);
    json_decref(string);
    return string != NULL;
}

/* Cut the text into lines, replacing each line end by a NUL. Returns NULL, or what is wrong with
 * line list->count + 1. */
static const char *cut(struct id_list *list, char *next, const char *end, size_t lines)
{
    for (; list->count < lines; list->count++) {
        char *line = next, *stop = memchr(line, '\n', (size_t)(end - line));
        next = stop ? stop + 1 : NULL;
        stop = stop ? stop : line + (end - line);
        if (next && stop > line && stop[-1] == '\r')
            stop--;
        if (stop == line)
            return "the line is empty";
        if (memchr(line, 0, (size_t)(stop - line)))
            return "the line has a NUL";
        if (!is_utf8(line, (size_t)(stop - line)))
            return "the line is not UTF-8";
        *stop = 0;
        list->ids[list->count] = line;
    }
    return NULL;
}

/* What is wrong with the text, or NULL. */
static const char *split(struct id_list *list, size_t size)
{
    char *text = list->text;
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return "this is text in UTF-16 or UTF-32; lists are read in UTF-8";
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    size = without_empty_lines(text, size);
    text[size] = 0;
    size_t lines = count_lines(text, size);
    list->ids = calloc(lines + 1, sizeof *list->ids);
    return list->ids ? cut(list, text, text + size, lines) : "no memory";
}

bool id_list_read(const char *path, struct id_list *out, char *why, size_t why_size)
{
    *out = (struct id_list){0};
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    struct id_list list = {0};
    size_t size = 0;
    if (file)
        list.text = read_all(file, &size);
    int number = errno;
    if (file && file != stdin)
        fclose(file);
    if (!list.text) {
        snprintf(why, why_size, "%s: %s", path, strerror(number));
        return false;
    }
    const char *wrong = split(&list, size);
    if (wrong) {
        snprintf(why, why_size, "%s:%zu: %s", path, list.count + 1, wrong);
        id_list_end(&list);
        return false;
    }
    *out = list;
    return true;
}

void id_list_end(struct id_list *list)
{
    free(list->text);
    free(list->ids);
    *list = (struct id_list){0};
}
