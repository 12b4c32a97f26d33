/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_serve in a process of its own, and what it answers. */
#ifndef DIFFMM_TESTS_SERVICE_H
#define DIFFMM_TESTS_SERVICE_H

#include <stdint.h>
#include <sys/types.h>

#include <diffmm/diffmm.h>
#include <jansson.h>

#include "http_client.h"

extern pid_t service;
extern int port;
extern diffmm_scorer *scorer; /* of the same model, to compare with */

/* Make a model and start the service with further arguments (NULL last) on a free port. */
void service_begin_with(const char *const *further);
void service_begin(void);

/* Tell it to end, which it must do in order, and destroy the scorer. */
void service_end(void);

void pause_a_moment(void);

/* A request that succeeds; its answer, to be released by the caller. */
json_t *ask(const char *method, const char *target, const char *body);

/* An answer with that status, which gives a reason with these words. */
void expect_error(const struct response *response, int status, const char *reason);

/* The answer lists these hits, of users or items: ids, and scores to the bit. */
void expect_hits(const json_t *answer, diffmm_side side, const diffmm_hit *hits, size_t found);

/* A call of the library that succeeds. */
void succeed(diffmm_status status);

/* Which model is served: 1 the first, and 1 more with each reload. */
int64_t generation(void);

#endif
