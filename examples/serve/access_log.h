/* SPDX-License-Identifier: BSD-2-Clause */
/* A line on stderr for each request, as JSON:
 *
 *     {"time":"2026-01-31T12:00:00.123Z","id":"5f0c..-2a","method":"GET","path":"/recommend",
 *      "status":200,"bytes":834,"ms":0.412}
 *
 * Neither query strings and bodies stand there, which say whom it is about, nor paths that the
 * service does not have ("other"), nor addresses. */
#ifndef DIFFMM_EXAMPLES_SERVE_ACCESS_LOG_H
#define DIFFMM_EXAMPLES_SERVE_ACCESS_LOG_H

#include "request.h"

/* One write for each line, so that lines of several threads do not mix. */
void access_log_write(const struct request *request);

#endif
