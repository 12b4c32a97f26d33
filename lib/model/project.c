/* SPDX-License-Identifier: BSD-2-Clause */
/* Projection of raw features into the embedding space, forward and backward:
 *
 *     leaky:   X = LeakyReLU_0.2(F W),   W is D x d,
 *     linear:  X = F W^T + b,            W is d x D,
 *     Xn = X with each row divided by max(norm, 1e-12). */
#include "model/project.h"

#include <string.h>

#include "base/numbers.h"
#include "base/pool.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"
#include "model/project_stored.h"
#include "model/workspace.h"

static const float leak = 0.2f;

struct activation {
    size_t d;
    const float *projected;
    float *values; /* what is changed: X itself, or its gradient */
    const float *bias;
};

static void leaky_range(void *argument, size_t begin, size_t end)
{
    const struct activation *a = argument;
    for (size_t i = begin; i < end; i++)
        a->values[i] *= a->projected[i] > 0.0f ? 1.0f : leak;
}

static void bias_range(void *argument, size_t begin, size_t end)
{
    const struct activation *a = argument;
    for (size_t i = begin; i < end; i++)
        diffmm__kernels()->add_scaled(a->d, 1.0f, a->bias, a->values + i * a->d);
}

/* The rows of some items. */
static void project(const diffmm_model *model, const struct diffmm__model_modality *modality,
                    struct diffmm__part part, float *projected)
{
    size_t items = part.end - part.first, d = model->d, inputs = modality->dimensions;
    bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
    const float *weight = modality->weight->values;
    if (modality->stored.data)
        diffmm__project_stored(model, modality, part, projected);
    else
        diffmm__gemm(
            model->context, items, d, inputs, 1.0f,
            diffmm__plain(modality->features + part.first * modality->stride, modality->stride),
            linear ? diffmm__transposed(weight, inputs) : diffmm__plain(weight, d), 0.0f,
            projected + part.first * d, d);
    float *values = projected + part.first * d;
    struct activation a = {.d = d, .projected = values, .values = values};
    if (linear) {
        a.bias = modality->bias->values;
        diffmm__parallel_ranges(model->context, items, 256, bias_range, &a);
    } else {
        diffmm__parallel_ranges(model->context, items * d, 16384, leaky_range, &a);
    }
}

/* A row whose norm overflows has no gradient, so training must stop here. */
static diffmm_status check_norms(const diffmm_model *model, size_t m)
{
    size_t bad = diffmm__first_not_finite(model->items, model->workspace->modality[m].norms);
    if (bad == model->items)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                        "the projected features of modality '%s' are not finite, or too large, "
                        "at item %zu",
                        model->modalities[m].name, bad);
}

diffmm_status diffmm__project(diffmm_model *model, const struct diffmm__share *share)
{
    size_t items = model->items, d = model->d;
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        struct diffmm__modality_workspace *w = &model->workspace->modality[m];
        project(model, &model->modalities[m], diffmm__share_rows(share, items), w->projected);
        status = diffmm__share_gather_rows(share, items, d * sizeof(float), w->projected);
        if (status)
            return status;
        diffmm__normalize_rows(model->context, items, d, w->projected, d, w->normalized, d,
                               w->norms);
        status = check_norms(model, m);
    }
    return status;
}

static void sum_rows(size_t rows, size_t d, const float *x, float *sum)
{
    memset(sum, 0, d * sizeof *sum);
    for (size_t r = 0; r < rows; r++)
        diffmm__kernels()->add_scaled(d, 1.0f, x + r * d, sum);
}

/* The gradient of the weight, grad^T F or F^T grad, of which this peer computes some rows. */
static diffmm_status weight_gradient(diffmm_model *model, const struct diffmm__share *share,
                                     const struct diffmm__model_modality *modality,
                                     const float *grad)
{
    size_t items = model->items, d = model->d, inputs = modality->dimensions;
    bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
    size_t rows = linear ? d : inputs, columns = linear ? inputs : d;
    struct diffmm__part part = diffmm__share_rows(share, rows);
    float *out = modality->weight->gradient + part.first * columns;
    if (modality->stored.data)
        diffmm__project_stored_backward(model, modality, part, grad, out);
    else
        diffmm__gemm_split_k(
            model->context, part.end - part.first, columns, items,
            linear ? diffmm__transposed(grad + part.first, d)
                   : diffmm__transposed(modality->features + part.first, modality->stride),
            linear ? diffmm__plain(modality->features, modality->stride) : diffmm__plain(grad, d),
            out, model->workspace->split_k);
    return diffmm__share_gather_rows(share, rows, columns * sizeof *out,
                                     modality->weight->gradient);
}

diffmm_status diffmm__project_backward(diffmm_model *model, const struct diffmm__share *share)
{
    size_t items = model->items, d = model->d;
    diffmm_status status = DIFFMM_OK;
    float *grad = model->workspace->scratch; /* I x d of it: dX */
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        struct diffmm__modality_workspace *w = &model->workspace->modality[m];
        struct diffmm__model_modality *modality = &model->modalities[m];
        diffmm__normalize_rows_backward(model->context, items, d, w->normalized, w->norms,
                                        w->grad_normalized, 1.0f, 0.0f, grad);
        if (modality->projection == DIFFMM__PROJECTION_LINEAR) {
            sum_rows(items, d, grad, modality->bias->gradient);
        } else {
            struct activation a = {.d = d, .projected = w->projected, .values = grad};
            diffmm__parallel_ranges(model->context, items * d, 16384, leaky_range, &a);
        }
        status = weight_gradient(model, share, modality, grad);
    }
    return status;
}
