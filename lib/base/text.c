/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { longest = 6144 }; /* before it is cut: a path and what is said about it */

size_t diffmm__text_cut(const char *text, size_t length, size_t most)
{
    size_t at = 0;
    while (at < length) {
        size_t size = diffmm__utf8_size(text + at, length - at);
        size = size ? size : 1;
        if (at + size > most)
            break;
        at += size;
    }
    return at;
}

/* A character as it is shown, and the number of bytes of the text that it takes. */
struct shown {
    char text[16];
    size_t size, taken;
};

static bool is_control(const char *text, size_t size)
{
    unsigned char first = (unsigned char)text[0];
    /* Also U+0080 to U+009F, which terminals obey. */
    return first < 0x20 || first == 0x7f ||
           (size == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0);
}

static struct shown show(const char *text, size_t left)
{
    struct shown shown = {.taken = diffmm__utf8_size(text, left)};
    if (shown.taken > 0 && !is_control(text, shown.taken)) {
        shown.size = shown.taken;
        memcpy(shown.text, text, shown.taken);
        return shown;
    }
    shown.taken = shown.taken ? shown.taken : 1;
    for (size_t i = 0; i < shown.taken; i++)
        shown.size += (size_t)snprintf(shown.text + shown.size, sizeof shown.text - shown.size,
                                       "\\x%02X", (unsigned char)text[i]);
    return shown;
}

void diffmm__text_format(char *out, size_t size, size_t tail, const char *format, va_list arguments)
{
    static const char gap[] = " ... ";
    char raw[longest];
    if (vsnprintf(raw, sizeof raw, format, arguments) < 0)
        raw[0] = '\0'; /* the format cannot be printed */
    size_t length = strlen(raw), total = 0, before = 0, used = 0;
    struct shown shown;
    for (size_t at = 0; at < length; at += shown.taken) {
        shown = show(raw + at, length - at);
        total += shown.size;
    }
    size_t room = size - 1, head = total <= room ? room : room - (tail ? tail + strlen(gap) : 0);
    bool left_out = false;
    for (size_t at = 0; at < length; at += shown.taken, before += shown.size) {
        shown = show(raw + at, length - at);
        if (!left_out && before + shown.size > head) {
            left_out = true;
            if (tail) {
                memcpy(out + used, gap, strlen(gap));
                used += strlen(gap);
            }
        }
        if (!left_out || total - before <= tail) {
            memcpy(out + used, shown.text, shown.size);
            used += shown.size;
        }
    }
    out[used] = '\0';
}

/* Texts that are longer are not compared. */
enum { longest_compared = 96 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance: row i of the table holds the edits from the first i letters of a. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b), row[longest_compared + 1];
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, changed);
        }
    }
    return row[columns];
}

const char *diffmm__text_closest(const char *text, size_t count, const char *const *texts)
{
    size_t length = strlen(text), best = length / 2 + 1; /* with more edits it is another word */
    const char *closest = NULL;
    if (length > longest_compared)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(texts[i]) > longest_compared)
            continue;
        size_t distance = edit_distance(text, texts[i]);
        if (distance < best) {
            best = distance;
            closest = texts[i];
        }
    }
    return closest;
}
