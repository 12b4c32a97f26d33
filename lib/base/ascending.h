/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of numbers in ascending order: a caller's, and searching one. */
#ifndef DIFFMM_BASE_ASCENDING_H
#define DIFFMM_BASE_ASCENDING_H

#include <stdbool.h>
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

/* The place of the first of `count` ascending numbers that is not below `number`, or `count`. And
 * whether `number` is one of them. */
size_t diffmm__ascending_lower_bound(size_t count, const int32_t *numbers, int32_t number);
bool diffmm__ascending_has(size_t count, const int32_t *numbers, int32_t number);

/* Sorts numbers in place, without memory of its own (libc's qsort() may allocate). */
void diffmm__ascending_sort(size_t count, int32_t *numbers);

/* The same for numbers none of which is negative, in linear time, with room for as many. */
void diffmm__ascending_sort_in(size_t count, int32_t *numbers, int32_t *room);

#endif
