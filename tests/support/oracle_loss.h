/* SPDX-License-Identifier: BSD-2-Clause */
/* ELBO and MSI in double, and their gradients with respect to x_hat. */
#ifndef DIFFMM_TESTS_ORACLE_LOSS_H
#define DIFFMM_TESTS_ORACLE_LOSS_H

#include <stdlib.h>
#include <string.h>

#include "oracle_denoiser.h"

/* Per user w_t mean_i (x0 - x_hat)^2; gradients of their mean, times `scale`, are added. */
static inline double oracle_elbo(const struct oracle_schedule *schedule, size_t rows, size_t items,
                                 const float *x0, const double *x_hat, const int32_t *t,
                                 double scale, double *per_user, double *gradient)
{
    double mean = 0.0;
    for (size_t b = 0; b < rows; b++) {
        double weight = schedule->weight[t[b]] / (double)items;
        per_user[b] = 0.0;
        for (size_t i = b * items; i < (b + 1) * items; i++) {
            double residual = x_hat[i] - (double)x0[i];
            per_user[b] += weight * residual * residual;
            gradient[i] += scale * 2.0 * weight * residual / (double)rows;
        }
        mean += per_user[b] / (double)rows;
    }
    return mean;
}

/* Per user mean_j (x_hat X - x0 E)_j^2; gradients likewise. */
static inline double oracle_msi(size_t rows, size_t items, size_t d, const float *x0,
                                const double *x_hat, const float *features, const float *embedding,
                                double scale, double *per_user, double *gradient)
{
    double mean = 0.0;
    for (size_t b = 0; b < rows; b++) {
        per_user[b] = 0.0;
        for (size_t j = 0; j < d; j++) {
            double u = 0.0;
            for (size_t i = 0; i < items; i++)
                u += x_hat[b * items + i] * (double)features[i * d + j] -
                     (double)x0[b * items + i] * (double)embedding[i * d + j];
            per_user[b] += u * u / (double)d;
            for (size_t i = 0; i < items; i++)
                gradient[b * items + i] +=
                    scale * 2.0 * u * (double)features[i * d + j] / ((double)d * (double)rows);
        }
        mean += per_user[b] / (double)rows;
    }
    return mean;
}

/* A batch for the whole loss: users' items (some users without any), draws, features. */
struct loss_batch {
    size_t rows, items, d;
    double e_loss;
    float *x0, *noise, *dropout_scale, *features, *embedding;
    int32_t *t;
};

static inline void loss_batch_begin(struct loss_batch *batch, size_t rows, size_t items, size_t d,
                                    size_t steps, double e_loss, uint64_t seed)
{
    struct draws draws = {seed};
    size_t size = rows * items;
    *batch = (struct loss_batch){.rows = rows,
                                 .items = items,
                                 .d = d,
                                 .e_loss = e_loss,
                                 .x0 = malloc((3 * size + 2 * items * d) * sizeof(float)),
                                 .t = malloc(rows * sizeof(int32_t))};
    ck_assert(batch->x0 && batch->t);
    batch->noise = batch->x0 + size;
    batch->dropout_scale = batch->noise + size;
    batch->features = batch->dropout_scale + size;
    batch->embedding = batch->features + items * d;
    draw_mask(&draws, size, 0.7, 1.0f, batch->x0);
    if (rows > 1)
        memset(batch->x0 + items, 0, items * sizeof(float));
    draw_normals(&draws, size, 1.0, batch->noise);
    draw_mask(&draws, size, 0.5, 2.0f, batch->dropout_scale);
    draw_numbers(&draws, rows, steps, batch->t);
    draw_normals(&draws, 2 * items * d, 0.4, batch->features);
    batch->t[0] = 0;
    batch->t[rows - 1] = (int32_t)steps - 1;
}

static inline void loss_batch_end(struct loss_batch *batch)
{
    free(batch->x0);
    free(batch->t);
}

struct oracle_losses {
    double elbo, msi;
};

/* q_sample of one batch in double. */
static inline double *oracle_q_sample(const struct oracle_schedule *schedule,
                                      const struct loss_batch *batch)
{
    double *x = malloc(batch->rows * batch->items * sizeof *x);
    for (size_t b = 0; b < batch->rows; b++)
        for (size_t i = b * batch->items; i < (b + 1) * batch->items; i++) {
            double abar = schedule->abar[batch->t[b]];
            x[i] = sqrt(abar) * (double)batch->x0[i] + sqrt(1.0 - abar) * (double)batch->noise[i];
        }
    return x;
}

/* The means over the batch, and the gradient of every parameter of elbo + e_loss msi. */
static inline struct oracle_losses oracle_denoiser_loss(const struct denoiser *denoiser,
                                                        const struct oracle_schedule *schedule,
                                                        const struct loss_batch *batch,
                                                        const float *dropout_scale,
                                                        double *grad_parameters)
{
    size_t size = batch->rows * batch->items;
    double *x = oracle_q_sample(schedule, batch), *x_hat = malloc(size * sizeof *x_hat);
    double *gradient = calloc(size, sizeof *gradient);
    double *per_user = malloc(batch->rows * sizeof *per_user);
    struct oracle_losses losses = {0};
    oracle_denoiser(denoiser, batch->rows, x, batch->t, dropout_scale, x_hat);
    losses.elbo = oracle_elbo(schedule, batch->rows, batch->items, batch->x0, x_hat, batch->t, 1.0,
                              per_user, gradient);
    if (batch->d > 0)
        losses.msi =
            oracle_msi(batch->rows, batch->items, batch->d, batch->x0, x_hat, batch->features,
                       batch->embedding, batch->e_loss, per_user, gradient);
    oracle_denoiser_backward(denoiser, batch->rows, x, batch->t, dropout_scale, gradient,
                             grad_parameters);
    free(x);
    free(x_hat);
    free(gradient);
    free(per_user);
    return losses;
}

#endif
