/* SPDX-License-Identifier: BSD-2-Clause */
/* weight * ||x||^2, gradient 2 weight x. */
#include <diffmm/optim.h>
#include <math.h>

#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"

diffmm_status diffmm_l2(size_t count, const float *x, double weight, double *loss, float *grad)
{
    if (count > 0 && !x)
        return diffmm__null("x");
    if (!isfinite(weight))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "weight is not finite");
    diffmm_status status = diffmm__size_check_array("count", count, "columns", 1, sizeof *x);
    if (status)
        return status;
    double value = weight * diffmm__kernels()->dot(count, x, x);
    if (grad)
        for (size_t i = 0; i < count; i++)
            grad[i] = (float)(2.0 * weight * (double)x[i]);
    if (loss)
        *loss = value;
    return DIFFMM_OK;
}
