/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser x_hat(x, t), an autoencoder (paper, section 3.2): h = [x, time(t)]; every layer
 * affine, tanh after each but the time layer and the last. Backward beside forward. */
#include "diffusion/denoiser.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "base/status.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/normalize_rows.h"

static void lay_out(struct diffmm__pass *pass, enum diffmm__pass_kind kind)
{
    struct diffmm__arena *arena = &pass->arena;
    const struct diffmm__layers *layers = &pass->layers;
    size_t rows = pass->rows, last = layers->count - 1;
    pass->input = diffmm__arena_take(arena, rows * layers->layer[1].inputs, sizeof(float));
    pass->time = diffmm__arena_take(arena, rows * layers->time_size, sizeof(float));
    for (size_t l = 1; l < last; l++)
        pass->hidden[l] = diffmm__arena_take(arena, rows * layers->layer[l].outputs, sizeof(float));
    if (kind != DIFFMM__PASS_HEAD)
        pass->output = diffmm__arena_take(arena, rows * layers->items, sizeof(float));
    pass->steps = diffmm__arena_take(arena, rows, sizeof *pass->steps);
    for (size_t i = 0; i < 2 && kind != DIFFMM__PASS_FORWARD; i++)
        pass->gradient[i] = diffmm__arena_take(arena, rows * layers->widest, sizeof(float));
    if (kind != DIFFMM__PASS_FORWARD)
        pass->grad_time = diffmm__arena_take(arena, rows * layers->time_size, sizeof(float));
}

diffmm_status diffmm__pass_create(const diffmm_context *context,
                                  const struct diffmm__layers *layers, size_t rows,
                                  enum diffmm__pass_kind kind, struct diffmm__pass *out)
{
    *out = (struct diffmm__pass){
        .context = context, .arena = diffmm__arena_on(context), .layers = *layers, .rows = rows};
    lay_out(out, kind);
    if (out->arena.failed) {
        diffmm__pass_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    return DIFFMM_OK;
}

size_t diffmm__pass_bytes(const struct diffmm__layers *layers, size_t rows,
                          enum diffmm__pass_kind kind)
{
    struct diffmm__pass pass = {.arena = diffmm__arena_measure(), .layers = *layers, .rows = rows};
    lay_out(&pass, kind);
    return pass.arena.bytes;
}

void diffmm__pass_end(struct diffmm__pass *pass)
{
    diffmm__arena_end(&pass->arena);
}

void diffmm__pass_read(struct diffmm__pass *pass, size_t rows, const float *x,
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

/* cos(t f_j) for all j, then sin(t f_j), f_j = exp(-ln(10000) j / half), half = floor(size / 2). */
void diffmm__time_embedding(double t, size_t size, float *out)
{
    size_t half = size / 2;
    for (size_t j = 0; j < half; j++) {
        /* The frequency and the angle are rounded to float, as the authors' program does. */
        float frequency = (float)exp(-log(10000.0) * (double)j / (double)half);
        float angle = (float)t * frequency;
        out[j] = (float)cos((double)angle);
        out[half + j] = (float)sin((double)angle);
    }
    if (size % 2)
        out[size - 1] = 0.0f;
}

/* The time columns of the input: the time layer over the embedded steps. */
static void embed_time(struct diffmm__pass *pass, const float *parameters, size_t rows,
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

/* What layer l reads. */
static const float *input_of(const struct diffmm__pass *pass, size_t l)
{
    return l == 1 ? pass->input : pass->hidden[l - 1];
}

static void forward_layer(struct diffmm__pass *pass, size_t l, const float *parameters, size_t rows)
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

void diffmm__denoiser_forward_head(struct diffmm__pass *pass, const float *parameters, size_t rows,
                                   const int32_t *t)
{
    embed_time(pass, parameters, rows, t);
    for (size_t l = 1; l + 1 < pass->layers.count; l++)
        forward_layer(pass, l, parameters, rows);
}

void diffmm__denoiser_forward(struct diffmm__pass *pass, const float *parameters, size_t rows,
                              const int32_t *t)
{
    diffmm__denoiser_forward_head(pass, parameters, rows, t);
    forward_layer(pass, pass->layers.count - 1, parameters, rows);
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

struct layer_gradient {
    const struct diffmm__layer *layer;
    size_t rows;
    const float *grad_output, *input;
};

/* A tile of dW = dy^T x. */
static void weight_tile(void *argument, size_t row, size_t rows, size_t column, size_t columns,
                        float *out, size_t stride)
{
    const struct layer_gradient *g = argument;
    diffmm__gemm_serial(rows, columns, g->rows, 1.0f,
                        diffmm__transposed(g->grad_output + row, g->layer->outputs),
                        diffmm__plain(g->input + column, g->layer->inputs), 0.0f, out, stride);
}

/* Parameter gradients of one layer, from the gradient of its output: dW = dy^T x, db = sum dy. */
static void layer_gradients(const struct diffmm__pass *pass, const struct diffmm__layer *layer,
                            size_t rows, const float *grad_output, const float *input,
                            struct diffmm__gradient *gradient)
{
    struct layer_gradient g = {
        .layer = layer, .rows = rows, .grad_output = grad_output, .input = input};
    diffmm__weight_gradient(pass->context, layer, false, weight_tile, &g, gradient);
    struct column_sums s = {.kernels = diffmm__kernels(),
                            .rows = rows,
                            .width = layer->outputs,
                            .values = grad_output,
                            .sums = diffmm__bias_gradient(layer, gradient)};
    diffmm__parallel_ranges(pass->context, layer->outputs, 256, sum_columns_range, &s);
    diffmm__bias_gradient_made(layer, gradient);
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

/* dx = dy W: the gradient of what layer `layer` reads, from column `first` on, `columns` wide. */
static void input_gradient(const struct diffmm__pass *pass, const struct diffmm__layer *layer,
                           const float *parameters, size_t rows, const float *grad_output,
                           size_t first, size_t columns, float *out)
{
    diffmm__gemm(pass->context, rows, columns, layer->outputs, 1.0f,
                 diffmm__plain(grad_output, layer->outputs),
                 diffmm__plain(parameters + layer->weight + first, layer->inputs), 0.0f, out,
                 columns);
}

void diffmm__denoiser_backward_head(struct diffmm__pass *pass, const float *parameters, size_t rows,
                                    struct diffmm__gradient *gradient)
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

void diffmm__denoiser_backward(struct diffmm__pass *pass, const float *parameters, size_t rows,
                               const float *grad_x_hat, struct diffmm__gradient *gradient)
{
    size_t last = pass->layers.count - 1;
    const struct diffmm__layer *layer = &pass->layers.layer[last];
    input_gradient(pass, layer, parameters, rows, grad_x_hat, 0, layer->inputs, pass->gradient[0]);
    layer_gradients(pass, layer, rows, grad_x_hat, input_of(pass, last), gradient);
    diffmm__denoiser_backward_head(pass, parameters, rows, gradient);
}

double diffmm__denoiser_flops(const struct diffmm__layers *layers, size_t rows)
{
    double flops = 0.0;
    for (size_t l = 0; l < layers->count; l++)
        flops +=
            2.0 * (double)rows * (double)layers->layer[l].inputs * (double)layers->layer[l].outputs;
    return flops;
}
