/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/pickle.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"

diffmm_status diffmm__pickle_fail(const struct diffmm__pickle *pickle, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: offset %zu: %s", pickle->path, pickle->step,
                        text);
}
