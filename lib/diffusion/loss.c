/* SPDX-License-Identifier: BSD-2-Clause */
/* The loss terms as functions of plain arrays: each as its formula stands. Training computes the
 * same through objective.c, in fewer passes. */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "diffusion/arrays.h"
#include "diffusion/objective.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

diffmm_status diffmm_elbo(const diffmm_schedule *schedule, size_t rows, size_t items,
                          const float *x0, const float *x_hat, const int32_t *t, double *per_user,
                          double *loss, float *grad_x_hat)
{
    if (!schedule || !x0 || !x_hat || !t)
        return diffmm__null(!schedule ? "schedule" : !x0 ? "x0" : !x_hat ? "x_hat" : "t");
    diffmm_status status;
    if ((status = diffmm__check_size("rows", rows, 1, INT32_MAX)) ||
        (status = diffmm__check_size("items", items, 1, INT32_MAX)) ||
        (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x0)) ||
        (status = diffmm__check_steps(schedule, rows, t)))
        return status;
    double total = 0.0;
    for (size_t b = 0; b < rows; b++) {
        double weight = schedule->values[DIFFMM_SCHEDULE_ELBO_WEIGHT][t[b]] / (double)items;
        float slope = (float)(2.0 * weight / (double)rows);
        double squares = 0.0;
        for (size_t i = b * items; i < (b + 1) * items; i++) {
            float residual = x_hat[i] - x0[i];
            squares += (double)residual * (double)residual;
            if (grad_x_hat)
                grad_x_hat[i] = slope * residual;
        }
        if (per_user)
            per_user[b] = weight * squares;
        total += weight * squares;
    }
    if (loss)
        *loss = total / (double)rows;
    return DIFFMM_OK;
}

diffmm_status diffmm_msi(diffmm_context *context, size_t rows, size_t items, size_t d,
                         const float *x0, const float *x_hat, const float *features,
                         const float *item_embedding, double *per_user, double *loss,
                         float *grad_x_hat)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!x0 || !x_hat || !features || !item_embedding)
        return diffmm__null(!x0         ? "x0"
                            : !x_hat    ? "x_hat"
                            : !features ? "features"
                                        : "item_embedding");
    diffmm_status status;
    if ((status = diffmm__check_size("rows", rows, 1, INT32_MAX)) ||
        (status = diffmm__check_size("items", items, 1, INT32_MAX)) ||
        (status = diffmm__size_check_array("rows", rows, "items", items, sizeof *x0)) ||
        (status = diffmm__check_size("d", d, 1, diffmm__most_columns)))
        return status;
    float *u = diffmm__allocate(context, rows * d, sizeof *u);
    if (!u)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__gemm(context, rows, d, items, 1.0f, diffmm__plain(x_hat, items),
                 diffmm__plain(features, d), 0.0f, u, d);
    diffmm__gemm(context, rows, d, items, -1.0f, diffmm__plain(x0, items),
                 diffmm__plain(item_embedding, d), 1.0f, u, d);
    double total = 0.0;
    for (size_t b = 0; b < rows; b++) {
        double mean = diffmm__kernels()->dot(d, u + b * d, u + b * d) / (double)d;
        if (per_user)
            per_user[b] = mean;
        total += mean;
    }
    if (loss)
        *loss = total / (double)rows;
    if (grad_x_hat)
        diffmm__gemm(context, rows, items, d, (float)(2.0 / ((double)d * (double)rows)),
                     diffmm__plain(u, d), diffmm__transposed(features, d), 0.0f, grad_x_hat, items);
    diffmm__release(context, u);
    return DIFFMM_OK;
}

static diffmm_status check_loss(const diffmm_schedule *schedule, const float *parameters,
                                size_t rows, const float *x0, const int32_t *t, const float *noise,
                                size_t d, const float *features, const float *item_embedding,
                                double e_loss, size_t items)
{
    if (!schedule || !parameters || !x0 || !t || !noise)
        return diffmm__null(!schedule     ? "schedule"
                            : !parameters ? "parameters"
                            : !x0         ? "x0"
                            : !t          ? "t"
                                          : "noise");
    if (d > 0 && (!features || !item_embedding))
        return diffmm__null(!features ? "features" : "item_embedding");
    if (!isfinite(e_loss))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "e_loss is not finite");
    diffmm_status status = diffmm__check_size("rows", rows, 1, INT32_MAX);
    if (!status)
        status = diffmm__check_size("d", d, 0, diffmm__most_columns);
    if (!status)
        status = diffmm__size_check_array("rows", rows, "shape: items", items, sizeof *x0);
    return status ? status : diffmm__check_steps(schedule, rows, t);
}

diffmm_status diffmm_denoiser_loss(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                   const diffmm_schedule *schedule, const float *parameters,
                                   size_t rows, const float *x0, const int32_t *t,
                                   const float *noise, const float *dropout_scale, size_t d,
                                   const float *features, const float *item_embedding,
                                   double e_loss, double *loss, double *elbo, double *msi,
                                   float *grad_parameters)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL schedule_call = diffmm__call_reads(schedule);
    struct diffmm__layers layers;
    diffmm_status status;
    if ((status = diffmm__layers(shape, &layers)) ||
        (status = check_loss(schedule, parameters, rows, x0, t, noise, d, features, item_embedding,
                             e_loss, layers.items)))
        return status;
    struct diffmm__dense_rows dense;
    if ((status = diffmm__dense_rows(context, rows, layers.items, x0, &dense)))
        return status;
    struct diffmm__objective objective;
    status = diffmm__objective_create(context, &layers, rows, d, (size_t)dense.rows.pointers[rows],
                                      DIFFMM__OBJECTIVE_CHEAPEST, &objective);
    if (!status) {
        struct diffmm__draws draws = {.noise = noise, .dropout_scale = dropout_scale};
        struct diffmm__msi term = {
            .d = d, .features = features, .item_embedding = item_embedding, .weight = e_loss};
        struct diffmm__gradient gradient = {.values = grad_parameters};
        struct diffmm__denoiser_losses losses =
            diffmm__objective(&objective, schedule, parameters, rows, &dense.rows, t, &draws, &term,
                              grad_parameters ? &gradient : NULL);
        if (loss)
            *loss = losses.elbo + e_loss * losses.msi;
        if (elbo)
            *elbo = losses.elbo;
        if (msi)
            *msi = losses.msi;
        diffmm__objective_end(&objective);
    }
    diffmm__dense_rows_end(&dense);
    return status;
}
