/* SPDX-License-Identifier: BSD-2-Clause */
#include "html_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether XML has this character (XML 1.0, section 2.2), and UTF-8 writes it in so many bytes. */
static bool is_character(uint32_t character, size_t bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (character < least[bytes] || character > 0x10FFFF)
        return false;
    if (character < 0x20)
        return character == '\t' || character == '\n' || character == '\r';
    return (character < 0xD800 || character > 0xDFFF) && character != 0xFFFE && character != 0xFFFF;
}

/* The length of the character that a text begins with; 0 if it is none. */
static size_t character_length(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t bytes = byte[0] < 0x80 ? 1 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
    if ((byte[0] >= 0x80 && byte[0] < 0xC2) || byte[0] > 0xF4)
        return 0;
    uint32_t character = bytes == 1 ? byte[0] : byte[0] & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((byte[i] & 0xC0) != 0x80) /* also the NUL at the end */
            return 0;
        character = character << 6 | (byte[i] & 0x3F);
    }
    return is_character(character, bytes) ? bytes : 0;
}

static const char *escape(char character)
{
    switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void html_text(FILE *out, const char *text)
{
    while (*text) {
        size_t length = character_length(text);
        const char *escaped = escape(*text);
        if (escaped)
            fputs(escaped, out);
        else if (length == 0)
            fputs("\xEF\xBF\xBD", out);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
}
