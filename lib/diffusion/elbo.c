/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/elbo.h"

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/kernels.h"

double diffmm__elbo_weight(const diffmm_schedule *schedule, int32_t t, size_t items)
{
    return schedule->values[DIFFMM_SCHEDULE_ELBO_WEIGHT][t] / (double)items;
}

float diffmm__elbo_slope(double weight, size_t rows)
{
    return (float)(2.0 * weight / (double)rows);
}

double diffmm__elbo_row(double weight, size_t rows, size_t items, float *residual)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    double term = weight * kernels->dot(items, residual, residual);
    kernels->scale(items, diffmm__elbo_slope(weight, rows), residual);
    return term;
}

diffmm_status diffmm_elbo(const diffmm_schedule *schedule, size_t rows, size_t items,
                          const float *x0, const float *x_hat, const int32_t *t, double *per_user,
                          double *loss, float *grad_x_hat)
{
    DIFFMM__CALL call = diffmm__call_reads(schedule);
    if (!schedule || !x0 || !x_hat || !t)
        return diffmm__null(!schedule ? "schedule" : !x0 ? "x0" : !x_hat ? "x_hat" : "t");
    diffmm_status status;
    if ((status = diffmm__check_size("rows", rows, 1, INT32_MAX)) ||
        (status = diffmm__check_size("items", items, 1, INT32_MAX)) ||
        (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x0)) ||
        (status = diffmm__schedule_check_steps(schedule, rows, t)))
        return status;
    /* Without a gradient, one row's residual at a time. */
    float *one = grad_x_hat ? NULL : diffmm__allocate(schedule->context, items, sizeof *one);
    if (!grad_x_hat && !one)
        return DIFFMM_ERROR_NO_MEMORY;
    double total = 0.0;
    for (size_t b = 0; b < rows; b++) {
        float *residual = grad_x_hat ? grad_x_hat + b * items : one;
        for (size_t i = 0; i < items; i++)
            residual[i] = x_hat[b * items + i] - x0[b * items + i];
        double weight = diffmm__elbo_weight(schedule, t[b], items);
        double term = diffmm__elbo_row(weight, rows, items, residual);
        if (per_user)
            per_user[b] = term;
        total += term;
    }
    diffmm__release(schedule->context, one);
    if (loss)
        *loss = total / (double)rows;
    return DIFFMM_OK;
}
