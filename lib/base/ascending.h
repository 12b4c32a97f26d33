/* SPDX-License-Identifier: BSD-2-Clause */
/* A caller's list of numbers, in ascending order. */
#ifndef DIFFMM_BASE_ASCENDING_H
#define DIFFMM_BASE_ASCENDING_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

enum { DIFFMM__FEW = 256 }; /* up to so many numbers in any order need no allocation */

/* Points into itself, so it stays where it is made. */
struct diffmm__ascending {
    size_t count;
    const int32_t *numbers; /* ascending; repeated ones stand together */
    int32_t few[DIFFMM__FEW];
    int32_t *owned;
};

/* The caller's list itself where it ascends, else a sorted copy. It must be ended in any case. */
diffmm_status diffmm__ascending_begin(const diffmm_context *context, size_t count,
                                      const int32_t *numbers, struct diffmm__ascending *out);
void diffmm__ascending_end(const diffmm_context *context, struct diffmm__ascending *list);

/* Sorts numbers in place, without memory of its own (libc's qsort() may allocate). */
void diffmm__ascending_sort(size_t count, int32_t *numbers);

#endif
