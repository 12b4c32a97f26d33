/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers for strings, in order of first appearance, while a data set is being filled. */
#ifndef DIFFMM_DATASET_INTERNER_H
#define DIFFMM_DATASET_INTERNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/hash.h"

/* Laid out as struct diffmm__names (dataset/catalog.h), but growing. All zero is an empty one;
 * offsets is NULL until the first name comes. */
struct diffmm__interner {
    size_t count;
    char *text;
    size_t text_capacity;
    int64_t *offsets;
    size_t offset_capacity;
    int32_t *slots;
    size_t slot_count;
    struct diffmm__hash_key key; /* of its own */
};

/* The number of a name, a new one if it has none yet. */
diffmm_status diffmm__interner_add(const diffmm_context *context, struct diffmm__interner *interner,
                                   const char *name, size_t length, int32_t *number);

/* The number of a name, or -1. */
int32_t diffmm__interner_find(const struct diffmm__interner *interner, const char *name,
                              size_t length);

/* Name `number`, which there is; *length without its NUL. */
const char *diffmm__interner_name(const struct diffmm__interner *interner, size_t number,
                                  size_t *length);

/* Forget all names but the first `count`. */
void diffmm__interner_truncate(struct diffmm__interner *interner, size_t count);
void diffmm__interner_end(const diffmm_context *context, struct diffmm__interner *interner);

/* The place in a hash table of numbers (see struct diffmm__names) where a name is, or, if it is
 * not there, the free place where it belongs. */
size_t diffmm__name_slot(struct diffmm__hash_key key, const char *text, const int64_t *offsets,
                         const int32_t *slots, size_t slot_count, const char *name, size_t length);

/* A power of two with room for `count` names, at most half full. */
size_t diffmm__name_slot_count(size_t count);

/* Whether a text reads as an integer to people: 7, 007, -7, +7, 7.0. */
bool diffmm__name_is_numeric(const char *name, size_t length);

/* A number in canonical decimal form (no sign, no leading zeros) below `bound`, or -1. */
int32_t diffmm__name_number(const char *name, size_t length, size_t bound);

#endif
