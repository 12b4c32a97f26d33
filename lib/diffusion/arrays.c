/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser as a function of plain arrays. */
#include "diffusion/arrays.h"

#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/sizes.h"
#include "base/status.h"

diffmm_status diffmm__dense_rows(const diffmm_context *context, size_t rows, size_t items,
                                 const float *dense, struct diffmm__dense_rows *out)
{
    size_t entries = 0;
    for (size_t i = 0; i < rows * items; i++)
        entries += dense[i] != 0.0f;
    *out = (struct diffmm__dense_rows){.arena = diffmm__arena_on(context)};
    int64_t *pointers = diffmm__arena_take(&out->arena, rows + 1, sizeof *pointers);
    int32_t *columns = diffmm__arena_take(&out->arena, entries, sizeof *columns);
    float *values = diffmm__arena_take(&out->arena, entries, sizeof *values);
    if (out->arena.failed) {
        diffmm__arena_end(&out->arena);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    int64_t place = 0;
    for (size_t b = 0; b < rows; b++) {
        pointers[b] = place;
        for (size_t i = 0; i < items; i++)
            if (dense[b * items + i] != 0.0f) {
                columns[place] = (int32_t)i;
                values[place++] = dense[b * items + i];
            }
    }
    pointers[rows] = place;
    out->rows =
        (struct diffmm__batch_rows){.pointers = pointers, .items = columns, .values = values};
    return DIFFMM_OK;
}

void diffmm__dense_rows_end(struct diffmm__dense_rows *dense)
{
    diffmm__arena_end(&dense->arena);
}

diffmm_status diffmm_time_embedding(size_t rows, const int32_t *t, size_t size, float *out)
{
    if (rows > 0 && (!t || !out))
        return diffmm__null(!t ? "t" : "out");
    diffmm_status status = diffmm__check_size("rows", rows, 0, INT32_MAX);
    if (!status)
        status = diffmm__check_size("size", size, 1, diffmm__most_columns);
    if (!status)
        status = diffmm__size_check_array("rows", rows, "size", size, sizeof *out);
    if (status)
        return status;
    for (size_t b = 0; b < rows; b++)
        diffmm__time_embedding((double)t[b], size, out + b * size);
    return DIFFMM_OK;
}

static diffmm_status check(const float *parameters, size_t rows, size_t items, const float *x,
                           const int32_t *t)
{
    if (!parameters || !x || !t)
        return diffmm__null(!parameters ? "parameters" : !x ? "x" : "t");
    diffmm_status status = diffmm__check_size("rows", rows, 0, INT32_MAX);
    return status ? status
                  : diffmm__size_check_array("rows", rows, "shape: items", items, sizeof(float));
}

diffmm_status diffmm_denoiser_forward(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                      const float *parameters, size_t rows, const float *x,
                                      const int32_t *t, const float *dropout_scale, float *x_hat)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__layers layers;
    struct diffmm__pass pass;
    diffmm_status status;
    if ((status = diffmm__layers(shape, &layers)) ||
        (status = check(parameters, rows, layers.items, x, t)))
        return status;
    if (!x_hat)
        return diffmm__null("x_hat");
    if (rows == 0)
        return DIFFMM_OK;
    if ((status = diffmm__pass_create(context, &layers, rows, DIFFMM__PASS_FORWARD, &pass)))
        return status;
    diffmm__pass_read(&pass, rows, x, dropout_scale);
    diffmm__denoiser_forward(&pass, parameters, rows, t);
    memcpy(x_hat, pass.output, rows * layers.items * sizeof *x_hat);
    diffmm__pass_end(&pass);
    return DIFFMM_OK;
}

diffmm_status diffmm_denoiser_backward(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                       const float *parameters, size_t rows, const float *x,
                                       const int32_t *t, const float *dropout_scale,
                                       const float *grad_x_hat, float *grad_parameters)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__layers layers;
    struct diffmm__pass pass;
    diffmm_status status;
    if ((status = diffmm__layers(shape, &layers)) ||
        (status = check(parameters, rows, layers.items, x, t)))
        return status;
    if (!grad_x_hat || !grad_parameters)
        return diffmm__null(!grad_x_hat ? "grad_x_hat" : "grad_parameters");
    if (rows == 0) {
        memset(grad_parameters, 0, layers.size * sizeof *grad_parameters);
        return DIFFMM_OK;
    }
    if ((status = diffmm__pass_create(context, &layers, rows, DIFFMM__PASS_TRAIN, &pass)))
        return status;
    diffmm__pass_read(&pass, rows, x, dropout_scale);
    diffmm__denoiser_forward_head(&pass, parameters, rows, t);
    struct diffmm__gradient gradient = {.values = grad_parameters};
    diffmm__denoiser_backward(&pass, parameters, rows, grad_x_hat, &gradient);
    diffmm__pass_end(&pass);
    return DIFFMM_OK;
}
