/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of users with items that training did not know. */
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "serve/fold_in_blend.h"
#include "serve/scratch.h"

static diffmm_status fold_in(const struct diffmm__folded *folded, float *out)
{
    size_t width = folded->scorer->width;
    if (diffmm__fold_in_as_trained(folded)) {
        memcpy(out, diffmm__scorer_user(folded->scorer, folded->user), width * sizeof *out);
        return DIFFMM_OK;
    }
    struct diffmm__scratch scratch;
    float *row = diffmm__scratch_begin(&scratch, folded->scorer->context, width);
    if (!row)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__fold_in_own(folded, row);
    double k = diffmm__fold_in_gather(folded, row);
    diffmm__fold_in_propagate(folded, k, row);
    diffmm_status status = diffmm__fold_in_blend(folded, row, NULL, NULL);
    if (!status)
        status = diffmm__fold_in_check(folded, row);
    if (!status)
        memcpy(out, row, width * sizeof *out);
    diffmm__scratch_end(&scratch, folded->scorer->context);
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
    struct diffmm__ascending list;
    struct diffmm__folded folded;
    diffmm_status status = diffmm__fold_in_prepare(scorer, user, count, items, &list, &folded);
    if (!status)
        status = fold_in(&folded, out);
    diffmm__ascending_end(scorer->context, &list);
    return status;
}
