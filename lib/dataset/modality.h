/* SPDX-License-Identifier: BSD-2-Clause */
/* One modality of a data set: its name, sizes and features. */
#ifndef DIFFMM_DATASET_MODALITY_H
#define DIFFMM_DATASET_MODALITY_H

#include <stdatomic.h>
#include <stdbool.h>

#include <diffmm/dataset.h>

#include "base/file.h"
#include "dataset/row_ids.h"
#include "dataset/stored_rows.h"

/* Features that the library holds, in its memory or in a mapped file, shared by a data set and those
 * extended from it. */
struct diffmm__features {
    atomic_size_t references;
    float *values;                  /* NULL: they are in the file */
    struct diffmm__mapping mapping; /* data NULL: they are in memory, or base has them */
    struct diffmm__features *base;  /* those of which this is another order; or NULL */
    int32_t *order;                 /* diffmm__stored_rows.order; or NULL */
};

/* Features as a reader hands them over: rows x dimensions without gaps, and the ids of the rows if
 * the file has them (else no ids). */
struct diffmm__feature_rows {
    size_t rows, dimensions;
    float *values;
    struct diffmm__ids ids;
    struct diffmm__stored_rows stored; /* in place of values: within the file that is mapped */
    struct diffmm__mapping mapping;
};

/* Release what a reader has handed over. */
void diffmm__feature_rows_end(const diffmm_context *context, struct diffmm__feature_rows *rows);

/* Features come from exactly one of array (the caller's, or in `owned`), mapped file, loader and
 * lookup. A mapped file whose rows are floats in the order of the items is an array, too. Rows are
 * those of the items by number, unless they have ids: then the order is found when the data set is
 * sealed. An array is copied into that order, a mapped file read in it, and rows then have no ids; a
 * loader goes on being asked for rows. A lookup is asked by the ids of the items. */
struct diffmm__modality {
    char name[64];
    size_t dimensions;
    size_t rows; /* feature rows; 0 where a loader gives as many as asked */
    const float *features;
    size_t stride;
    struct diffmm__stored_rows stored; /* in the mapped file of `owned`; data NULL: not mapped */
    struct diffmm__features *owned;
    diffmm_feature_loader loader;
    diffmm_feature_lookup lookup;
    void *loader_data;               /* of loader or lookup */
    struct diffmm__row_ids *row_ids; /* or NULL */
    int32_t *row_of_item; /* of a loader with ids, once sealed: -1 for an item without a row */
    size_t ordered_items; /* how many items row_of_item has */
    char *path;           /* where it was read from, for messages; or NULL */
};

void diffmm__modality_end(const diffmm_context *context, struct diffmm__modality *modality);

/* Give it rows x dimensions features without gaps in place of those it has. It takes them over
 * (they are released on failure too). */
diffmm_status diffmm__modality_own(const diffmm_context *context, struct diffmm__modality *modality,
                                   size_t rows, float *values);

/* The same from a mapped file, in which they are. */
diffmm_status diffmm__modality_own_mapping(const diffmm_context *context,
                                           struct diffmm__modality *modality, size_t rows,
                                           struct diffmm__stored_rows stored,
                                           struct diffmm__mapping *mapping);

/* Whether it has rows of its own, in an array or a file: no loader or lookup is asked. */
bool diffmm__modality_has_rows(const struct diffmm__modality *modality);

/* Whether they are to be converted or put in order whenever they are read. */
bool diffmm__modality_is_stored(const struct diffmm__modality *modality);

/* Append `count` rows, `stride` floats apart, to a modality that has an array. All is copied. */
diffmm_status diffmm__modality_append(const diffmm_context *context,
                                      struct diffmm__modality *modality, size_t count,
                                      const float *features, size_t stride);

/* Make a copy of the struct one with an end of its own: it retains the features, and where rows
 * have ids their order is open again. */
void diffmm__modality_share(struct diffmm__modality *modality);

/* Say whose each row is. Takes over the ids, and releases them on failure too. */
diffmm_status diffmm__modality_name_rows(const diffmm_context *context,
                                         struct diffmm__modality *modality,
                                         struct diffmm__ids *ids);

/* What a modality whose rows have ids is for `items` items, of which row_of_item tells the rows (-1:
 * none, and so zeros). Takes over row_of_item, and releases it on failure too. *out has no path. It
 * checks that the features of an array are finite. */
diffmm_status diffmm__modality_order(const diffmm_context *context,
                                     const struct diffmm__modality *modality, size_t items,
                                     int32_t *row_of_item, struct diffmm__modality *out);

/* Take the features of another, which ends; name and path stay. */
void diffmm__modality_replace(const diffmm_context *context, struct diffmm__modality *modality,
                              struct diffmm__modality *other);

/* Whether an array or file whose rows have no ids has a row for each of `items` items, and only
 * finite features. */
diffmm_status diffmm__modality_check(const struct diffmm__modality *modality, size_t items);

/* Copy the features of `count` items from `first` on, or ask the loader for them, or the lookup by
 * their ids among `items`. */
diffmm_status diffmm__modality_load(const struct diffmm__modality *modality,
                                    const struct diffmm__ids *items, size_t first, size_t count,
                                    float *out);

/* The features of all items: `*features` with row `*stride`, either the modality's own array or,
 * where it has a loader or lookup, an array allocated here, `*scratch`, which the caller releases.
 * Checks that every value is finite. */
diffmm_status diffmm__modality_features(const diffmm_context *context,
                                        const struct diffmm__modality *modality,
                                        const struct diffmm__ids *items, const float **features,
                                        size_t *stride, float **scratch);

/* Bytes of the features that it owns, of the context's allocator. */
size_t diffmm__modality_bytes(const struct diffmm__modality *modality);

#endif
