/* SPDX-License-Identifier: BSD-2-Clause */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

bool refuse(struct failure *failure, unsigned status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->reason, sizeof failure->reason, format, arguments);
    va_end(arguments);
    failure->status = status;
    return false;
}

/* 4xx where the client can correct the request, else 5xx. */
bool refuse_call(struct failure *failure, diffmm_status status)
{
    unsigned http = status == DIFFMM_ERROR_NOT_FOUND          ? 404
                    : status == DIFFMM_ERROR_INVALID_ARGUMENT ? 400
                                                              : 500;
    return refuse(failure, http, "%s", diffmm_error_message());
}

bool refuse_memory(struct failure *failure)
{
    return refuse(failure, 500, "no memory");
}
