/* SPDX-License-Identifier: BSD-2-Clause */
/* The objective without x_hat. The last layer is x_hat = a W^T + b (a: B x h, W: I x h), and both
 * terms are quadratic in x_hat. With S = W^T W, c = W^T b and, for user k, omega_k = 2 w_t / (I B):
 *     ||x_hat - x0||^2 = a S a^T + 2 a c + b b - 2 sum_i x0_i (a W_i + b_i) + sum_i x0_i^2,
 *     U = a (W^T X) + b X - x0 E,   u = 2 e_loss / (d B) U  (each user's row of dL/dU).
 * Write [u, omega] for u with omega as a last column, and [X, b] likewise. Then dL/dx_hat, which is
 * omega (x_hat - x0) + u X^T, gives
 *     dL/da = omega (a S - sum_i x0_i W_i) + [u, omega] (W^T [X, b])^T,
 *     dL/dW = W Q + [X, b] ([u, omega]^T a) - (omega x0)^T a,   Q = a^T diag(omega) a,
 *     dL/db = W (sum omega a) + [X, b] sum [u, omega] - sum omega x0.
 * Sums over x0 are sparse; S and Q are symmetric. The three products of B x I x h become two of I x
 * h x h, one of them at half cost: cheaper where h < 2 B.
 *
 * The first formula is a difference of large numbers where x_hat is close to x0. A user for whom
 * that would lose the loss is left out of it (omega = 0) and computed from x_hat itself:
 * residual.h. */
#include "diffusion/gram.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "diffusion/residual.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

static const struct diffmm__layer *last_layer(const struct diffmm__objective *o)
{
    return &o->pass.layers.layer[o->pass.layers.count - 1];
}

static float *activations(const struct diffmm__objective *o)
{
    return o->pass.hidden[o->pass.layers.count - 2];
}

diffmm_status diffmm__gram_create(struct diffmm__objective *o, size_t entries)
{
    struct diffmm__arena *arena = &o->arena;
    size_t h = last_layer(o)->inputs, items = last_layer(o)->outputs, d1 = o->d + 1;
    size_t pieces = diffmm__gemm_chunks(items > o->rows ? items : o->rows), real = sizeof(float);
    o->features_bias = diffmm__arena_take(arena, items * d1, real);
    o->weights_gram = diffmm__arena_take(arena, h * h, real);
    o->weights_features_bias = diffmm__arena_take(arena, h * d1, real);
    o->bias_features = diffmm__arena_take(arena, d1, real);
    o->scaled = diffmm__arena_take(arena, o->rows * h, real);
    o->activations_gram = diffmm__arena_take(arena, h * h, real);
    o->injected_activations = diffmm__arena_take(arena, d1 * h, real);
    o->injected_sums = diffmm__arena_take(arena, d1, real);
    o->column_squares = diffmm__arena_take(arena, h, real);
    o->pieces = diffmm__arena_take(arena, pieces * h * h, real);
    o->item_pointers = diffmm__arena_take(arena, items + 1, sizeof *o->item_pointers);
    o->item_rows = diffmm__arena_take(arena, entries, sizeof *o->item_rows);
    o->item_values = diffmm__arena_take(arena, entries, sizeof *o->item_values);
    o->residual_rows = diffmm__arena_take(arena, o->rows, sizeof *o->residual_rows);
    o->residual_place = diffmm__arena_take(arena, o->rows, sizeof *o->residual_place);
    o->residual_omega = diffmm__arena_take(arena, o->rows, real);
    o->residual_activations = diffmm__arena_take(arena, o->rows * h, real);
    o->residual_gradients = diffmm__arena_take(arena, o->rows * h, real);
    return arena->failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

size_t diffmm__gram_bytes(const struct diffmm__objective *objective, size_t entries)
{
    struct diffmm__objective measured = *objective;
    measured.arena = diffmm__arena_measure();
    diffmm__gram_create(&measured, entries);
    return measured.arena.bytes;
}

/* [X, b], b X and b b. */
static void prepare_features(struct diffmm__gram_batch *g)
{
    struct diffmm__objective *o = g->objective;
    size_t items = g->layer->outputs, d = g->d;
    memset(o->bias_features, 0, (d + 1) * sizeof(float));
    for (size_t i = 0; i < items; i++) {
        float *row = o->features_bias + i * (d + 1);
        if (d > 0) {
            memcpy(row, g->msi->features + i * d, d * sizeof(float));
            g->kernels->add_scaled(d, g->bias[i], row, o->bias_features);
        }
        row[d] = g->bias[i];
    }
    g->bias_square = g->kernels->dot(items, g->bias, g->bias);
}

/* The batch by items: which rows hold item i. Rows stand in ascending order. */
static void group_by_items(struct diffmm__gram_batch *g)
{
    struct diffmm__objective *o = g->objective;
    const struct diffmm__batch_rows *x0 = g->x0;
    size_t items = g->layer->outputs;
    memset(o->item_pointers, 0, (items + 1) * sizeof *o->item_pointers);
    for (size_t b = 0; b < g->rows; b++) {
        size_t row = diffmm__batch_row(x0, b);
        for (int64_t e = x0->pointers[row]; e < x0->pointers[row + 1]; e++)
            o->item_pointers[x0->items[e] + 1]++;
    }
    for (size_t i = 0; i < items; i++)
        o->item_pointers[i + 1] += o->item_pointers[i];
    for (size_t b = 0; b < g->rows; b++) {
        size_t row = diffmm__batch_row(x0, b);
        for (int64_t e = x0->pointers[row]; e < x0->pointers[row + 1]; e++) {
            int64_t place = o->item_pointers[x0->items[e]]++;
            o->item_rows[place] = (int32_t)b;
            o->item_values[place] = x0->values ? x0->values[e] : 1.0f;
        }
    }
    memmove(o->item_pointers + 1, o->item_pointers, items * sizeof *o->item_pointers);
    o->item_pointers[0] = 0;
}

/* One user's ||x_hat - x0||^2, from a S in the row of dL/da and a c in the last column of
 * `injected`; NAN where rounding might have more than diffmm__gram_accuracy in it.
 *
 * The terms' rounding errors are about float's epsilon times
 *     sum_j a_j^2 S_jj + b b + sum_i x0_i^2,
 * and at most h times that, by the inequality of Cauchy and Schwarz: the cross terms of a S a^T,
 * and 2 a c, are bounded by the squares. A result that is not well above this is not trusted; nor
 * is an overflow. */
static double squares_of(const struct diffmm__gram_batch *g, size_t b)
{
    const struct diffmm__objective *o = g->objective;
    const float *a = activations(o) + b * g->h;
    double squares = g->kernels->dot(g->h, a, o->pass.gradient[0] + b * g->h) +
                     2.0 * (double)o->injected[b * (g->d + 1) + g->d] + g->bias_square;
    double terms = g->bias_square;
    for (size_t j = 0; j < g->h; j++)
        terms += (double)a[j] * (double)a[j] * (double)o->column_squares[j];
    size_t row = diffmm__batch_row(g->x0, b);
    for (int64_t e = g->x0->pointers[row]; e < g->x0->pointers[row + 1]; e++) {
        size_t item = (size_t)g->x0->items[e];
        double value = g->x0->values ? (double)g->x0->values[e] : 1.0;
        double x_hat = g->kernels->dot(g->h, a, g->weight + item * g->h) + (double)g->bias[item];
        squares += value * (value - 2.0 * x_hat);
        terms += value * value;
    }
    return isgreaterequal(squares, diffmm__gram_least * terms) && isfinite(terms) ? squares
                                                                                  : (double)NAN;
}

/* One user's U = a W^T X + b X - x0 E becomes u; returns the MSI term. */
static double msi_of(const struct diffmm__gram_batch *g, size_t b)
{
    float *u = g->objective->injected + b * (g->d + 1);
    g->kernels->add_scaled(g->d, 1.0f, g->objective->bias_features, u);
    diffmm__batch_row_gather(g->x0, b, -1.0f, g->d, g->msi->item_embedding, u);
    double term = g->kernels->dot(g->d, u, u) / (double)g->d;
    g->kernels->scale(g->d, (float)(2.0 * g->msi->weight / ((double)g->d * (double)g->rows)), u);
    return term;
}

static void terms_range(void *argument, size_t begin, size_t end)
{
    const struct diffmm__gram_batch *g = argument;
    struct diffmm__objective *o = g->objective;
    for (size_t b = begin; b < end; b++) {
        double weight = g->elbo_weight[g->t[b]] / (double)g->layer->outputs;
        float omega = (float)(2.0 * weight / (double)g->rows);
        float *gradient = o->pass.gradient[0] + b * g->h;
        double squares = squares_of(g, b);
        bool lost = isnan(squares);
        o->elbo[b] = weight * squares;
        o->residual_omega[b] = lost ? omega : 0.0f;
        omega = lost ? 0.0f : omega;
        if (g->d > 0)
            o->msi[b] = msi_of(g, b);
        o->injected[b * (g->d + 1) + g->d] = omega;
        if (lost) {
            memset(gradient, 0, g->h * sizeof *gradient);
        } else {
            diffmm__batch_row_gather(g->x0, b, -1.0f, g->h, g->weight, gradient);
            g->kernels->scale(g->h, omega, gradient);
        }
        float *scaled = o->scaled + b * g->h;
        memcpy(scaled, activations(o) + b * g->h, g->h * sizeof *scaled);
        g->kernels->scale(g->h, omega, scaled);
    }
}

/* dL/db of one item, and the sparse part of its row of dL/dW. */
static void item_gradients(const struct diffmm__gram_batch *g, size_t i, float *grad_row)
{
    const struct diffmm__objective *o = g->objective;
    size_t d1 = g->d + 1;
    const float *omega_a = o->injected_activations + g->d * g->h;
    double bias = g->kernels->dot(g->h, g->weight + i * g->h, omega_a) +
                  g->kernels->dot(d1, o->features_bias + i * d1, o->injected_sums);
    for (int64_t e = o->item_pointers[i]; e < o->item_pointers[i + 1]; e++) {
        size_t b = (size_t)o->item_rows[e];
        bias -= (double)o->item_values[e] * (double)o->injected[b * d1 + g->d];
        g->kernels->add_scaled(g->h, -o->item_values[e], o->scaled + b * g->h, grad_row);
    }
    g->grad_bias[i] = (float)bias;
}

/* Whole rows of dL/dW, and dL/db of these items. */
static void weight_tile(void *argument, size_t row, size_t rows, size_t column, size_t columns,
                        float *out, size_t stride)
{
    (void)column;
    const struct diffmm__gram_batch *g = argument;
    const struct diffmm__objective *o = g->objective;
    size_t h = g->h, d1 = g->d + 1;
    diffmm__gemm_serial(rows, columns, h, 1.0f, diffmm__plain(g->weight + row * h, h),
                        diffmm__plain(o->activations_gram, h), 0.0f, out, stride);
    diffmm__gemm_serial(rows, columns, d1, 1.0f, diffmm__plain(o->features_bias + row * d1, d1),
                        diffmm__plain(o->injected_activations, h), 1.0f, out, stride);
    for (size_t i = row; i < row + rows; i++)
        item_gradients(g, i, out + (i - row) * stride);
    diffmm__residual_weights(g, row, rows, out, stride);
}

static void last_layer_gradients(struct diffmm__gram_batch *g)
{
    struct diffmm__objective *o = g->objective;
    const diffmm_context *context = o->context;
    size_t h = g->h, d1 = g->d + 1;
    diffmm__gemm_symmetric(context, h, g->rows, o->scaled, activations(o), o->activations_gram,
                           o->pieces);
    diffmm__gemm(context, d1, h, g->rows, 1.0f, diffmm__transposed(o->injected, d1),
                 diffmm__plain(activations(o), h), 0.0f, o->injected_activations, h);
    memset(o->injected_sums, 0, d1 * sizeof(float));
    for (size_t b = 0; b < g->rows; b++)
        g->kernels->add_scaled(d1, 1.0f, o->injected + b * d1, o->injected_sums);
    group_by_items(g);
    g->grad_bias = diffmm__bias_gradient(g->layer, g->gradient);
    diffmm__weight_gradient(context, g->layer, true, weight_tile, g, g->gradient);
    diffmm__bias_gradient_made(g->layer, g->gradient);
}

void diffmm__objective_gram(struct diffmm__objective *o, const diffmm_schedule *schedule,
                            const float *parameters, size_t rows,
                            const struct diffmm__batch_rows *x0, const int32_t *t,
                            const struct diffmm__msi *msi, struct diffmm__gradient *gradient)
{
    const struct diffmm__layer *layer = last_layer(o);
    const diffmm_context *context = o->context;
    size_t h = layer->inputs, items = layer->outputs, d1 = o->d + 1;
    struct diffmm__gram_batch g = {.kernels = diffmm__kernels(),
                                   .objective = o,
                                   .layer = layer,
                                   .activations = activations(o),
                                   .weight = parameters + layer->weight,
                                   .bias = parameters + layer->bias,
                                   .gradient = gradient,
                                   .h = h,
                                   .d = o->d,
                                   .rows = rows,
                                   .elbo_weight = schedule->values[DIFFMM_SCHEDULE_ELBO_WEIGHT],
                                   .x0 = x0,
                                   .t = t,
                                   .msi = msi};
    float *grad_activations = o->pass.gradient[0];

    diffmm__denoiser_forward_head(&o->pass, parameters, rows, t);
    prepare_features(&g);
    diffmm__gemm_symmetric(context, h, items, g.weight, g.weight, o->weights_gram, o->pieces);
    for (size_t j = 0; j < h; j++)
        o->column_squares[j] = o->weights_gram[j * h + j];
    diffmm__gemm(context, h, d1, items, 1.0f, diffmm__transposed(g.weight, h),
                 diffmm__plain(o->features_bias, d1), 0.0f, o->weights_features_bias, d1);

    diffmm__gemm(context, rows, h, h, 1.0f, diffmm__plain(activations(o), h),
                 diffmm__plain(o->weights_gram, h), 0.0f, grad_activations, h);
    diffmm__gemm(context, rows, d1, h, 1.0f, diffmm__plain(activations(o), h),
                 diffmm__plain(o->weights_features_bias, d1), 0.0f, o->injected, d1);
    diffmm__parallel_ranges(context, rows, 16, terms_range, &g);
    diffmm__residual_terms(&g);
    if (!diffmm__objective_goes_back(o, rows, gradient))
        return;
    diffmm__gemm(context, rows, h, d1, 1.0f, diffmm__plain(o->injected, d1),
                 diffmm__transposed(o->weights_features_bias, d1), 1.0f, grad_activations, h);

    last_layer_gradients(&g);
    diffmm__denoiser_backward_head(&o->pass, parameters, rows, gradient);
}
