/* SPDX-License-Identifier: BSD-2-Clause */
/* A limit to how many hits of a group stay. */
#include <diffmm/rerank.h>

#include "base/status.h"
#include "rerank/hits.h"

static diffmm_status check_groups(const int32_t *groups, size_t hit_count, const diffmm_hit *hits)
{
    for (size_t i = 0; i < hit_count; i++)
        if (groups[hits[i].item] < -1)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "groups[%d] is %d, but a group is at least 0, and -1 is none",
                                hits[i].item, groups[hits[i].item]);
    return DIFFMM_OK;
}

static diffmm_status check(size_t item_count, const int32_t *groups, size_t most, size_t hit_count,
                           const diffmm_hit *hits, size_t count, const diffmm_hit *out,
                           const size_t *found)
{
    if (!groups && item_count > 0)
        return diffmm__null("groups");
    if (most == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "most is 0");
    diffmm_status status = diffmm__hits_check("hits", hit_count, hits, item_count, false);
    if (!status)
        status = check_groups(groups, hit_count, hits);
    return status ? status : diffmm__hits_check_out(count, out, found);
}

/* How many of the hits are of the group. */
static size_t count_group(const int32_t *groups, size_t count, const diffmm_hit *hits,
                          int32_t group)
{
    size_t of_group = 0;
    for (size_t i = 0; i < count; i++)
        of_group += groups[hits[i].item] == group;
    return of_group;
}

diffmm_status diffmm_limit_groups(size_t item_count, const int32_t *groups, size_t most,
                                  size_t hit_count, const diffmm_hit *hits, size_t count,
                                  diffmm_hit *out, size_t *found)
{
    diffmm_status status = check(item_count, groups, most, hit_count, hits, count, out, found);
    if (status)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < hit_count && kept < count; i++) {
        int32_t group = groups[hits[i].item];
        if (group == -1 || count_group(groups, kept, out, group) < most)
            out[kept++] = hits[i];
    }
    *found = kept;
    return DIFFMM_OK;
}
