/* SPDX-License-Identifier: BSD-2-Clause */
#include "shell_text.h"

#include <string.h>
#include <unistd.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "%+,-./:=@_";

void shell_word_print(FILE *file, const char *text)
{
    if (*text && text[strspn(text, plain)] == '\0') {
        fputs(text, file);
        return;
    }
    putc('\'', file);
    for (; *text; text++) /* within quotes, only the quote itself means something */
        if (*text == '\'')
            fputs("'\\''", file);
        else
            putc(*text, file);
    putc('\'', file);
}

void shell_sibling(const char *self, const char *name, char *out, size_t size)
{
    const char *slash = strrchr(self, '/');
    int folder = slash ? (int)(slash + 1 - self) : 0;
    int length = snprintf(out, size, "%.*s%s", folder, self, name);
    if (length < 0 || (size_t)length >= size || (slash && access(out, X_OK) != 0))
        snprintf(out, size, "%s", name);
}
