/* SPDX-License-Identifier: BSD-2-Clause */
/* d floats of a call's own: on the stack, unless d is unusually large. */
#ifndef DIFFMM_SERVE_SCRATCH_H
#define DIFFMM_SERVE_SCRATCH_H

#include "base/memory.h"

enum { DIFFMM__SCRATCH = 1024 };

struct diffmm__scratch {
    float few[DIFFMM__SCRATCH];
    float *owned;
};

/* NULL without memory. */
static inline float *diffmm__scratch_begin(struct diffmm__scratch *scratch,
                                           const diffmm_context *context, size_t d)
{
    scratch->owned = d > DIFFMM__SCRATCH ? diffmm__allocate(context, d, sizeof(float)) : NULL;
    return d > DIFFMM__SCRATCH ? scratch->owned : scratch->few;
}

static inline void diffmm__scratch_end(struct diffmm__scratch *scratch,
                                       const diffmm_context *context)
{
    diffmm__release(context, scratch->owned);
}

#endif
