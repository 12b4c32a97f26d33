/* SPDX-License-Identifier: BSD-2-Clause */
/* What the calls of the tables need: handles of every kind, made anew for each call, and the files
 * that the tables name. */
#ifndef DIFFMM_TESTS_ERRORS_WORLD_H
#define DIFFMM_TESTS_ERRORS_WORLD_H

#include "table.h"

/* Make and end a handle, with a context of its own. */
void *world_make(enum kind kind);
void world_end(enum kind kind, void *handle);

/* Make the files in a folder that becomes the current one, and remove them. */
void world_open(void);
void world_close(void);

#endif
