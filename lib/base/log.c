/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>

#include "base/context.h"
#include "base/text.h"

void diffmm__log(const diffmm_context *context, diffmm_log_level level, const char *format, ...)
{
    if (!context || !context->settings.log || level > context->settings.log_level)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    diffmm__text_format(line, sizeof line, 0, format, arguments);
    va_end(arguments);
    context->settings.log(level, line, context->settings.log_data);
}
