/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "serve/scorer.h"

static diffmm_status measure(const struct diffmm__ids *ids, size_t count, const int32_t *items,
                             size_t *size)
{
    *size = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i] < 0 || (size_t)items[i] >= ids->count)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "items[%zu] is %d, but there are %zu items", i, (int)items[i],
                                ids->count);
        *size += diffmm__ids_length(ids, (size_t)items[i]) + 1;
    }
    return DIFFMM_OK;
}

diffmm_status diffmm_scorer_item_ids(const diffmm_scorer *scorer, size_t count,
                                     const int32_t *items, char *text, size_t capacity,
                                     size_t *size)
{
    size_t needed;
    DIFFMM__CALL call = diffmm__call_reads(scorer);
    if (!scorer || !size || (!items && count > 0))
        return diffmm__null(!scorer ? "scorer" : !size ? "size" : "items");
    const struct diffmm__ids *ids = &scorer->catalog->item_ids;
    diffmm_status status = measure(ids, count, items, &needed);
    if (!status && text && capacity < needed)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "capacity is %zu, but the ids have %zu bytes", capacity, needed);
    if (status)
        return status;
    for (size_t i = 0; text && i < count; i++) {
        size_t bytes = diffmm__ids_length(ids, (size_t)items[i]) + 1;
        memcpy(text, diffmm__ids_text(ids, items[i]), bytes);
        text += bytes;
    }
    *size = needed;
    return DIFFMM_OK;
}
