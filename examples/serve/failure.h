/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a request is refused. */
#ifndef DIFFMM_EXAMPLES_SERVE_FAILURE_H
#define DIFFMM_EXAMPLES_SERVE_FAILURE_H

#include <stdbool.h>

#include <diffmm/diffmm.h>

struct failure {
    unsigned status;  /* of HTTP */
    char reason[640]; /* room for any message of the library */
};

/* Say why; false, so that a check reads `return refuse(..)`. */
bool refuse(struct failure *failure, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a call of the library that has just failed on this thread. */
bool refuse_call(struct failure *failure, diffmm_status status);
bool refuse_memory(struct failure *failure);

#endif
