/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_LOG_H
#define DIFFMM_BASE_LOG_H

#include <diffmm/context.h>

/* Hand one line to the host's log function, if it wants messages of this level. To be called only
 * from the thread that made the public call. A NULL context has no log. */
void diffmm__log(const diffmm_context *context, diffmm_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
