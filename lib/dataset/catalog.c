/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/catalog.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"

struct diffmm__catalog *diffmm__catalog_create(diffmm_context *context)
{
    struct diffmm__catalog *catalog = diffmm__allocate_zero(context, 1, sizeof *catalog);
    if (!catalog)
        return NULL;
    catalog->context = diffmm__context_retain(context);
    atomic_init(&catalog->references, 1);
    return catalog;
}

struct diffmm__catalog *diffmm__catalog_retain(struct diffmm__catalog *catalog)
{
    if (catalog)
        atomic_fetch_add_explicit(&catalog->references, 1, memory_order_relaxed);
    return catalog;
}

void diffmm__catalog_release(struct diffmm__catalog *catalog)
{
    if (!catalog || atomic_fetch_sub_explicit(&catalog->references, 1, memory_order_acq_rel) != 1)
        return;
    diffmm_context *context = catalog->context;
    diffmm__ids_end(context, &catalog->user_ids);
    diffmm__ids_end(context, &catalog->item_ids);
    diffmm__csr_end(context, &catalog->train);
    diffmm__release(context, catalog);
    diffmm__context_release(context);
}

size_t diffmm__catalog_match_items(const struct diffmm__catalog *catalog,
                                   const struct diffmm__catalog *trained, int32_t *out)
{
    size_t matched = diffmm__ids_match(&catalog->item_ids, &trained->item_ids, out);
    size_t first = diffmm__catalog_trained(trained);
    for (size_t i = 0; i < catalog->items && trained->placed; i++)
        if (out[i] >= 0 && (size_t)out[i] >= first) {
            out[i] = -1;
            matched--;
        }
    return matched;
}

diffmm_status diffmm__catalog_check_counts(size_t users, size_t items, size_t pairs)
{
    if (users > INT32_MAX || items > INT32_MAX - users)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the data set has %zu users and %zu items, together more than %d",
                            users, items, INT32_MAX);
    if (pairs > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the data set has %zu different training interactions, more than %d",
                            pairs, INT32_MAX);
    return DIFFMM_OK;
}
