/* SPDX-License-Identifier: BSD-2-Clause */
/* Final embeddings and ids as a stream of tables. */
#include <stdio.h>

#include "base/arrow_output.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "serve/arrow_texts.h"
#include "serve/index_rows.h"

enum { most_bytes = 1 << 20 }; /* of vectors in a table */

struct vectors {
    struct diffmm__arrow_output output;
    struct diffmm__index_rows rows;
    size_t next;
};

static diffmm_status describe(struct diffmm__arrow_output *output, struct ArrowSchema *out)
{
    const struct vectors *vectors = (const struct vectors *)output;
    char format[32];
    snprintf(format, sizeof format, "+w:%zu", vectors->rows.columns);
    const struct diffmm__arrow_field fields[] = {{vectors->rows.items ? "item" : "user", "u", NULL},
                                                 {"vector", format, "f"}};
    return diffmm__arrow_output_schema(output, 2, fields, out);
}

static diffmm_status next(struct diffmm__arrow_output *output, struct ArrowArray *out)
{
    struct vectors *vectors = (struct vectors *)output;
    const struct diffmm__ids *ids = vectors->rows.ids;
    size_t d = vectors->rows.columns, most = most_bytes / (d * sizeof(float)),
           left = ids->count - vectors->next, first = vectors->next;
    most = most > 0 ? most : 1;
    size_t count = diffmm__arrow_texts_fit(ids, first, left < most ? left : most);
    if (left == 0)
        return DIFFMM_OK;
    if (count == 0)
        return diffmm__arrow_texts_fail(ids, first);
    struct diffmm__arrow_table table;
    diffmm__arrow_table_begin(output, 2, count, &table);
    struct diffmm__arrow_texts texts;
    diffmm__arrow_texts_begin(&texts, &table, count, diffmm__arrow_texts_bytes(ids, first, count));
    for (size_t i = first; i < first + count; i++)
        diffmm__arrow_texts_add(&texts, ids, (int32_t)i);
    diffmm__arrow_texts_finish(&texts, &table, 0);
    float *rows = diffmm__arrow_table_take(&table, count, d * sizeof *rows);
    if (rows)
        diffmm__index_rows_copy(&vectors->rows, first, count, rows);
    diffmm__arrow_table_lists(&table, 1, d, rows);
    diffmm_status status = diffmm__arrow_table_finish(&table, out);
    vectors->next += status ? 0 : count;
    return status;
}

static void end(struct diffmm__arrow_output *output)
{
    diffmm__release(output->context, output);
}

diffmm_status diffmm_scorer_export_arrow_for(const diffmm_scorer *scorer, diffmm_side side,
                                             diffmm_index index, struct ArrowArrayStream *out)
{
    DIFFMM__CALL call = diffmm__call_reads(scorer);
    if (!scorer)
        return diffmm__null("scorer");
    if (!out)
        return diffmm__null("out");
    struct diffmm__index_rows rows;
    diffmm_status status = diffmm__index_rows_begin(scorer, side, index, &rows);
    if (status)
        return status;
    struct vectors *vectors = diffmm__allocate(scorer->context, 1, sizeof *vectors);
    if (!vectors)
        return DIFFMM_ERROR_NO_MEMORY;
    *vectors = (struct vectors){.output = {.context = scorer->context,
                                           .kept = scorer,
                                           .describe = describe,
                                           .next = next,
                                           .end = end},
                                .rows = rows};
    diffmm__arrow_output_begin(&vectors->output, out);
    return DIFFMM_OK;
}

diffmm_status diffmm_scorer_export_arrow(const diffmm_scorer *scorer, diffmm_side side,
                                         struct ArrowArrayStream *out)
{
    return diffmm_scorer_export_arrow_for(scorer, side, DIFFMM_INDEX_INNER_PRODUCT, out);
}
