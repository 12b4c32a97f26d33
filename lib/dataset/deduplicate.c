/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/user_entries.h"

/* Mark the entries that repeat another; `dropped` has one mark for each entry of all splits. Returns
 * how many there are. */
static size_t mark_repeated(struct diffmm__user_entries *entries, diffmm_keep keep, bool *dropped)
{
    struct diffmm__user_list list;
    size_t repeated = 0;
    memset(dropped, true, entries->count * sizeof *dropped);
    while (diffmm__user_entries_next(entries, &list)) {
        repeated += diffmm__user_entries_deduplicate(entries, keep, &list);
        for (size_t i = 0; i < list.count; i++)
            dropped[list.entry[i]] = false;
    }
    return repeated;
}

static diffmm_status deduplicate(diffmm_dataset *dataset, diffmm_keep keep)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__user_entries entries;
    diffmm_status status = diffmm__user_entries_begin(dataset->context, draft, 0, &entries);
    if (status)
        return status;
    bool *dropped = diffmm__arena_take(&entries.arena, entries.count, sizeof *dropped);
    if (dropped) {
        size_t repeated = mark_repeated(&entries, keep, dropped), first = 0;
        for (int s = 0; s < DIFFMM__SPLITS; s++) {
            size_t count = draft->pairs[s].count;
            draft->census.times_used |= draft->pairs[s].time != NULL;
            diffmm__coo_drop(&draft->pairs[s], dropped + first);
            first += count;
        }
        diffmm__log(dataset->context, DIFFMM_LOG_INFO,
                    "%zu interactions repeat another of the same user and item and are left out",
                    repeated);
    }
    diffmm__user_entries_end(&entries);
    return dropped ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

diffmm_status diffmm_dataset_deduplicate(diffmm_dataset *dataset, diffmm_keep keep)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = diffmm__dataset_check_open(dataset);
    if (!status && keep != DIFFMM_KEEP_FIRST && keep != DIFFMM_KEEP_LAST)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "keep is %d, not 0 (the first) or 1 (the last)", (int)keep);
    return status ? status : deduplicate(dataset, keep);
}
