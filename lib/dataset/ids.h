/* SPDX-License-Identifier: BSD-2-Clause */
/* External ids of users or items: number to text and back. A data set's ids grow while it is
 * filled; those of a catalog are complete from the start. */
#ifndef DIFFMM_DATASET_IDS_H
#define DIFFMM_DATASET_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/hash.h"

/* A place of the hash table: an id's number, -1 where it is free, and 32 bits of the id's hash, by
 * which most others are told from it without reading them. */
struct diffmm__id_slot {
    int32_t number;
    uint32_t tag;
};

/* The ids of 0 .. count-1, each ended by NUL, one after the other in `text`: id i starts at
 * offsets[i], and offsets[count] is the size of text. `slots` is an open-addressing hash table of
 * numbers (-1: free), its size a power of two, at most three quarters full; NULL where numeric, i.e. the id
 * of i is i in decimal. All zero: no ids, to be added to; offsets is NULL until the first comes. */
struct diffmm__ids {
    size_t count;
    bool numeric;
    char *text;
    int64_t *offsets;
    struct diffmm__id_slot *slots;
    size_t slot_count;
    struct diffmm__hash_key key;           /* secret: ids come from strangers */
    bool keyed;                            /* the key has been drawn */
    size_t text_capacity, offset_capacity; /* of ids that are added to */
};

/* Ids 0 .. count-1 in decimal. */
diffmm_status diffmm__ids_begin_numeric(const diffmm_context *context, size_t count,
                                        struct diffmm__ids *out);

/* Ids from text and offsets, which it takes over (and releases on failure too). They may come from
 * a file: DIFFMM_ERROR_FORMAT where they are not laid out as above, and
 * DIFFMM_ERROR_INVALID_ARGUMENT for an id that comes twice; messages say whose id it is, `what`
 * ("user", "item"). */
diffmm_status diffmm__ids_begin_text(const diffmm_context *context, size_t count, char *text,
                                     int64_t *offsets, const char *what, struct diffmm__ids *out);
/* A copy of ids, then `count` new ones. Without new ids, numeric ones go on. */
diffmm_status diffmm__ids_extend(const diffmm_context *context, const struct diffmm__ids *old,
                                 size_t count, const char *const *ids, const char *what,
                                 struct diffmm__ids *out);
void diffmm__ids_end(const diffmm_context *context, struct diffmm__ids *ids);

/* The number of an id, which is added if it is not there yet. Not for numeric ids. */
diffmm_status diffmm__ids_add(const diffmm_context *context, struct diffmm__ids *ids,
                              const char *id, size_t length, int32_t *number);

/* An id as a part of a text, and its hash, once diffmm__ids_fetch() has found it. */
struct diffmm__id_text {
    const char *text;
    size_t length;
    uint64_t hash;
};

/* Begin to look several ids up, at most so many: their hashes are found, and what will be read of
 * the table is fetched into the cache meanwhile. A large table is in no cache, and one look-up after
 * the other would wait for memory each time. */
enum { DIFFMM__IDS_AT_ONCE = 64 };
void diffmm__ids_fetch(struct diffmm__ids *ids, size_t count, struct diffmm__id_text *texts);

/* The number of an id whose hash was found: added if it is not there yet, as by diffmm__ids_add();
 * or -1, as by diffmm__ids_number(). */
diffmm_status diffmm__ids_add_text(const diffmm_context *context, struct diffmm__ids *ids,
                                   const struct diffmm__id_text *id, int32_t *number);
int32_t diffmm__ids_number_of_text(const struct diffmm__ids *ids, const struct diffmm__id_text *id);

/* Forget all but the first `count`. */
void diffmm__ids_truncate(struct diffmm__ids *ids, size_t count);

/* Add numbers in decimal until there are `count` ids. DIFFMM_ERROR_INVALID_ARGUMENT where one is
 * there already; the message says whose id it is, `what`. After a failure all is as before. */
diffmm_status diffmm__ids_complete(const diffmm_context *context, struct diffmm__ids *ids,
                                   size_t count, const char *what);

/* The text of an id, NULL if there is no such number; and the length of one that there is. */
const char *diffmm__ids_text(const struct diffmm__ids *ids, int32_t number);
size_t diffmm__ids_length(const struct diffmm__ids *ids, size_t number);

/* The number of an id, or -1. */
int32_t diffmm__ids_number(const struct diffmm__ids *ids, const char *id, size_t length);
/* The same, but DIFFMM_ERROR_NOT_FOUND, naming `what` and the id, if it is not there. */
diffmm_status diffmm__ids_find(const struct diffmm__ids *ids, const char *id, const char *what,
                               int32_t *number);
/* For each of `ids` its number among `others`, or -1; returns how many have one. */
size_t diffmm__ids_match(const struct diffmm__ids *ids, const struct diffmm__ids *others,
                         int32_t *numbers);

/* Bytes that ids have from the context's allocator. */
size_t diffmm__ids_bytes(const struct diffmm__ids *ids);

#endif
