/* SPDX-License-Identifier: BSD-2-Clause */
/* The squared norm:
 *
 *     L = weight ||x||^2,
 *     dL/dx = 2 weight x.
 */
#include "optim/l2.h"

#include <diffmm/optim.h>
#include <math.h>

#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"
#include "linalg/vectors.h"

diffmm_status diffmm__l2_term(const struct diffmm__term_batch *batch, double weight, void *scratch,
                              double *value)
{
    (void)scratch;
    size_t size = (batch->users + batch->items) * batch->d, skip = batch->node.first * batch->d;
    diffmm__vector_add_scaled(batch->context, batch->node.end * batch->d - skip,
                              (float)(2.0 * weight), batch->embedding + skip,
                              batch->grad_embedding + skip);
    *value = weight * diffmm__vector_dot(batch->context, size, batch->embedding, batch->embedding);
    return DIFFMM_OK;
}

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
