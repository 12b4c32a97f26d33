/* SPDX-License-Identifier: BSD-2-Clause */
/* From a complete request to its answer: path, method, who may, parameters. */
#ifndef DIFFMM_EXAMPLES_SERVE_EXCHANGE_H
#define DIFFMM_EXAMPLES_SERVE_EXCHANGE_H

#include "answers.h"
#include "guard.h"
#include "operations.h"
#include "reply.h"

struct service {
    struct answering answering;
    struct operations operations;
    const struct guard *guard;
    size_t max_body;
};

/* What a target asks for, as the log and the metrics name it: one of the service's paths, else
 * "other". */
const char *exchange_endpoint(const char *target);

enum MHD_Result exchange_answer(const struct exchange *exchange, const struct service *service,
                                const char *target);

#endif
