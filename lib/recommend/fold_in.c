/* SPDX-License-Identifier: BSD-2-Clause */
/* Final embeddings of users with items that training did not know of (recommend/attach.h): d floats
 * times the number of items, and modalities + layers + 1 rows read for each. */
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "recommend/attach.h"
#include "recommend/scratch.h"

static diffmm_status fold_in(const struct diffmm__attached *attached, float *out)
{
    size_t d = attached->scorer->d;
    if (diffmm__attached_as_trained(attached)) {
        memcpy(out, diffmm__scorer_user(attached->scorer, attached->user), d * sizeof *out);
        return DIFFMM_OK;
    }
    struct diffmm__scratch scratch;
    float *vector = diffmm__scratch_begin(&scratch, attached->scorer->context, d);
    if (!vector)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__attached_own(attached, vector);
    double k = diffmm__attached_gather(attached, vector);
    diffmm_status status = diffmm__attached_propagate(attached, k, vector);
    if (!status)
        memcpy(out, vector, d * sizeof *out);
    diffmm__scratch_end(&scratch, attached->scorer->context);
    return status;
}

diffmm_status diffmm_fold_in(const diffmm_scorer *scorer, int32_t user, size_t count,
                             const int32_t *items, float *out)
{
    DIFFMM__CALL call = diffmm__call_reads(diffmm__scorer_called_back(scorer));
    if (!scorer)
        return diffmm__null("scorer");
    if (!out)
        return diffmm__null("out");
    struct diffmm__list list;
    struct diffmm__attached attached;
    diffmm_status status = diffmm__attach(scorer, user, count, items, &list, &attached);
    if (!status)
        status = fold_in(&attached, out);
    diffmm__list_end(scorer->context, &list);
    return status;
}
