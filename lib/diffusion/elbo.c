/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/elbo.h"

#include "base/check.h"
#include "base/handle.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
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

diffmm_status diffmm_elbo_with(const diffmm_schedule *schedule,
                               const diffmm_elbo_arguments *arguments)
{
    DIFFMM__CALL call = diffmm__call_reads(schedule);
    if (!schedule || !arguments)
        return diffmm__null(!schedule ? "schedule" : "arguments");
    diffmm_elbo_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_elbo_arguments, arguments, "arguments");
    if (status)
        return status;
    if (!a.x0 || !a.x_hat || !a.t)
        return diffmm__null(!a.x0 ? "x0" : !a.x_hat ? "x_hat" : "t");
    if ((status = diffmm__check_size("rows", a.rows, 1, INT32_MAX)) ||
        (status = diffmm__check_size("items", a.items, 1, INT32_MAX)) ||
        (status = diffmm__size_check_array("rows", a.rows, "items", a.items, sizeof *a.x0)) ||
        (status = diffmm__schedule_check_steps(schedule, a.rows, a.t)))
        return status;
    double total = 0.0;
    for (size_t b = 0; b < a.rows; b++) {
        double weight = diffmm__elbo_weight(schedule, a.t[b], a.items), squares = 0.0;
        float slope = diffmm__elbo_slope(weight, a.rows);
        for (size_t i = b * a.items; i < (b + 1) * a.items; i++) {
            float residual = a.x_hat[i] - a.x0[i];
            squares += (double)residual * (double)residual;
            if (a.grad_x_hat)
                a.grad_x_hat[i] = slope * residual;
        }
        if (a.per_user)
            a.per_user[b] = weight * squares;
        total += weight * squares;
    }
    if (a.loss)
        *a.loss = total / (double)a.rows;
    return DIFFMM_OK;
}

diffmm_status diffmm_elbo(const diffmm_schedule *schedule, size_t rows, size_t items,
                          const float *x0, const float *x_hat, const int32_t *t, double *per_user,
                          double *loss, float *grad_x_hat)
{
    const diffmm_elbo_arguments arguments = {.struct_size = sizeof arguments,
                                             .rows = rows,
                                             .items = items,
                                             .x0 = x0,
                                             .x_hat = x_hat,
                                             .t = t,
                                             .per_user = per_user,
                                             .loss = loss,
                                             .grad_x_hat = grad_x_hat};
    return diffmm_elbo_with(schedule, &arguments);
}
