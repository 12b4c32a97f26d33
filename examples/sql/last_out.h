/* SPDX-License-Identifier: BSD-2-Clause */
/* Which interactions are held out where each user's last ones are. */
#ifndef DIFFMM_EXAMPLES_SQL_LAST_OUT_H
#define DIFFMM_EXAMPLES_SQL_LAST_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/diffmm.h>

struct event {
    const char *user, *item;
    long double time; /* exact for integers of 64 bits */
    diffmm_split split;
};

/* Interactions in the order of the rows. What is all zero is empty. */
struct events {
    struct event *list;
    size_t count, capacity;
    struct text_block *texts; /* what ids point to */
};

/* Copy one more; false if there is no memory. */
bool events_add(struct events *events, const char *user, const char *item, long double time);

/* Decide the split of each: a user's last item goes to test, the one before it to validation where
 * the user has three or more, and the others to training; a user's only item stays in training. The
 * time of an item that comes again is its last; of equal times the later row is later. False if
 * there is no memory. */
bool events_leave_last_out(struct events *events);
void events_end(struct events *events);

#endif
