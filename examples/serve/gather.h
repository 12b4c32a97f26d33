/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for rankings that have come in at the same moment are ranked in one block, which costs
 * each of them less (diffmm_recommend_users()). None waits for another to come: a thread gathers
 * what its connections have brought when it looks at them. The answers are the same bytes as
 * without gathering. */
#ifndef DIFFMM_EXAMPLES_SERVE_GATHER_H
#define DIFFMM_EXAMPLES_SERVE_GATHER_H

#include <stdbool.h>

#include <microhttpd.h>

#include "answering.h"
#include "request.h"

/* Requests of one thread that wait to be ranked. */
struct gather;

/* NULL without memory. */
struct gather *gather_create(const struct answering *answering);
void gather_destroy(struct gather *gather);

/* Let a complete request wait, if it asks for no more than a known number of hits for one user in
 * its query string. False: it is to be answered as any other. */
bool gather_take(struct gather *gather, struct MHD_Connection *connection, struct request *request);

/* The request ends. */
void gather_forget(struct gather *gather, const struct request *request);

/* Rank for those who wait. Afterwards no request waits, and `gathered` is the answer of those that
 * have been ranked together; others, among them all that cannot be answered, have none and are
 * answered as any other. */
void gather_rank(struct gather *gather);

#endif
