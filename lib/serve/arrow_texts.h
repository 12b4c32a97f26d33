/* SPDX-License-Identifier: BSD-2-Clause */
/* Ids as a column of strings. */
#ifndef DIFFMM_SERVE_ARROW_TEXTS_H
#define DIFFMM_SERVE_ARROW_TEXTS_H

#include "base/arrow_output.h"
#include "dataset/ids.h"

/* A column that is being filled. NULL pointers: no memory, which the table knows. */
struct diffmm__arrow_texts {
    int32_t *offsets;
    char *text;
    size_t count;
};

/* How many ids from `first` on, at most `most`, fit into a column; and bytes of so many. */
size_t diffmm__arrow_texts_fit(const struct diffmm__ids *ids, size_t first, size_t most);
size_t diffmm__arrow_texts_bytes(const struct diffmm__ids *ids, size_t first, size_t count);

/* Not even that one fits. */
diffmm_status diffmm__arrow_texts_fail(const struct diffmm__ids *ids, size_t number);

/* A column of `count` texts, of so many bytes together; add one after the other. */
void diffmm__arrow_texts_begin(struct diffmm__arrow_texts *texts, struct diffmm__arrow_table *table,
                               size_t count, size_t bytes);
void diffmm__arrow_texts_add(struct diffmm__arrow_texts *texts, const struct diffmm__ids *ids,
                             int32_t number);
void diffmm__arrow_texts_finish(const struct diffmm__arrow_texts *texts,
                                struct diffmm__arrow_table *table, size_t column);

#endif
