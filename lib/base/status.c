/* SPDX-License-Identifier: BSD-2-Clause */
/* Error codes and the thread-local text that explains the last failure. */
#include "base/status.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

enum { kept_end = 200 }; /* bytes that are kept of the end of a message that is too long */

static _Thread_local char error_text[sizeof((struct diffmm__error_text *)NULL)->text];

diffmm_status diffmm__fail(diffmm_status status, const char *format, ...)
{
    /* Formatted in a buffer of its own first: an argument may be the present error text. */
    char text[sizeof error_text];
    va_list arguments;
    va_start(arguments, format);
    diffmm__text_format(text, sizeof text, kept_end, format, arguments);
    va_end(arguments);
    memcpy(error_text, text, sizeof error_text);
    return status;
}

struct diffmm__error_text diffmm__error_text_keep(void)
{
    struct diffmm__error_text said;
    memcpy(said.text, error_text, sizeof said.text);
    return said;
}

void diffmm__error_text_restore(const struct diffmm__error_text *said)
{
    memcpy(error_text, said->text, sizeof error_text);
}

diffmm_status diffmm__error_text_give(diffmm_status status, char *message, size_t size)
{
    if (!message || size == 0)
        return status;
    size_t length = status ? diffmm__text_cut(error_text, strlen(error_text), size - 1) : 0;
    memcpy(message, error_text, length);
    message[length] = '\0';
    return status;
}

diffmm_status diffmm__null(const char *argument)
{
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s is NULL", argument);
}

const char *diffmm_error_message(void)
{
    return error_text;
}

const char *diffmm_status_name(diffmm_status status)
{
    switch (status) {
    case DIFFMM_OK: return "DIFFMM_OK";
    case DIFFMM_ERROR_INVALID_ARGUMENT: return "DIFFMM_ERROR_INVALID_ARGUMENT";
    case DIFFMM_ERROR_NO_MEMORY: return "DIFFMM_ERROR_NO_MEMORY";
    case DIFFMM_ERROR_IO: return "DIFFMM_ERROR_IO";
    case DIFFMM_ERROR_FORMAT: return "DIFFMM_ERROR_FORMAT";
    case DIFFMM_ERROR_VERSION: return "DIFFMM_ERROR_VERSION";
    case DIFFMM_ERROR_NUMERIC: return "DIFFMM_ERROR_NUMERIC";
    case DIFFMM_ERROR_STATE: return "DIFFMM_ERROR_STATE";
    case DIFFMM_ERROR_NOT_FOUND: return "DIFFMM_ERROR_NOT_FOUND";
    case DIFFMM_ERROR_UNSUPPORTED: return "DIFFMM_ERROR_UNSUPPORTED";
    case DIFFMM_ERROR_CALLBACK: return "DIFFMM_ERROR_CALLBACK";
    case DIFFMM_CANCELLED: return "DIFFMM_CANCELLED";
    case DIFFMM_ERROR_PEER: return "DIFFMM_ERROR_PEER";
    }
    return "unknown status";
}
