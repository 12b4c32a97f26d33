/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/moments.h"

#include "base/numbers.h"
#include "base/status.h"

diffmm_status diffmm__moments_check(size_t epoch, const char *phase, const char *name, size_t count,
                                    const float *second_moment)
{
    if (diffmm__all_finite(count, second_moment))
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC, "epoch %zu, %s: the gradient of %s is too large",
                        epoch, phase, name);
}
