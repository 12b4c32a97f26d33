/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/index_rows.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/status.h"

static double squared_length(size_t d, const float *row)
{
    double sum = 0.0;
    for (size_t k = 0; k < d; k++)
        sum += (double)row[k] * (double)row[k];
    return sum;
}

static diffmm_status begin_column(struct diffmm__index_rows *rows)
{
    rows->columns = rows->d + 1;
    for (size_t i = 0; rows->items && i < rows->ids->count; i++)
        rows->longest = fmax(rows->longest, squared_length(rows->d, rows->rows + i * rows->d));
    if (sqrt(rows->longest) > (double)FLT_MAX)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                            "the items' vectors are longer than the largest float, so that an "
                            "index of distances cannot take them");
    return DIFFMM_OK;
}

diffmm_status diffmm__index_rows_begin(const diffmm_scorer *scorer, diffmm_side side,
                                       diffmm_index index, struct diffmm__index_rows *out)
{
    const struct diffmm__catalog *catalog = scorer->catalog;
    bool users = side == DIFFMM_USERS;
    if (side != DIFFMM_USERS && side != DIFFMM_ITEMS)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "side is %d, not DIFFMM_USERS or DIFFMM_ITEMS", (int)side);
    if (index != DIFFMM_INDEX_INNER_PRODUCT && index != DIFFMM_INDEX_L2)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %d, not DIFFMM_INDEX_INNER_PRODUCT or DIFFMM_INDEX_L2",
                            (int)index);
    *out = (struct diffmm__index_rows){.rows = users ? scorer->users : scorer->items,
                                       .d = scorer->width,
                                       .columns = scorer->width,
                                       .items = !users,
                                       .ids = users ? &catalog->user_ids : &catalog->item_ids};
    return index == DIFFMM_INDEX_L2 ? begin_column(out) : DIFFMM_OK;
}

void diffmm__index_rows_copy(const struct diffmm__index_rows *rows, size_t first, size_t count,
                             float *out)
{
    size_t d = rows->d;
    const float *from = rows->rows + first * d;
    if (rows->columns == d) {
        memcpy(out, from, count * d * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++, from += d, out += d + 1) {
        memcpy(out, from, d * sizeof *out);
        out[d] =
            rows->items ? (float)sqrt(fmax(rows->longest - squared_length(d, from), 0.0)) : 0.0f;
    }
}
