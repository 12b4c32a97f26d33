/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the users and items are and what each user has seen: what a sealed data set, its models and
 * scorers share. Immutable once made; counted references. */
#ifndef DIFFMM_DATASET_CATALOG_H
#define DIFFMM_DATASET_CATALOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/hash.h"

/* A users x items binary matrix by rows: items[pointers[u]] .. [pointers[u + 1] - 1], ascending. */
struct diffmm__rows {
    int64_t *pointers;
    int32_t *items;
};

/* Names of 0 .. count-1. Names are NUL-terminated, one after the other in `text`; name i
 * starts at offsets[i] and offsets[count] is the size of text. `slots` is an open-addressing hash
 * table of numbers (-1: free), slot_count a power of two; NULL where numeric, i.e. the name of i
 * is i in decimal. */
struct diffmm__names {
    size_t count;
    bool numeric;
    char *text;
    int64_t *offsets;
    int32_t *slots;
    size_t slot_count;
    struct diffmm__hash_key key; /* of its own: ids come from strangers */
};

struct diffmm__catalog {
    diffmm_context *context;
    atomic_size_t references;
    size_t users, items;
    struct diffmm__names user_names, item_names;
    struct diffmm__rows seen; /* the training rows */
};

/* An empty catalog (all zero but context and one reference), to be filled by its maker with blocks
 * from the context's allocator. */
struct diffmm__catalog *diffmm__catalog_create(diffmm_context *context);
struct diffmm__catalog *diffmm__catalog_retain(struct diffmm__catalog *catalog);
void diffmm__catalog_release(struct diffmm__catalog *catalog);

/* Nodes of graphs and training pairs are numbered by int32_t: DIFFMM_ERROR_INVALID_ARGUMENT where
 * the users and items together, or the pairs, are more than that counts. */
diffmm_status diffmm__catalog_check_counts(size_t users, size_t items, size_t pairs);

/* Names 0 .. count-1 in decimal. */
diffmm_status diffmm__names_numeric(diffmm_context *context, size_t count,
                                    struct diffmm__names *out);

/* Take over text and offsets (released on failure too) and build the hash table; repeated names are
 * an error that names `what` ("user", "item"). */
diffmm_status diffmm__names_index(diffmm_context *context, size_t count, char *text,
                                  int64_t *offsets, const char *what, struct diffmm__names *out);
void diffmm__names_end(diffmm_context *context, struct diffmm__names *names);

/* NULL if there is no such number. */
const char *diffmm__names_text(const struct diffmm__names *names, int32_t number);
/* The number of a name, or -1. */
int32_t diffmm__names_number(const struct diffmm__names *names, const char *name);
/* For each of `names` its number in `others`, or -1; returns how many have one. */
size_t diffmm__names_match(const struct diffmm__names *names, const struct diffmm__names *others,
                           int32_t *numbers);
/* DIFFMM_ERROR_NOT_FOUND, naming `what` and the name, if there is none. */
diffmm_status diffmm__names_find(const struct diffmm__names *names, const char *name,
                                 const char *what, int32_t *number);

/* Whether `item` is in row `user`. */
bool diffmm__rows_contain(const struct diffmm__rows *rows, int32_t user, int32_t item);

#endif
