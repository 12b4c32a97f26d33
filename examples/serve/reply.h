/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending answers: JSON and other texts, with the headers that all of them have. */
#ifndef DIFFMM_EXAMPLES_SERVE_REPLY_H
#define DIFFMM_EXAMPLES_SERVE_REPLY_H

#include <stdatomic.h>
#include <stdbool.h>

#include <microhttpd.h>

#include "connections.h"
#include "failure.h"
#include "request.h"

/* What sending needs besides the answer. */
struct replying {
    struct connections *connections;
    atomic_bool leaving; /* the service ends: connections close after their answers */
};

/* The request that is answered, and on which connection. */
struct exchange {
    struct replying *replying;
    struct MHD_Connection *connection;
    struct request *request;
};

/* Takes over `text`, from malloc(). NULL, which means that memory is short, is answered with an
 * error. `allow`: the header Allow, or NULL. */
enum MHD_Result reply_text(const struct exchange *exchange, unsigned status, const char *type,
                           char *text, const char *allow);

/* {"error": reason} */
enum MHD_Result reply_failure(const struct exchange *exchange, const struct failure *failure,
                              const char *allow);

#endif
