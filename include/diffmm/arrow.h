/* SPDX-License-Identifier: BSD-2-Clause */
/** @file arrow.h
 *  Data sets from tables in memory, by the Arrow C data interface and C stream interface
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
 *  Errors: DIFFMM_ERROR_FORMAT for what breaks the specification or cannot be meant, with row and
 *  column; DIFFMM_ERROR_UNSUPPORTED for a type that is not read there; DIFFMM_ERROR_CALLBACK where
 *  a function of the stream fails, with its error text; DIFFMM_ERROR_NUMERIC for numbers that are
 *  not finite.
 *
 *  Context and threads: as for the data set. */
#ifndef DIFFMM_ARROW_H
#define DIFFMM_ARROW_H

#include <diffmm/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
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

#ifdef __cplusplus
}
#endif
#endif
