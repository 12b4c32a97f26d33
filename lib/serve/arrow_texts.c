/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/arrow_texts.h"

#include <stdint.h>
#include <string.h>

#include "base/status.h"

size_t diffmm__arrow_texts_bytes(const struct diffmm__ids *ids, size_t first, size_t count)
{
    return (size_t)(ids->offsets[first + count] - ids->offsets[first]) - count; /* without NULs */
}

size_t diffmm__arrow_texts_fit(const struct diffmm__ids *ids, size_t first, size_t most)
{
    while (most > 0 && diffmm__arrow_texts_bytes(ids, first, most) > INT32_MAX)
        most /= 2;
    return most;
}

diffmm_status diffmm__arrow_texts_fail(const struct diffmm__ids *ids, size_t number)
{
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "the id of number %zu has %zu bytes, more than a column of strings holds",
                        number, diffmm__ids_length(ids, number));
}

void diffmm__arrow_texts_begin(struct diffmm__arrow_texts *texts, struct diffmm__arrow_table *table,
                               size_t count, size_t bytes)
{
    texts->offsets = diffmm__arrow_table_take(table, count + 1, sizeof *texts->offsets);
    texts->text = diffmm__arrow_table_take(table, bytes, 1);
    texts->count = 0;
    if (texts->offsets)
        texts->offsets[0] = 0;
}

void diffmm__arrow_texts_add(struct diffmm__arrow_texts *texts, const struct diffmm__ids *ids,
                             int32_t number)
{
    if (!texts->offsets || !texts->text)
        return;
    size_t length = diffmm__ids_length(ids, (size_t)number);
    int32_t used = texts->offsets[texts->count++];
    memcpy(texts->text + used, diffmm__ids_text(ids, number), length);
    texts->offsets[texts->count] = used + (int32_t)length;
}

void diffmm__arrow_texts_finish(const struct diffmm__arrow_texts *texts,
                                struct diffmm__arrow_table *table, size_t column)
{
    diffmm__arrow_table_texts(table, column, texts->offsets, texts->text);
}
