/* SPDX-License-Identifier: BSD-2-Clause */
/** @file arrow.h
 *  Data sets from tables in memory, and results as such, by the Arrow C data interface and C stream interface
 *  (https://arrow.apache.org/docs/format/CDataInterface.html), with which data frames and databases
 *  hand tables to each other. Nothing of Arrow is needed for it but the three structs below.
 *
 *  In: a stream belongs to the function that it is given to, which reads it to its end and releases
 *  it and everything that came from it exactly once, also where it fails and for whatever reason;
 *  the struct is then marked as released (its `release` is NULL) and is the caller's again. Only a
 *  call without a stream (NULL, or released already) leaves it alone. The stream's functions run on
 *  the thread that made the call. A stream is a sequence of tables (record batches) of the same
 *  columns; rows are counted through all of them, from 0, in messages too. A column may be
 *  dictionary-encoded, whatever it holds. Run-end encoding is not read.
 *
 *  Out: the caller gives a struct that holds nothing, and has in it a stream, which is released by
 *  whoever has done with it. Rows are found when they are asked for, a table of about 1 MB at a time
 *  (one user's or one vector's at least), whatever the number of rows. A stream keeps the scorer
 *  alive; the tables and schemas that it gives keep the context alive, and parts of them may be taken
 *  out. All of them may be used and released on any thread, a stream on one at a time. Where get_next
 *  fails, it returns ENOMEM or EIO, get_last_error says why, and it may be called again.
 *
 *  Errors: DIFFMM_ERROR_FORMAT for what breaks the specification or cannot be meant, with row and
 *  column; DIFFMM_ERROR_UNSUPPORTED for a type that is not read there; DIFFMM_ERROR_CALLBACK where
 *  a function of the stream fails, with its error text; DIFFMM_ERROR_NUMERIC for numbers that are
 *  not finite.
 *
 *  Context and threads: as for data set and scorer. */
#ifndef DIFFMM_ARROW_H
#define DIFFMM_ARROW_H

#include <diffmm/dataset.h>
#include <diffmm/recommend.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
/** The guard of the specification: other headers declare the same structs under it. */
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1 /**< the order of a dictionary's values has a meaning */
#define ARROW_FLAG_NULLABLE 2           /**< values may be missing */
#define ARROW_FLAG_MAP_KEYS_SORTED 4    /**< the keys of each map ascend */

/** The type of a column, or of a table as a column of structs. Of the Arrow specification. */
struct ArrowSchema {
    const char *format;             /**< the type as text, such as "u" for strings */
    const char *name;               /**< of the column, or NULL */
    const char *metadata;           /**< more about it, or NULL */
    int64_t flags;                  /**< ARROW_FLAG_NULLABLE and others */
    int64_t n_children;             /**< size of children */
    struct ArrowSchema **children;  /**< the types of parts, such as the columns of a table */
    struct ArrowSchema *dictionary; /**< the type of a dictionary's values, or NULL */
    void (*release)(struct ArrowSchema *schema); /**< ends it; NULL once it has ended */
    void *private_data;                          /**< of its maker */
};

/** The values of a column, or of a table. Of the Arrow specification. */
struct ArrowArray {
    int64_t length;                /**< how many values */
    int64_t null_count;            /**< how many are missing; -1: not counted */
    int64_t offset;                /**< so many values of the buffers come before the first */
    int64_t n_buffers;             /**< size of buffers */
    int64_t n_children;            /**< size of children */
    const void **buffers;          /**< validity bitmap (or NULL), then what the type says */
    struct ArrowArray **children;  /**< parts, such as the columns of a table */
    struct ArrowArray *dictionary; /**< the values that a dictionary's codes stand for, or NULL */
    void (*release)(struct ArrowArray *array); /**< ends it; NULL once it has ended */
    void *private_data;                        /**< of its maker */
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
/** The guard of the specification's stream. */
#define ARROW_C_STREAM_INTERFACE

/** Tables of the same columns, one after the other. Of the Arrow specification. */
struct ArrowArrayStream {
    /** Gives the type of the tables. Returns 0, or a number of errno. */
    int (*get_schema)(struct ArrowArrayStream *stream, struct ArrowSchema *out);
    /** Gives the next table; after the last, one that is released. Returns as above. */
    int (*get_next)(struct ArrowArrayStream *stream, struct ArrowArray *out);
    /** What was wrong, or NULL; borrowed until the next call. */
    const char *(*get_last_error)(struct ArrowArrayStream *stream);
    void (*release)(struct ArrowArrayStream *stream); /**< ends it; NULL once it has ended */
    void *private_data;                               /**< of its maker */
};

#endif

/** Which columns of a table are what, by name. NULL: the column that has one of the usual names, as
 *  for diffmm_dataset_read_interactions(), if there is one. "": none. Others are ignored. */
typedef struct diffmm_arrow_columns {
    size_t struct_size;    /**< as for diffmm_context_settings */
    const char *user;      /**< ids of users */
    const char *item;      /**< ids of items */
    const char *rating;    /**< numbers */
    const char *timestamp; /**< times: timestamps, dates, or numbers or text as in a file */
    const char *split;     /**< train, valid, test; or 0, 1, 2 */
} diffmm_arrow_columns;

/** Add interactions from a stream; after a failure none of them are in the data set.
 *  - Ids are strings (u, U, vu), or integers, which stand for their decimal digits, as in a file: 1
 *    and "1" are the same id, and 7 is an id and not item number 7.
 *  - Ratings are numbers of any type. Times are timestamps (ts*; those without a zone are taken as
 *    UTC), dates (td*), or numbers and text as in a file. Splits are text or integers.
 *  - A user or an item that is null is an error. A rating (NaN too), time or split that is null is
 *    not known: the interaction then has none, and goes into `split`.
 *
 *  The result is that of diffmm_dataset_read_interactions() for a file with the same rows. What was
 *  recognised is logged.
 *  @param dataset  not sealed
 *  @param split    the split of interactions that name none
 *  @param stream   taken over, and released in any case
 *  @param columns  borrowed; NULL: the usual names */
DIFFMM_API diffmm_status diffmm_dataset_read_arrow(diffmm_dataset *dataset, diffmm_split split,
                                                   struct ArrowArrayStream *stream,
                                                   const diffmm_arrow_columns *columns);

/** Which columns of a table of features are what, by name. */
typedef struct diffmm_arrow_features {
    size_t struct_size; /**< as for diffmm_context_settings */
    const char *item;   /**< ids of items; NULL: a usual name, as in diffmm_arrow_columns, or id */
    const char
        *features; /**< lists of numbers; NULL: the only column of such lists, or, where there
                           *   is none, all columns of numbers but that of the items, in their order,
                           *   each a feature */
} diffmm_arrow_features;

/** Add a modality from a stream: a row for each item, in any order, with its id (as for
 *  diffmm_dataset_read_arrow()) and its features, in a list of numbers (+w, +l, +L) or in a column
 *  for each. Numbers of any type become floats. Which row is whose is as after
 *  diffmm_dataset_name_rows(). An id that is null or comes twice, a feature that is null, and lists
 *  of several lengths are errors. What was recognised is logged.
 *  @param dataset  not sealed
 *  @param name     as for diffmm_dataset_add_modality()
 *  @param stream   taken over, and released in any case
 *  @param columns  borrowed; NULL: as their types and the usual names say */
DIFFMM_API diffmm_status diffmm_dataset_read_modality_arrow(diffmm_dataset *dataset,
                                                            const char *name,
                                                            struct ArrowArrayStream *stream,
                                                            const diffmm_arrow_features *columns);

/** The best items for users, as a stream of the columns user and item (u: ids), rank (i: 1 is the
 *  best) and score (f), sorted by the users as they are given and by rank. The same as from
 *  diffmm_recommend_users().
 *  @param scorer      kept alive by the stream
 *  @param user_count  size of users
 *  @param users       for whom, copied; NULL: users 0 .. user_count-1
 *  @param query       copied, with its arrays; its filter_data is borrowed until the stream ends, and
 *                     its filter called on the thread that asks for a table
 *  @param out         receives the stream */
DIFFMM_API diffmm_status diffmm_recommend_arrow(const diffmm_scorer *scorer, size_t user_count,
                                                const int32_t *users, const diffmm_query *query,
                                                struct ArrowArrayStream *out);

/** The final embeddings of all users or items with their ids, as a stream of the columns user or
 *  item (u) and vector (+w:d of f), in the order of numbers. As diffmm_scorer_export().
 *  @param scorer  kept alive by the stream
 *  @param side    whose
 *  @param out     receives the stream */
DIFFMM_API diffmm_status diffmm_scorer_export_arrow(const diffmm_scorer *scorer, diffmm_side side,
                                                    struct ArrowArrayStream *out);

/** The same for an index of some kind: as diffmm_scorer_export_for().
 *  @param scorer  kept alive by the stream
 *  @param side    whose
 *  @param index   of which kind
 *  @param out     receives the stream */
DIFFMM_API diffmm_status diffmm_scorer_export_arrow_for(const diffmm_scorer *scorer,
                                                        diffmm_side side, diffmm_index index,
                                                        struct ArrowArrayStream *out);

#ifdef __cplusplus
}
#endif
#endif
