/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions that change a handle, each as a call in the midst of another call. */
#ifndef DIFFMM_TESTS_HOSTS_CHANGING_H
#define DIFFMM_TESTS_HOSTS_CHANGING_H

#include "hosted.h"

/* What they change. A data set that is sealed may be used by any number of calls; what would change
 * it is refused in any case. */
enum kind {
    TRAINER = 1,
    MODEL = 2,
    OPTIONS = 4,
    FILLED = 8,
    SEALED = 16,
    MODULE = 32,
    SCORER = 64
};

struct changing {
    const char *name;
    int kinds;
    diffmm_status (*call)(struct fault_world *world);
};

enum { most_changing = 64 };
extern const struct changing changing[];
extern const size_t changing_count;

/* The trainer's model, or the world's own where it has no trainer. */
diffmm_model *model_of(struct fault_world *world);

#endif
