/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/row_ids.h"

#include "base/memory.h"

struct diffmm__row_ids *diffmm__row_ids_create(const diffmm_context *context,
                                               struct diffmm__ids *ids)
{
    struct diffmm__row_ids *rows = diffmm__allocate(context, 1, sizeof *rows);
    if (!rows) {
        diffmm__ids_end(context, ids);
        return NULL;
    }
    atomic_init(&rows->references, 1);
    rows->ids = *ids;
    *ids = (struct diffmm__ids){0};
    return rows;
}

void diffmm__row_ids_retain(struct diffmm__row_ids *rows)
{
    if (rows)
        atomic_fetch_add_explicit(&rows->references, 1, memory_order_relaxed);
}

void diffmm__row_ids_release(const diffmm_context *context, struct diffmm__row_ids *rows)
{
    if (!rows || atomic_fetch_sub_explicit(&rows->references, 1, memory_order_acq_rel) != 1)
        return;
    diffmm__ids_end(context, &rows->ids);
    diffmm__release(context, rows);
}
