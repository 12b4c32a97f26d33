/* SPDX-License-Identifier: BSD-2-Clause */
/* Two rankings as one, of which the second has a share. */
#include <diffmm/rerank.h>

#include <math.h>

#include "base/status.h"
#include "rerank/hits.h"

/* A ranking, of which the hits before `next` have been taken, or passed over. */
struct source {
    const diffmm_hit *hits;
    size_t count, next;
};

/* What has come out. */
struct merged {
    diffmm_hit *out;
    size_t count;
    size_t of_second; /* items that the second ranking has */
};

/* floor(share n), where rounding must not take one away. */
static size_t share_of(double share, size_t n)
{
    size_t floored = (size_t)(share * (double)n + 1e-9);
    return floored < n ? floored : n;
}

/* Take the next hit whose item has not come out yet; false: there is none. */
static bool take(struct source *source, struct merged *merged)
{
    while (source->next < source->count) {
        diffmm_hit hit = source->hits[source->next++];
        if (!diffmm__hits_have(merged->count, merged->out, hit.item)) {
            merged->out[merged->count++] = hit;
            return true;
        }
    }
    return false;
}

static diffmm_status check(double share, const struct source *first, const struct source *second,
                           size_t count, const diffmm_hit *out, const size_t *found)
{
    const size_t any = (size_t)INT32_MAX + 1;
    if (!(isgreaterequal(share, 0.0) && islessequal(share, 1.0)))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "share is %g, not within [0, 1]", share);
    diffmm_status status = diffmm__hits_check("first", first->count, first->hits, any, false);
    if (!status)
        status = diffmm__hits_check("second", second->count, second->hits, any, false);
    return status ? status : diffmm__hits_check_out(count, out, found);
}

diffmm_status diffmm_merge_hits(double share, size_t first_count, const diffmm_hit *first,
                                size_t second_count, const diffmm_hit *second, size_t count,
                                diffmm_hit *out, size_t *found)
{
    struct source all = {first, first_count, 0}, favoured = {second, second_count, 0};
    struct merged merged = {out, 0, 0};
    diffmm_status status = check(share, &all, &favoured, count, out, found);
    if (status)
        return status;
    while (merged.count < count) {
        bool due = merged.of_second < share_of(share, merged.count + 1);
        if (!(due && take(&favoured, &merged)) && !take(&all, &merged) && !take(&favoured, &merged))
            break;
        merged.of_second += diffmm__hits_have(second_count, second, out[merged.count - 1].item);
    }
    *found = merged.count;
    return DIFFMM_OK;
}
