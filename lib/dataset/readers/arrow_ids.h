/* SPDX-License-Identifier: BSD-2-Clause */
/* A column of ids, in a stream of tables: strings, or integers as their digits. What an id has been
 * found to be is remembered, so that it is looked for once and not in each row: the codes of a
 * dictionary, and small integers. A dictionary that comes again with each table is known again by
 * comparing the text of the codes in use; the others are never looked at. */
#ifndef DIFFMM_DATASET_READERS_ARROW_IDS_H
#define DIFFMM_DATASET_READERS_ARROW_IDS_H

#include "base/arrow_column.h"
#include "dataset/ids.h"

/* The number that a code had in a table of the stream. */
struct diffmm__arrow_code {
    uint32_t table; /* from 1; 0: in none yet */
    int32_t number;
};

struct diffmm__arrow_ids {
    const diffmm_context *context;
    struct diffmm__arrow_column column;
    struct diffmm__ids *ids; /* all ids so far */
    /* Give an id that is not among them a number. */
    diffmm_status (*add)(const diffmm_context *context, void *target, const char *id, size_t length,
                         int32_t *number);
    void *target;
    int32_t last; /* what the row before this one had; -1 before the first */
    struct diffmm__arrow_code *codes;
    size_t code_count, code_capacity;
    int32_t *integers; /* the number of integer i, or -1 */
    size_t integer_count, integer_capacity;
};

/* Start with a column; the members up to `target` are the caller's to set. DIFFMM_ERROR_UNSUPPORTED
 * where it has no ids. It must be ended in any case. */
diffmm_status diffmm__arrow_ids_begin(struct diffmm__arrow_ids *ids,
                                      const struct diffmm__arrow_input *input, size_t place);
void diffmm__arrow_ids_end(struct diffmm__arrow_ids *ids);

/* Go to the values of the stream's table. */
diffmm_status diffmm__arrow_ids_enter(struct diffmm__arrow_ids *ids);

/* Start to bring what rows' ids are compared with into the cache: up to DIFFMM__IDS_AT_ONCE rows, each
 * of which is to be found soon. */
void diffmm__arrow_ids_fetch(const struct diffmm__arrow_ids *ids, int64_t first, size_t count);

/* The number of the id in a row of the table. An id that is null, empty or not UTF-8 is
 * DIFFMM_ERROR_FORMAT. */
diffmm_status diffmm__arrow_ids_find(struct diffmm__arrow_ids *ids, int64_t row, int32_t *number);

#endif
