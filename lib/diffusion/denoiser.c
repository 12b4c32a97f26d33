/* SPDX-License-Identifier: BSD-2-Clause */
/* Backward stands beside forward. */
#include "diffusion/denoiser.h"

#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/handle.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "diffusion/time_embedding.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"

void diffmm__denoiser_pass_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                                size_t rows, enum diffmm__pass_kind kind,
                                struct diffmm__denoiser_pass *out)
{
    size_t last = layers->count - 1, real = sizeof(float);
    *out =
        (struct diffmm__denoiser_pass){.context = arena->context, .layers = *layers, .rows = rows};
    out->input = diffmm__arena_take(arena, rows * layers->layer[1].inputs, real);
    out->time = diffmm__arena_take(arena, rows * layers->time_size, real);
    for (size_t l = 1; l < last; l++)
        out->hidden[l] = diffmm__arena_take(arena, rows * layers->layer[l].outputs, real);
    if (kind != DIFFMM__PASS_HEAD)
        out->output = diffmm__arena_take(arena, rows * layers->items, real);
    out->steps = diffmm__arena_take(arena, rows, sizeof *out->steps);
    if (kind == DIFFMM__PASS_FORWARD)
        return;
    for (size_t i = 0; i < 2; i++)
        out->gradient[i] = diffmm__arena_take(arena, rows * layers->widest, real);
    out->grad_time = diffmm__arena_take(arena, rows * layers->time_size, real);
}

void diffmm__denoiser_pass_read(struct diffmm__denoiser_pass *pass, size_t rows, const float *x,
                                const float *dropout_scale)
{
    size_t items = pass->layers.items;
    for (size_t b = 0; b < rows; b++) {
        float *input = pass->input + b * pass->layers.layer[1].inputs;
        memcpy(input, x + b * items, items * sizeof *x);
        if (pass->layers.normalize)
            diffmm__normalize_row(items, input);
        for (size_t i = 0; i < items && dropout_scale; i++)
            input[i] *= dropout_scale[b * items + i];
    }
}

/* Fills the time columns of the input: the time layer of the embedded steps. */
static void embed_time(struct diffmm__denoiser_pass *pass, const float *parameters, size_t rows,
                       const int32_t *t)
{
    const struct diffmm__layer *layer = &pass->layers.layer[0];
    size_t e = layer->outputs, stride = pass->layers.layer[1].inputs;
    float *time = pass->input + pass->layers.items;
    for (size_t b = 0; b < rows; b++) {
        diffmm__time_embedding((double)t[b], e, pass->time + b * e);
        memcpy(time + b * stride, parameters + layer->bias, e * sizeof(float));
    }
    diffmm__gemm(pass->context, rows, e, e, 1.0f, diffmm__plain(pass->time, e),
                 diffmm__transposed(parameters + layer->weight, e), 1.0f, time, stride);
}

struct activate {
    const struct diffmm__vector_kernels *kernels;
    size_t width;
    const float *bias;
    float *values;
    bool tanh;
};

static void activate_range(void *argument, size_t begin, size_t end)
{
    const struct activate *a = argument;
    for (size_t b = begin; b < end; b++) {
        float *row = a->values + b * a->width;
        if (a->tanh)
            a->kernels->bias_tanh(a->width, a->bias, row);
        else
            a->kernels->add_scaled(a->width, 1.0f, a->bias, row);
    }
}

/* The input of layer l. */
static const float *input_of(const struct diffmm__denoiser_pass *pass, size_t l)
{
    return l == 1 ? pass->input : pass->hidden[l - 1];
}

static void forward_layer(struct diffmm__denoiser_pass *pass, size_t l, const float *parameters,
                          size_t rows)
{
    const struct diffmm__layer *layer = &pass->layers.layer[l];
    bool last = l == pass->layers.count - 1;
    float *output = last ? pass->output : pass->hidden[l];
    diffmm__gemm(pass->context, rows, layer->outputs, layer->inputs, 1.0f,
                 diffmm__plain(input_of(pass, l), layer->inputs),
                 diffmm__transposed(parameters + layer->weight, layer->inputs), 0.0f, output,
                 layer->outputs);
    struct activate a = {.kernels = diffmm__kernels(),
                         .width = layer->outputs,
                         .bias = parameters + layer->bias,
                         .values = output,
                         .tanh = !last};
    diffmm__parallel_ranges(pass->context, rows, 16, activate_range, &a);
}

void diffmm__denoiser_forward_head(struct diffmm__denoiser_pass *pass, const float *parameters,
                                   size_t rows, const int32_t *t)
{
    embed_time(pass, parameters, rows, t);
    for (size_t l = 1; l + 1 < pass->layers.count; l++)
        forward_layer(pass, l, parameters, rows);
}

void diffmm__denoiser_forward(struct diffmm__denoiser_pass *pass, const float *parameters,
                              size_t rows, const int32_t *t)
{
    size_t items = pass->layers.items;
    if (parameters) {
        diffmm__denoiser_forward_head(pass, parameters, rows, t);
        forward_layer(pass, pass->layers.count - 1, parameters, rows);
    } else if (!pass->linear) {
        memset(pass->output, 0, rows * items * sizeof *pass->output);
    }
    if (pass->linear)
        diffmm__gemm(pass->context, rows, items, items, 1.0f,
                     diffmm__plain(pass->input, pass->layers.layer[1].inputs),
                     diffmm__plain(pass->linear, items), parameters ? 1.0f : 0.0f, pass->output,
                     items);
}

struct column_sums {
    const struct diffmm__vector_kernels *kernels;
    size_t rows, width;
    const float *values;
    float *sums;
};

static void sum_columns_range(void *argument, size_t begin, size_t end)
{
    const struct column_sums *s = argument;
    memset(s->sums + begin, 0, (end - begin) * sizeof(float));
    for (size_t b = 0; b < s->rows; b++)
        s->kernels->add_scaled(end - begin, 1.0f, s->values + b * s->width + begin,
                               s->sums + begin);
}

struct weights {
    const struct diffmm__layer *layer;
    size_t rows;
    const float *grad_output, *input;
    const struct diffmm__gradient *gradient;
    struct diffmm__gradient_tiling tiling;
};

/* A tile of dW = dy^T x. */
static void weights_task(void *argument, size_t index, size_t worker)
{
    const struct weights *w = argument;
    struct diffmm__gradient_tile tile =
        diffmm__gradient_weights(w->gradient, &w->tiling, index, worker);
    struct diffmm__matrix grad_output =
        diffmm__transposed(w->grad_output + tile.row, w->layer->outputs);
    grad_output.room = diffmm__gradient_room(w->gradient, worker);
    diffmm__gemm_serial(tile.rows, tile.columns, w->rows, 1.0f, grad_output,
                        diffmm__plain(w->input + tile.column, w->layer->inputs), 0.0f, tile.out,
                        tile.stride);
    diffmm__gradient_made(w->gradient, &tile);
}

/* Parameter gradients of one layer, from the gradient of its output:
 *     dW = dy^T x,   db = sum dy. */
static void layer_gradients(const struct diffmm__denoiser_pass *pass,
                            const struct diffmm__layer *layer, size_t rows,
                            const float *grad_output, const float *input,
                            const struct diffmm__gradient *gradient)
{
    struct weights w = {.layer = layer,
                        .rows = rows,
                        .grad_output = grad_output,
                        .input = input,
                        .gradient = gradient,
                        .tiling = diffmm__gradient_cut(layer, false)};
    diffmm__parallel(pass->context, w.tiling.count, weights_task, &w);
    struct diffmm__gradient_tile bias = diffmm__gradient_bias(gradient, layer);
    struct column_sums s = {.kernels = diffmm__kernels(),
                            .rows = rows,
                            .width = layer->outputs,
                            .values = grad_output,
                            .sums = bias.out};
    diffmm__parallel_ranges(pass->context, layer->outputs, 256, sum_columns_range, &s);
    diffmm__gradient_made(gradient, &bias);
}

struct tanh_backward {
    const struct diffmm__vector_kernels *kernels;
    const float *activation;
    float *gradient;
};

static void tanh_backward_range(void *argument, size_t begin, size_t end)
{
    const struct tanh_backward *t = argument;
    t->kernels->tanh_backward(end - begin, t->activation + begin, t->gradient + begin);
}

/* dx = dy W: the gradient of `columns` columns of the layer's input, from column `first` on. */
static void input_gradient(const struct diffmm__denoiser_pass *pass,
                           const struct diffmm__layer *layer, const float *parameters, size_t rows,
                           const float *grad_output, size_t first, size_t columns, float *out)
{
    diffmm__gemm(pass->context, rows, columns, layer->outputs, 1.0f,
                 diffmm__plain(grad_output, layer->outputs),
                 diffmm__plain(parameters + layer->weight + first, layer->inputs), 0.0f, out,
                 columns);
}

void diffmm__denoiser_backward_head(struct diffmm__denoiser_pass *pass, const float *parameters,
                                    size_t rows, const struct diffmm__gradient *gradient)
{
    const struct diffmm__layers *layers = &pass->layers;
    const struct diffmm__layer *time = &layers->layer[0];
    float *grad = pass->gradient[0], *next = pass->gradient[1];
    for (size_t l = layers->count - 2; l >= 1; l--) {
        const struct diffmm__layer *layer = &layers->layer[l];
        struct tanh_backward t = {
            .kernels = diffmm__kernels(), .activation = pass->hidden[l], .gradient = grad};
        diffmm__parallel_ranges(pass->context, rows * layer->outputs, 16384, tanh_backward_range,
                                &t);
        /* The first encoder layer reads x, a constant, and the time layer's output. */
        if (l > 1)
            input_gradient(pass, layer, parameters, rows, grad, 0, layer->inputs, next);
        else
            input_gradient(pass, layer, parameters, rows, grad, layers->items, time->outputs,
                           pass->grad_time);
        layer_gradients(pass, layer, rows, grad, input_of(pass, l), gradient);
        float *swap = grad;
        grad = next;
        next = swap;
    }
    layer_gradients(pass, time, rows, pass->grad_time, pass->time, gradient);
}

void diffmm__denoiser_backward(struct diffmm__denoiser_pass *pass, const float *parameters,
                               size_t rows, const float *grad_x_hat,
                               const struct diffmm__gradient *gradient)
{
    size_t last = pass->layers.count - 1;
    const struct diffmm__layer *layer = &pass->layers.layer[last];
    input_gradient(pass, layer, parameters, rows, grad_x_hat, 0, layer->inputs, pass->gradient[0]);
    layer_gradients(pass, layer, rows, grad_x_hat, input_of(pass, last), gradient);
    diffmm__denoiser_backward_head(pass, parameters, rows, gradient);
}

double diffmm__denoiser_linear_flops(const struct diffmm__layers *layers, size_t rows)
{
    double items = (double)layers->items;
    return layers->linear ? 2.0 * (double)rows * items * items : 0.0;
}

double diffmm__denoiser_flops(const struct diffmm__layers *layers, size_t rows)
{
    double flops = diffmm__denoiser_linear_flops(layers, rows);
    if (layers->silent)
        return flops;
    for (size_t l = 0; l < layers->count; l++)
        flops +=
            2.0 * (double)rows * (double)layers->layer[l].inputs * (double)layers->layer[l].outputs;
    return flops;
}

double diffmm__denoiser_head_flops(const struct diffmm__layers *layers, size_t rows)
{
    double flops = 0.0;
    for (size_t l = 0; l + 1 < layers->count; l++)
        flops += (l == 1 ? 4.0 : 6.0) * (double)rows * (double)layers->layer[l].inputs *
                 (double)layers->layer[l].outputs;
    return flops;
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
    struct diffmm__denoiser_pass pass;
    diffmm_status status;
    if ((status = diffmm__layers_read(shape, &layers)) ||
        (status = check(parameters, rows, layers.items, x, t)))
        return status;
    if (!x_hat)
        return diffmm__null("x_hat");
    if (rows == 0)
        return DIFFMM_OK;
    struct diffmm__arena arena = diffmm__arena_on(context);
    diffmm__denoiser_pass_take(&arena, &layers, rows, DIFFMM__PASS_FORWARD, &pass);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        diffmm__denoiser_pass_read(&pass, rows, x, dropout_scale);
        diffmm__denoiser_forward(&pass, parameters, rows, t);
        memcpy(x_hat, pass.output, rows * layers.items * sizeof *x_hat);
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_denoiser_backward_with(diffmm_context *context,
                                            const diffmm_denoiser_backward_arguments *arguments)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!arguments)
        return diffmm__null("arguments");
    struct diffmm__layers layers;
    struct diffmm__denoiser_pass pass;
    diffmm_denoiser_backward_arguments a;
    diffmm_status status = diffmm__struct_read(&a, &diffmm__layout_denoiser_backward_arguments,
                                               arguments, "arguments");
    if (status || (status = diffmm__layers_read(a.shape, &layers)) ||
        (status = check(a.parameters, a.rows, layers.items, a.x, a.t)))
        return status;
    if (!a.grad_x_hat || !a.grad_parameters)
        return diffmm__null(!a.grad_x_hat ? "grad_x_hat" : "grad_parameters");
    if (a.rows == 0) {
        memset(a.grad_parameters, 0, layers.size * sizeof *a.grad_parameters);
        return DIFFMM_OK;
    }
    struct diffmm__arena arena = diffmm__arena_on(context);
    diffmm__denoiser_pass_take(&arena, &layers, a.rows, DIFFMM__PASS_TRAIN, &pass);
    status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    if (!status) {
        struct diffmm__gradient gradient = {.values = a.grad_parameters};
        diffmm__denoiser_pass_read(&pass, a.rows, a.x, a.dropout_scale);
        diffmm__denoiser_forward_head(&pass, a.parameters, a.rows, a.t);
        diffmm__denoiser_backward(&pass, a.parameters, a.rows, a.grad_x_hat, &gradient);
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_denoiser_backward(diffmm_context *context, const diffmm_denoiser_shape *shape,
                                       const float *parameters, size_t rows, const float *x,
                                       const int32_t *t, const float *dropout_scale,
                                       const float *grad_x_hat, float *grad_parameters)
{
    const diffmm_denoiser_backward_arguments arguments = {.struct_size = sizeof arguments,
                                                          .shape = shape,
                                                          .parameters = parameters,
                                                          .rows = rows,
                                                          .x = x,
                                                          .t = t,
                                                          .dropout_scale = dropout_scale,
                                                          .grad_x_hat = grad_x_hat,
                                                          .grad_parameters = grad_parameters};
    return diffmm_denoiser_backward_with(context, &arguments);
}
