/* SPDX-License-Identifier: BSD-2-Clause */
#include "database.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool database_fail(struct database *database, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(database->why, sizeof database->why, format, arguments);
    va_end(arguments);
    return false;
}

bool database_fail_at(struct database *database, size_t byte, const char *message)
{
    size_t line = 1, column = 1; /* in characters, not in bytes */
    for (size_t i = 0; i < byte && database->query[i]; i++) {
        bool inside = ((unsigned char)database->query[i] & 0xc0) == 0x80; /* of a character */
        if (database->query[i] == '\n') {
            line++;
            column = 1;
        } else if (!inside)
            column++;
    }
    return database_fail(database, "query:%zu:%zu: %s", line, column, message);
}
