/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/msi.h"

#include <diffmm/diffusion.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

double diffmm__msi_row(const struct diffmm__msi *msi, const struct diffmm__batch_rows *x0, size_t b,
                       size_t rows, float *u)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = msi->d;
    diffmm__batch_rows_gather(x0, b, -1.0f, d, msi->item_embedding, u);
    double term = kernels->dot(d, u, u) / (double)d;
    kernels->scale(d, (float)(2.0 * msi->weight / ((double)d * (double)rows)), u);
    return term;
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
    struct diffmm__msi msi = {
        .d = d, .features = features, .item_embedding = item_embedding, .weight = 1.0};
    struct diffmm__batch_rows sparse;
    struct diffmm__arena arena = diffmm__arena_on(context);
    float *u = diffmm__arena_take(&arena, rows * d, sizeof *u);
    double *terms = diffmm__arena_take(&arena, rows, sizeof *terms), total = 0.0;
    status = diffmm__batch_rows_from_dense(&arena, rows, items, x0, &sparse);
    if (!status) {
        diffmm__msi_terms(context, &msi, &sparse, rows, items, x_hat, u, terms);
        for (size_t b = 0; b < rows; b++) {
            total += terms[b];
            if (per_user)
                per_user[b] = terms[b];
        }
        if (loss)
            *loss = total / (double)rows;
        if (grad_x_hat)
            diffmm__msi_gradient(context, &msi, rows, items, u, 0.0f, grad_x_hat);
    }
    diffmm__arena_end(&arena);
    return status;
}
