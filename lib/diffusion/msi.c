/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/msi.h"

#include <diffmm/diffusion.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

double diffmm__msi_finish_row(const struct diffmm__msi *msi, size_t rows, float *u)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = msi->d;
    double term = kernels->dot(d, u, u) / (double)d;
    kernels->scale(d, (float)(2.0 * msi->weight / ((double)d * (double)rows)), u);
    return term;
}

double diffmm__msi_row(const struct diffmm__msi *msi, const struct diffmm__batch_rows *x0, size_t b,
                       size_t rows, float *u)
{
    diffmm__batch_rows_gather(x0, b, -1.0f, msi->d, msi->item_embedding, u);
    return diffmm__msi_finish_row(msi, rows, u);
}

struct terms {
    const struct diffmm__msi *msi;
    const struct diffmm__batch_rows *x0;
    size_t rows;
    float *u;
    double *terms;
};

static void terms_range(void *argument, size_t begin, size_t end)
{
    const struct terms *s = argument;
    for (size_t b = begin; b < end; b++)
        s->terms[b] = diffmm__msi_row(s->msi, s->x0, b, s->rows, s->u + b * s->msi->d);
}

void diffmm__msi_terms(const diffmm_context *context, const struct diffmm__msi *msi,
                       const struct diffmm__batch_rows *x0, size_t rows, size_t items,
                       const float *x_hat, float *u, double *terms)
{
    struct terms s = {.msi = msi, .x0 = x0, .rows = rows, .u = u, .terms = terms};
    diffmm__gemm(context, rows, msi->d, items, 1.0f, diffmm__plain(x_hat, items),
                 diffmm__plain(msi->features, msi->d), 0.0f, u, msi->d);
    diffmm__parallel_ranges(context, rows, 16, terms_range, &s);
}

void diffmm__msi_gradient(const diffmm_context *context, const struct diffmm__msi *msi, size_t rows,
                          size_t items, const float *u, float keep, float *grad_x_hat)
{
    diffmm__gemm(context, rows, items, msi->d, 1.0f, diffmm__plain(u, msi->d),
                 diffmm__transposed(msi->features, msi->d), keep, grad_x_hat, items);
}

static diffmm_status check(const diffmm_msi_arguments *a)
{
    if (!a->x0 || !a->x_hat || !a->features || !a->item_embedding)
        return diffmm__null(!a->x0         ? "x0"
                            : !a->x_hat    ? "x_hat"
                            : !a->features ? "features"
                                           : "item_embedding");
    diffmm_status status;
    if ((status = diffmm__check_size("rows", a->rows, 1, INT32_MAX)) ||
        (status = diffmm__check_size("items", a->items, 1, INT32_MAX)) ||
        (status = diffmm__size_check_array("rows", a->rows, "items", a->items, sizeof *a->x0)))
        return status;
    return diffmm__check_size("d", a->d, 1, diffmm__most_columns);
}

diffmm_status diffmm_msi_with(diffmm_context *context, const diffmm_msi_arguments *arguments)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!arguments)
        return diffmm__null("arguments");
    diffmm_msi_arguments a;
    diffmm_status status =
        diffmm__struct_read(&a, &diffmm__layout_msi_arguments, arguments, "arguments");
    if (status || (status = check(&a)))
        return status;
    float *u = diffmm__allocate(context, a.rows * a.d, sizeof *u);
    if (!u)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__gemm(context, a.rows, a.d, a.items, 1.0f, diffmm__plain(a.x_hat, a.items),
                 diffmm__plain(a.features, a.d), 0.0f, u, a.d);
    diffmm__gemm(context, a.rows, a.d, a.items, -1.0f, diffmm__plain(a.x0, a.items),
                 diffmm__plain(a.item_embedding, a.d), 1.0f, u, a.d);
    double total = 0.0;
    for (size_t b = 0; b < a.rows; b++) {
        double mean = diffmm__kernels()->dot(a.d, u + b * a.d, u + b * a.d) / (double)a.d;
        if (a.per_user)
            a.per_user[b] = mean;
        total += mean;
    }
    if (a.loss)
        *a.loss = total / (double)a.rows;
    if (a.grad_x_hat)
        diffmm__gemm(context, a.rows, a.items, a.d, (float)(2.0 / ((double)a.d * (double)a.rows)),
                     diffmm__plain(u, a.d), diffmm__transposed(a.features, a.d), 0.0f, a.grad_x_hat,
                     a.items);
    diffmm__release(context, u);
    return DIFFMM_OK;
}

diffmm_status diffmm_msi(diffmm_context *context, size_t rows, size_t items, size_t d,
                         const float *x0, const float *x_hat, const float *features,
                         const float *item_embedding, double *per_user, double *loss,
                         float *grad_x_hat)
{
    const diffmm_msi_arguments arguments = {.struct_size = sizeof arguments,
                                            .rows = rows,
                                            .items = items,
                                            .d = d,
                                            .x0 = x0,
                                            .x_hat = x_hat,
                                            .features = features,
                                            .item_embedding = item_embedding,
                                            .per_user = per_user,
                                            .loss = loss,
                                            .grad_x_hat = grad_x_hat};
    return diffmm_msi_with(context, &arguments);
}
