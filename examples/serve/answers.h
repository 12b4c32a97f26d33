/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests that the service answers, apart from HTTP. */
#ifndef DIFFMM_EXAMPLES_SERVE_ANSWERS_H
#define DIFFMM_EXAMPLES_SERVE_ANSWERS_H

#include <jansson.h>

#include "answering.h"
#include "failure.h"
#include "ranking.h"

struct endpoint {
    const char *path;
    const char *methods;    /* separated by ", ", as in the header Allow */
    const char *parameters; /* see parameters.h */
    bool guarded;           /* not allowed to everyone: guard.h */
    /* Writes a JSON object; or false with the failure filled in. */
    bool (*answer)(const struct answering *answering, const struct served *model,
                   const json_t *parameters, struct answer *answer, struct failure *failure);
};

/* The one at a path. NULL with the failure filled in if there is none. */
const struct endpoint *find_endpoint(const char *path, struct failure *failure);

#endif
