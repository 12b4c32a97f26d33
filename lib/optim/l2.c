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

/* For the sums of stretches. */
void *diffmm__l2_take(struct diffmm__arena *arena, const struct diffmm__term_shape *shape)
{
    return diffmm__arena_take(arena, diffmm__share_dot_sums(shape->users + shape->items, shape->d),
                              sizeof(double));
}

diffmm_status diffmm__l2_term(const struct diffmm__term_batch *batch, double weight, void *scratch,
                              double *value)
{
    diffmm__share_add_scaled(batch->share, batch->context, (float)(2.0 * weight), batch->embedding,
                             batch->grad_embedding);
    diffmm_status status = diffmm__share_dot(batch->share, batch->context, batch->embedding,
                                             batch->embedding, scratch, value);
    *value *= weight;
    return status;
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
