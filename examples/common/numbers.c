/* SPDX-License-Identifier: BSD-2-Clause */
#include "numbers.h"

#include <errno.h>
#include <stdlib.h>

bool read_number(const char *text, size_t least, size_t most, size_t *out)
{
    if (*text < '0' || *text > '9')
        return false; /* strtoull would take spaces and signs */
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value < least || value > most)
        return false;
    *out = (size_t)value;
    return true;
}

const char *read_real(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end == text ? NULL : end;
}
