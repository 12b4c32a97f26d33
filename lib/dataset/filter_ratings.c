/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"

static diffmm_status check(const diffmm_dataset *dataset, double least)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    if (!isfinite(least)) {
        char text[DIFFMM__REAL_TEXT];
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "least is %s, not a number",
                            diffmm__real_text(least, text));
    }
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        if (dataset->draft->pairs[s].rating)
            return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_STATE,
                        "no interaction has a rating; ratings are gone, too, once "
                        "diffmm_dataset_hold_out() has been called");
}

static size_t drop_below(struct diffmm__coo *pairs, double least, bool *dropped)
{
    size_t count = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        dropped[i] = pairs->rating && isless(pairs->rating[i], least);
        count += dropped[i];
    }
    diffmm__coo_drop(pairs, dropped);
    return count;
}

diffmm_status diffmm_dataset_filter_ratings(diffmm_dataset *dataset, double least)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check(dataset, least);
    if (status)
        return status;
    struct diffmm__draft *draft = dataset->draft;
    size_t longest = 0, dropped = 0, all = 0;
    for (int s = 0; s < DIFFMM__SPLITS; s++) {
        all += draft->pairs[s].count;
        if (draft->pairs[s].count > longest)
            longest = draft->pairs[s].count;
    }
    bool *marks = diffmm__allocate(dataset->context, longest, sizeof *marks);
    if (!marks)
        return DIFFMM_ERROR_NO_MEMORY;
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        dropped += drop_below(&draft->pairs[s], least, marks);
    diffmm__release(dataset->context, marks);
    draft->census.ratings_used = true;
    diffmm__log(dataset->context, DIFFMM_LOG_INFO,
                "%zu of %zu interactions have lower ratings and are left out", dropped, all);
    return DIFFMM_OK;
}
