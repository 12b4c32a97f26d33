/* SPDX-License-Identifier: BSD-2-Clause */
/* A stream of tables that came from elsewhere (diffmm/arrow.h). What its maker says of them is
 * checked as far as it can be: lengths and offsets; not how large the buffers are, which nothing
 * tells. */
#ifndef DIFFMM_BASE_ARROW_INPUT_H
#define DIFFMM_BASE_ARROW_INPUT_H

#include <stdbool.h>

#include <diffmm/arrow.h>

struct diffmm__arrow_input {
    struct ArrowArrayStream stream; /* each of these three released where its `release` is NULL */
    struct ArrowSchema schema;
    struct ArrowArray table;
    int64_t first;   /* number of the table's first row */
    size_t position; /* number of the table, from 1; 0 before the first */
};

/* Take over a caller's stream, which is then marked as released. It must be ended in any case; that
 * leaves the error text as it is, whatever the stream's maker calls meanwhile. */
void diffmm__arrow_input_take(struct diffmm__arrow_input *input, struct ArrowArrayStream *stream);
void diffmm__arrow_input_end(struct diffmm__arrow_input *input);

/* Ask for the columns. DIFFMM_ERROR_INVALID_ARGUMENT where there was no stream. */
diffmm_status diffmm__arrow_input_begin(struct diffmm__arrow_input *input);

/* Go on to the next table, whose columns are as the schema says. *found is false after the last. */
diffmm_status diffmm__arrow_input_next(struct diffmm__arrow_input *input, bool *found);

/* How many columns there are, and what one is called; "" where it has no name. */
size_t diffmm__arrow_input_columns(const struct diffmm__arrow_input *input);
const char *diffmm__arrow_input_title(const struct diffmm__arrow_input *input, size_t column);

#endif
