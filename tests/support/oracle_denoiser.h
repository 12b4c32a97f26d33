/* SPDX-License-Identifier: BSD-2-Clause */
/* The denoiser in double, one user and one unit at a time. */
#ifndef DIFFMM_TESTS_ORACLE_DENOISER_H
#define DIFFMM_TESTS_ORACLE_DENOISER_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draws.h"
#include "oracle_schedule.h"

enum { ORACLE_MOST_HIDDEN = 4, ORACLE_MOST_LAYERS = 2 * ORACLE_MOST_HIDDEN };

/* A shape with its hidden sizes, and parameters: floats and the same as doubles. */
struct denoiser {
    diffmm_denoiser_shape shape;
    size_t hidden[ORACLE_MOST_HIDDEN], size;
    float *parameters;
    double *exact;
};

/* Random parameters, of about unit gain so that tanh bends; to be ended by denoiser_end(). */
static inline void denoiser_begin(struct denoiser *denoiser, size_t items, size_t time_size,
                                  size_t hidden_count, const size_t *hidden, int32_t normalize,
                                  uint64_t seed)
{
    struct draws draws = {seed};
    *denoiser = (struct denoiser){.shape = {.items = items,
                                            .time_size = time_size,
                                            .hidden_count = hidden_count,
                                            .hidden_sizes = denoiser->hidden,
                                            .normalize = normalize}};
    memcpy(denoiser->hidden, hidden, hidden_count * sizeof *hidden);
    denoiser->size = diffmm_denoiser_size(&denoiser->shape);
    ck_assert_uint_gt(denoiser->size, 0);
    denoiser->parameters = malloc(denoiser->size * sizeof(float));
    denoiser->exact = malloc(denoiser->size * sizeof(double));
    for (size_t p = 0; p < 2 + 4 * hidden_count; p++) {
        char name[64];
        size_t rows, columns, offset;
        expect_success(
            diffmm_denoiser_parameter(&denoiser->shape, p, name, &rows, &columns, &offset));
        draw_normals(&draws, rows * columns, p % 2 ? 0.3 : 1.2 / sqrt((double)columns),
                     denoiser->parameters + offset);
    }
    for (size_t i = 0; i < denoiser->size; i++)
        denoiser->exact[i] = (double)denoiser->parameters[i];
}

static inline void denoiser_end(struct denoiser *denoiser)
{
    free(denoiser->parameters);
    free(denoiser->exact);
}

/* One affine layer of a walk through the parameters in order: where it stands and its sizes. */
struct oracle_layer {
    size_t inputs, outputs, weight, bias;
};

/* Layers 1 .. 2 hidden_count after the time layer; returns how many. */
static inline size_t oracle_layers(const diffmm_denoiser_shape *shape,
                                   struct oracle_layer layers[ORACLE_MOST_LAYERS])
{
    size_t e = shape->time_size, k = shape->hidden_count, inputs = shape->items + e;
    size_t place = e * e + e;
    for (size_t l = 0; l < 2 * k; l++) {
        size_t outputs = l < k            ? shape->hidden_sizes[k - 1 - l]
                         : l + 1 == 2 * k ? shape->items
                                          : shape->hidden_sizes[l + 1 - k];
        layers[l] = (struct oracle_layer){inputs, outputs, place, place + inputs * outputs};
        place += (inputs + 1) * outputs;
        inputs = outputs;
    }
    return 2 * k;
}

static inline void oracle_affine(const double *parameters, const struct oracle_layer *layer,
                                 const double *x, double *y)
{
    for (size_t r = 0; r < layer->outputs; r++) {
        y[r] = parameters[layer->bias + r];
        for (size_t c = 0; c < layer->inputs; c++)
            y[r] += parameters[layer->weight + r * layer->inputs + c] * x[c];
    }
}

static inline void oracle_time_embedding(double t, size_t e, double *out)
{
    size_t half = e / 2;
    for (size_t j = 0; j < half; j++) {
        double angle = t / pow(10000.0, (double)j / (double)half);
        out[j] = cos(angle);
        out[half + j] = sin(angle);
    }
    if (e % 2)
        out[e - 1] = 0.0;
}

/* One user's values through the layers: value[0] is [x, time], value[l] what layer l makes of
 * value[l - 1]. */
struct oracle_walk {
    struct oracle_layer layers[ORACLE_MOST_LAYERS];
    size_t count;
    double *embedded, *value[ORACLE_MOST_LAYERS + 1];
};

static inline void oracle_forward(const diffmm_denoiser_shape *shape, const double *parameters,
                                  const double *x, double t, const float *dropout_scale,
                                  struct oracle_walk *walk)
{
    size_t items = shape->items, e = shape->time_size;
    struct oracle_layer time = {e, e, 0, e * e};
    walk->count = oracle_layers(shape, walk->layers);
    walk->embedded = malloc(e * sizeof(double));
    walk->value[0] = malloc((items + e) * sizeof(double));
    oracle_time_embedding(t, e, walk->embedded);
    oracle_affine(parameters, &time, walk->embedded, walk->value[0] + items);
    double square = 0.0;
    for (size_t i = 0; i < items; i++)
        square += x[i] * x[i];
    for (size_t i = 0; i < items; i++)
        walk->value[0][i] = (shape->normalize ? x[i] / fmax(sqrt(square), 1e-12) : x[i]) *
                            (dropout_scale ? (double)dropout_scale[i] : 1.0);
    for (size_t l = 0; l < walk->count; l++) {
        walk->value[l + 1] = malloc(walk->layers[l].outputs * sizeof(double));
        oracle_affine(parameters, &walk->layers[l], walk->value[l], walk->value[l + 1]);
        for (size_t r = 0; r < walk->layers[l].outputs && l + 1 < walk->count; r++)
            walk->value[l + 1][r] = tanh(walk->value[l + 1][r]);
    }
}

static inline void oracle_walk_end(struct oracle_walk *walk)
{
    free(walk->embedded);
    for (size_t l = 0; l <= walk->count; l++)
        free(walk->value[l]);
}

/* x_hat, rows x items. dropout_scale may be NULL. */
static inline void oracle_denoiser(const struct denoiser *denoiser, size_t rows, const double *x,
                                   const int32_t *t, const float *dropout_scale, double *x_hat)
{
    size_t items = denoiser->shape.items;
    for (size_t b = 0; b < rows; b++) {
        struct oracle_walk walk;
        oracle_forward(&denoiser->shape, denoiser->exact, x + b * items, (double)t[b],
                       dropout_scale ? dropout_scale + b * items : NULL, &walk);
        memcpy(x_hat + b * items, walk.value[walk.count], items * sizeof(double));
        oracle_walk_end(&walk);
    }
}

/* Back through one affine layer: parameter gradients are added, that of its input is returned, to
 * be freed. */
static inline double *oracle_affine_backward(const double *parameters,
                                             const struct oracle_layer *layer, const double *x,
                                             const double *grad_y, double *grad_parameters)
{
    double *grad_x = calloc(layer->inputs, sizeof(double));
    for (size_t r = 0; r < layer->outputs; r++) {
        grad_parameters[layer->bias + r] += grad_y[r];
        for (size_t c = 0; c < layer->inputs; c++) {
            size_t place = layer->weight + r * layer->inputs + c;
            grad_parameters[place] += grad_y[r] * x[c];
            grad_x[c] += grad_y[r] * parameters[place];
        }
    }
    return grad_x;
}

/* The gradient of every parameter, overwritten, from that of x_hat. */
static inline void oracle_denoiser_backward(const struct denoiser *denoiser, size_t rows,
                                            const double *x, const int32_t *t,
                                            const float *dropout_scale, const double *grad_x_hat,
                                            double *grad_parameters)
{
    size_t items = denoiser->shape.items, e = denoiser->shape.time_size;
    const struct oracle_layer time = {e, e, 0, e * e};
    memset(grad_parameters, 0, denoiser->size * sizeof(double));
    for (size_t b = 0; b < rows; b++) {
        struct oracle_walk walk;
        oracle_forward(&denoiser->shape, denoiser->exact, x + b * items, (double)t[b],
                       dropout_scale ? dropout_scale + b * items : NULL, &walk);
        double *gradient = malloc(items * sizeof(double));
        memcpy(gradient, grad_x_hat + b * items, items * sizeof(double));
        for (size_t l = walk.count; l-- > 0;) {
            for (size_t r = 0; r < walk.layers[l].outputs && l + 1 < walk.count; r++)
                gradient[r] *= 1.0 - walk.value[l + 1][r] * walk.value[l + 1][r];
            double *next = oracle_affine_backward(denoiser->exact, &walk.layers[l], walk.value[l],
                                                  gradient, grad_parameters);
            free(gradient);
            gradient = next;
        }
        free(oracle_affine_backward(denoiser->exact, &time, walk.embedded, gradient + items,
                                    grad_parameters));
        free(gradient);
        oracle_walk_end(&walk);
    }
}

/* The reverse chain of one user: x, `items` long, from where it starts to where it ends. `noise`
 * has block i for the i-th step taken, T - 1 first, `stride` apart; NULL: none. */
static inline void oracle_chain(const struct denoiser *denoiser,
                                const struct oracle_schedule *schedule, const float *noise,
                                size_t stride, double *x)
{
    size_t items = denoiser->shape.items;
    double *x_hat = malloc(items * sizeof(double));
    for (size_t taken = 0; taken < schedule->steps; taken++) {
        size_t i = schedule->steps - 1 - taken;
        int32_t t = (int32_t)i;
        oracle_denoiser(denoiser, 1, x, &t, NULL, x_hat);
        for (size_t j = 0; j < items; j++) {
            x[j] = schedule->c1[i] * x_hat[j] + schedule->c2[i] * x[j];
            if (noise && i > 0)
                x[j] += sqrt(schedule->variance[i]) * (double)noise[taken * stride + j];
        }
    }
    free(x_hat);
}

#endif
