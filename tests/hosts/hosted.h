/* SPDX-License-Identifier: BSD-2-Clause */
/* A host whose functions do something in the midst of every call: the table of calls of
 * tests/faults, and calls with each kind of callback, are made in a context in which allocator,
 * pool and log are the host's. Each time that one of its functions is called, on the thread that
 * made the call, is a moment; something can be done at the n-th. */
#ifndef DIFFMM_TESTS_HOSTED_H
#define DIFFMM_TESTS_HOSTED_H

#include "faults/faults.h"

/* What is done at a moment. */
typedef void (*hosted_act)(struct fault_world *world);

/* Called by callbacks. */
void hosted_moment(void);

/* One call, with its inputs and what became of it. */
struct hosted {
    const struct fault_case *one;
    struct fault_world world;
    size_t moments; /* so far */
    size_t n;       /* the moment to act at; 0: none */
    hosted_act act;
    hosted_act always; /* at every moment; or NULL */
    bool acted;
    diffmm_status status;
};

/* Make context and inputs; make the call; release all, and fail if anything is left. */
void hosted_begin(struct hosted *hosted, const struct fault_case *one, const char *folder);
void hosted_call(struct hosted *hosted, size_t n, hosted_act act);
void hosted_end(struct hosted *hosted);

/* Release what the call has given. */
void hosted_end_output(struct hosted *hosted);

/* Whether the call wrote its output. */
bool hosted_has_output(const struct hosted *hosted);

/* Do that for a case at the first moments and ever fewer of the later ones, until there are no
 * more; `check` is told of each attempt. The number of attempts. */
size_t hosted_drive(const struct fault_case *one, const char *folder, hosted_act act,
                    void (*check)(struct hosted *hosted));

/* The next moment after n: as above. */
size_t hosted_next(size_t n);

/* Calls with callbacks: progress, epoch, loader, filter, hits. */
extern const struct fault_case hosted_callback_cases[];

/* Call `function` for each case: of the table, and of these. */
void hosted_each(void (*function)(const struct fault_case *one, const char *folder));

#endif
