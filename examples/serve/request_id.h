/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request is called in its answer and in the log: X-Request-Id. */
#ifndef DIFFMM_EXAMPLES_SERVE_REQUEST_ID_H
#define DIFFMM_EXAMPLES_SERVE_REQUEST_ID_H

#include <stdbool.h>

enum { REQUEST_ID_ROOM = 65 };

/* A new one. */
void request_id_make(char id[REQUEST_ID_ROOM]);

/* The client's, if it is 1 to 64 letters, digits and -._~+/=:@; else false, and `id` stays. */
bool request_id_take(const char *given, char id[REQUEST_ID_ROOM]);

#endif
