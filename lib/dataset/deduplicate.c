/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/user_entries.h"

/* Drop from the draft the entries that are no longer listed. */
static void drop_unlisted(struct diffmm__draft *draft, const struct diffmm__user_entries *entries,
                          bool *dropped)
{
    memset(dropped, true, entries->count * sizeof *dropped);
    for (size_t i = 0; i < entries->starts[entries->users]; i++)
        dropped[entries->entry[i]] = false;
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        size_t before = draft->pairs[s].count;
        diffmm__coo_drop(&draft->pairs[s], dropped);
        dropped += before;
    }
}

static diffmm_status deduplicate(diffmm_dataset *dataset, diffmm_keep keep)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__user_entries entries;
    size_t repeated = 0;
    diffmm_status status = diffmm__user_entries_begin(dataset->context, draft, &entries);
    if (status)
        return status;
    bool *dropped = diffmm__arena_take(&entries.arena, entries.count, sizeof *dropped);
    status = dropped ? diffmm__user_entries_deduplicate(&entries, keep, &repeated)
                     : DIFFMM_ERROR_NO_MEMORY;
    if (!status) {
        for (int s = 0; s < DIFFMM__SPLITS; s++)
            draft->census.times_used |= draft->pairs[s].time != NULL;
        drop_unlisted(draft, &entries, dropped);
        diffmm__log(dataset->context, DIFFMM_LOG_INFO,
                    "%zu interactions repeat another of the same user and item and are left out",
                    repeated);
    }
    diffmm__user_entries_end(&entries);
    return status;
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
