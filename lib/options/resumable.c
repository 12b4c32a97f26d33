/* SPDX-License-Identifier: BSD-2-Clause */
#include "options/resumable.h"

#include <string.h>

#include "base/status.h"
#include "options/option_table.h"
#include "options/options.h"

bool diffmm__options_may_change(const char *name)
{
    static const char *const free[] = {"epochs", "patience", "memory_limit",
                                       "seen",   "measure",  "measure.users"};
    for (size_t i = 0; i < sizeof free / sizeof *free; i++)
        if (strcmp(name, free[i]) == 0)
            return true;
    return diffmm__option_is_of_peers(name);
}

static diffmm_status compare(const diffmm_options *begun, const diffmm_options *now,
                             const struct diffmm__option_key *key, const char *name)
{
    const char *then = diffmm__options_value(begun, key), *wanted = diffmm__options_value(now, key);
    return strcmp(then, wanted) == 0
               ? DIFFMM_OK
               : diffmm__fail(
                     DIFFMM_ERROR_INVALID_ARGUMENT,
                     "options: training was begun with %s %s and cannot go on with %s; "
                     "only epochs, patience, memory_limit, seen, measure, measure.users and "
                     "peers.* may change",
                     name, then, wanted);
}

/* Compare, between both, the settings per modality that `from` has. */
static diffmm_status compare_overrides(const diffmm_options *begun, const diffmm_options *now,
                                       const diffmm_options *from)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < from->override_count && !status; i++)
        status = compare(begun, now, &from->overrides[i].key, from->overrides[i].name);
    return status;
}

diffmm_status diffmm__options_check_resumable(const diffmm_options *begun,
                                              const diffmm_options *now)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < diffmm_option_count() && !status; i++) {
        const char *name = diffmm__option_at(i)->name;
        if (!strchr(name, '*') && !diffmm__options_may_change(name))
            status = compare(begun, now, &(struct diffmm__option_key){.index = i}, name);
    }
    if (!status)
        status = compare_overrides(begun, now, begun);
    return status ? status : compare_overrides(begun, now, now);
}
