/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/context.h"

void diffmm__log(const diffmm_context *context, diffmm_log_level level, const char *format, ...)
{
    if (!context || !context->settings.log || level > context->settings.log_level)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    context->settings.log(level, line, context->settings.log_data);
}
