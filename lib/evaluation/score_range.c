/* SPDX-License-Identifier: BSD-2-Clause */
#include "evaluation/score_range.h"

#include <float.h>
#include <math.h>

#include "base/numbers.h"
#include "base/status.h"
#include "linalg/normalize_rows.h"

/* Half the largest float, since sums are rounded. */
static bool representable(double bound)
{
    return isless(bound, 0.5 * (double)FLT_MAX);
}

bool diffmm__score_range_holds(size_t d, const float *embedding, double row_norm)
{
    return representable(diffmm__largest_norm(1, d, embedding) * row_norm);
}

diffmm_status diffmm__score_range_check(const char *name, size_t users, size_t items, size_t d,
                                        const float *user_matrix, const float *item_matrix,
                                        struct diffmm__norms *norms)
{
    char user_text[DIFFMM__REAL_TEXT], item_text[DIFFMM__REAL_TEXT];
    double user = diffmm__largest_norm(users, d, user_matrix);
    double item = diffmm__largest_norm(items, d, item_matrix);
    if (norms)
        *norms = (struct diffmm__norms){.user = user, .item = item};
    if (representable(user * item))
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                        "%s: scores overflow, with norms of up to %s (users) and %s (items)", name,
                        diffmm__real_text(user, user_text), diffmm__real_text(item, item_text));
}
