/* SPDX-License-Identifier: BSD-2-Clause */
/* The users whom the command line lists in a file. */
#ifndef DIFFMM_EXAMPLES_BATCH_USERS_H
#define DIFFMM_EXAMPLES_BATCH_USERS_H

#include <diffmm/diffmm.h>

/* Read a list of ids, one a line, and look them up: their numbers, to be freed. A user who stands
 * there twice comes twice. NULL after complaining. */
int32_t *read_users(const diffmm_scorer *scorer, const char *path, size_t *count);

#endif
