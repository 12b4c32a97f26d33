/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/gram_loss.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "diffusion/elbo.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

void diffmm__gram_loss_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                            size_t rows, size_t d, size_t entries, struct diffmm__gram_loss *out)
{
    const struct diffmm__layer *last = &layers->layer[layers->count - 1];
    size_t h = last->inputs, items = last->outputs, d1 = d + 1, real = sizeof(float);
    size_t scratch = diffmm__gemm_symmetric_scratch(h, items > rows ? items : rows);
    *out =
        (struct diffmm__gram_loss){.features_bias = diffmm__arena_take(arena, items * d1, real),
                                   .weights_gram = diffmm__arena_take(arena, h * h, real),
                                   .column_squares = diffmm__arena_take(arena, h, real),
                                   .weights_features_bias = diffmm__arena_take(arena, h * d1, real),
                                   .bias_features = diffmm__arena_take(arena, d1, real),
                                   .injected = diffmm__arena_take(arena, rows * d1, real),
                                   .scaled = diffmm__arena_take(arena, rows * h, real),
                                   .activations_gram = diffmm__arena_take(arena, h * h, real),
                                   .injected_activations = diffmm__arena_take(arena, d1 * h, real),
                                   .injected_sums = diffmm__arena_take(arena, d1, real),
                                   .scratch = diffmm__arena_take(arena, scratch, real)};
    diffmm__csr_take(arena, items, rows, entries, true, &out->by_items);
    diffmm__gram_residual_take(arena, rows, h, &out->residual);
}

/* A symmetric product costs half. */
double diffmm__gram_loss_flops(const struct diffmm__layers *layers, size_t rows, size_t d)
{
    double b = (double)rows, items = (double)layers->items;
    double h = (double)layers->layer[layers->count - 1].inputs, d1 = (double)(d + 1);
    return diffmm__denoiser_head_flops(layers, rows) + items * h * h + b * h * h + /* S, Q */
           2.0 * b * h * h + 2.0 * items * h * h +                                 /* a S, W Q */
           4.0 * items * h * d1 + 6.0 * b * h * d1; /* the products with [X, b] */
}

static struct diffmm__last_layer last_layer(const struct diffmm__loss_run *run)
{
    const struct diffmm__layers *layers = &run->pass.layers;
    const struct diffmm__layer *last = &layers->layer[layers->count - 1];
    return (struct diffmm__last_layer){.items = last->outputs,
                                       .h = last->inputs,
                                       .weight = run->parameters + last->weight,
                                       .bias = run->parameters + last->bias,
                                       .activations = run->pass.hidden[layers->count - 2]};
}

/* [X, b], b X and b b. */
static void prepare_features(struct diffmm__gram_loss *g, const struct diffmm__last_layer *last,
                             const struct diffmm__msi *msi)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t d = msi->d;
    memset(g->bias_features, 0, (d + 1) * sizeof(float));
    for (size_t i = 0; i < last->items; i++) {
        float *row = g->features_bias + i * (d + 1);
        if (d > 0) {
            memcpy(row, msi->features + i * d, d * sizeof(float));
            kernels->add_scaled(d, last->bias[i], row, g->bias_features);
        }
        row[d] = last->bias[i];
    }
    g->bias_square = kernels->dot(last->items, last->bias, last->bias);
}

/* S, its diagonal, and W^T [X, b]. */
static void prepare_weights(struct diffmm__gram_loss *g, const struct diffmm__last_layer *last,
                            const diffmm_context *context, size_t d1)
{
    size_t h = last->h, items = last->items;
    diffmm__gemm_symmetric(context, h, items, last->weight, last->weight, g->weights_gram,
                           g->scratch);
    for (size_t j = 0; j < h; j++)
        g->column_squares[j] = g->weights_gram[j * h + j];
    diffmm__gemm(context, h, d1, items, 1.0f, diffmm__transposed(last->weight, h),
                 diffmm__plain(g->features_bias, d1), 0.0f, g->weights_features_bias, d1);
}

struct batch {
    struct diffmm__gram_loss *loss;
    struct diffmm__loss_run *run;
    struct diffmm__last_layer last;
};

/* One user's ||x_hat - x0||^2, from a S in the row of dL/da and a c in the last column of
 * `injected`; NAN where it is too small a share of its terms.
 *
 * The terms' rounding errors are about float's epsilon times
 *     sum_j a_j^2 S_jj + b b + sum_i x0_i^2,
 * and at most h times that, by the inequality of Cauchy and Schwarz: the cross terms of a S a^T,
 * and 2 a c, are bounded by the squares. A result that is not well above this bound is not trusted,
 * nor is an overflow. */
static double squares_of(const struct batch *s, size_t b)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const struct diffmm__gram_loss *g = s->loss;
    const struct diffmm__csr *x0 = &s->run->batch->x0.matrix;
    size_t h = s->last.h, d = s->run->batch->msi.d;
    const float *a = s->last.activations + b * h;
    double squares = kernels->dot(h, a, s->run->pass.gradient[0] + b * h) +
                     2.0 * (double)g->injected[b * (d + 1) + d] + g->bias_square;
    double terms = g->bias_square;
    for (size_t j = 0; j < h; j++)
        terms += (double)a[j] * (double)a[j] * (double)g->column_squares[j];
    size_t row = diffmm__batch_rows_row(&s->run->batch->x0, b);
    for (int64_t e = x0->pointers[row]; e < x0->pointers[row + 1]; e++) {
        size_t item = (size_t)x0->indices[e];
        double value = x0->values ? (double)x0->values[e] : 1.0;
        double x_hat = kernels->dot(h, a, s->last.weight + item * h) + (double)s->last.bias[item];
        squares += value * (value - 2.0 * x_hat);
        terms += value * value;
    }
    return isgreaterequal(squares, diffmm__gram_loss_least * terms) && isfinite(terms)
               ? squares
               : (double)NAN;
}

static void terms_range(void *argument, size_t begin, size_t end)
{
    const struct batch *s = argument;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const struct diffmm__denoiser_batch *batch = s->run->batch;
    struct diffmm__gram_loss *g = s->loss;
    size_t h = s->last.h, d = batch->msi.d;
    for (size_t b = begin; b < end; b++) {
        double weight = diffmm__elbo_weight(s->run->schedule, batch->t[b], s->last.items);
        float omega = diffmm__elbo_slope(weight, batch->rows);
        float *gradient = s->run->pass.gradient[0] + b * h;
        float *injected = g->injected + b * (d + 1);
        double squares = squares_of(s, b);
        bool lost = isnan(squares);
        s->run->elbo[b] = weight * squares;
        g->residual.omega[b] = lost ? omega : 0.0f;
        omega = lost ? 0.0f : omega;
        if (d > 0) {
            kernels->add_scaled(d, 1.0f, g->bias_features, injected);
            s->run->msi[b] = diffmm__msi_row(&batch->msi, &batch->x0, b, batch->rows, injected);
        }
        injected[d] = omega;
        if (lost) {
            memset(gradient, 0, h * sizeof *gradient);
        } else {
            diffmm__batch_rows_gather(&batch->x0, b, -1.0f, h, s->last.weight, gradient);
            kernels->scale(h, omega, gradient);
        }
        float *scaled = g->scaled + b * h;
        memcpy(scaled, s->last.activations + b * h, h * sizeof *scaled);
        kernels->scale(h, omega, scaled);
    }
}

void diffmm__gram_loss_terms(struct diffmm__gram_loss *g, struct diffmm__loss_run *run)
{
    const diffmm_context *context = run->pass.context;
    const struct diffmm__denoiser_batch *batch = run->batch;
    struct batch s = {.loss = g, .run = run, .last = last_layer(run)};
    size_t h = s.last.h, d1 = batch->msi.d + 1, rows = batch->rows;
    diffmm__denoiser_forward_head(&run->pass, run->parameters, rows, batch->t);
    prepare_features(g, &s.last, &batch->msi);
    prepare_weights(g, &s.last, context, d1);
    diffmm__gemm(context, rows, h, h, 1.0f, diffmm__plain(s.last.activations, h),
                 diffmm__plain(g->weights_gram, h), 0.0f, run->pass.gradient[0], h);
    diffmm__gemm(context, rows, d1, h, 1.0f, diffmm__plain(s.last.activations, h),
                 diffmm__plain(g->weights_features_bias, d1), 0.0f, g->injected, d1);
    diffmm__parallel_ranges(context, rows, 16, terms_range, &s);
    diffmm__gram_residual_terms(&g->residual, &s.last, run);
}

struct last_gradient {
    const struct diffmm__gram_loss *loss;
    struct diffmm__last_layer last;
    size_t d;
    const struct diffmm__gradient *gradient;
    struct diffmm__gradient_tiling tiling;
    float *grad_bias;
};

/* dL/db of one item, and the sparse part of its row of dL/dW. */
static void item_gradients(const struct last_gradient *s, size_t i, float *grad_row)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const struct diffmm__gram_loss *g = s->loss;
    size_t h = s->last.h, d = s->d;
    const float *omega_a = g->injected_activations + d * h;
    double bias = kernels->dot(h, s->last.weight + i * h, omega_a) +
                  kernels->dot(d + 1, g->features_bias + i * (d + 1), g->injected_sums);
    const struct diffmm__csr *x0 = &g->by_items;
    for (int64_t e = x0->pointers[i]; e < x0->pointers[i + 1]; e++) {
        size_t b = (size_t)x0->indices[e];
        bias -= (double)x0->values[e] * (double)g->injected[b * (d + 1) + d];
        kernels->add_scaled(h, -x0->values[e], g->scaled + b * h, grad_row);
    }
    s->grad_bias[i] = (float)bias;
}

/* Whole rows of dL/dW, and dL/db of these items. */
static void weights_task(void *argument, size_t index, size_t worker)
{
    const struct last_gradient *s = argument;
    const struct diffmm__gram_loss *g = s->loss;
    size_t h = s->last.h, d1 = s->d + 1;
    struct diffmm__gradient_tile tile =
        diffmm__gradient_weights(s->gradient, &s->tiling, index, worker);
    size_t row = tile.row, rows = tile.rows;
    diffmm__gemm_serial(rows, h, h, 1.0f, diffmm__plain(s->last.weight + row * h, h),
                        diffmm__plain(g->activations_gram, h), 0.0f, tile.out, tile.stride);
    diffmm__gemm_serial(rows, h, d1, 1.0f, diffmm__plain(g->features_bias + row * d1, d1),
                        diffmm__plain(g->injected_activations, h), 1.0f, tile.out, tile.stride);
    for (size_t i = 0; i < rows; i++)
        item_gradients(s, row + i, tile.out + i * tile.stride);
    diffmm__gram_residual_weights(&g->residual, &s->last, &g->by_items, row, rows, tile.out,
                                  tile.stride, s->grad_bias);
    diffmm__gradient_made(s->gradient, &tile);
}

static void last_layer_gradient(struct diffmm__gram_loss *g, const struct diffmm__loss_run *run,
                                const struct diffmm__gradient *gradient)
{
    const diffmm_context *context = run->pass.context;
    const struct diffmm__layers *layers = &run->pass.layers;
    const struct diffmm__layer *layer = &layers->layer[layers->count - 1];
    const struct diffmm__denoiser_batch *batch = run->batch;
    struct diffmm__last_layer last = last_layer(run);
    size_t h = last.h, d1 = batch->msi.d + 1;
    diffmm__gemm_symmetric(context, h, batch->rows, g->scaled, last.activations,
                           g->activations_gram, g->scratch);
    diffmm__gemm(context, d1, h, batch->rows, 1.0f, diffmm__transposed(g->injected, d1),
                 diffmm__plain(last.activations, h), 0.0f, g->injected_activations, h);
    memset(g->injected_sums, 0, d1 * sizeof(float));
    for (size_t b = 0; b < batch->rows; b++)
        diffmm__kernels()->add_scaled(d1, 1.0f, g->injected + b * d1, g->injected_sums);
    diffmm__csr_transpose(context, &batch->x0.matrix, batch->rows, batch->x0.row_of, &g->by_items);
    struct diffmm__gradient_tile bias = diffmm__gradient_bias(gradient, layer);
    struct last_gradient s = {.loss = g,
                              .last = last,
                              .d = batch->msi.d,
                              .gradient = gradient,
                              .tiling = diffmm__gradient_cut(layer, true),
                              .grad_bias = bias.out};
    diffmm__parallel(context, s.tiling.count, weights_task, &s);
    diffmm__gradient_made(gradient, &bias);
}

void diffmm__gram_loss_gradient(struct diffmm__gram_loss *g, struct diffmm__loss_run *run,
                                const struct diffmm__gradient *gradient)
{
    size_t rows = run->batch->rows, d1 = run->batch->msi.d + 1, h = last_layer(run).h;
    diffmm__gemm(run->pass.context, rows, h, d1, 1.0f, diffmm__plain(g->injected, d1),
                 diffmm__transposed(g->weights_features_bias, d1), 1.0f, run->pass.gradient[0], h);
    last_layer_gradient(g, run, gradient);
    diffmm__denoiser_backward_head(&run->pass, run->parameters, rows, gradient);
}
