/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/gram_residual.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "diffusion/elbo.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"

/* Residuals are computed for this many users and items at a time, on the stack. */
enum { block_users = 32, block_items = 256 };

void diffmm__gram_residual_take(struct diffmm__arena *arena, size_t rows, size_t h,
                                struct diffmm__gram_residual *out)
{
    *out = (struct diffmm__gram_residual){
        .rows = diffmm__arena_take(arena, rows, sizeof(int32_t)),
        .place = diffmm__arena_take(arena, rows, sizeof(int32_t)),
        .omega = diffmm__arena_take(arena, rows, sizeof(float)),
        .activations = diffmm__arena_take(arena, rows * h, sizeof(float)),
        .gradients = diffmm__arena_take(arena, rows * h, sizeof(float))};
}

static size_t block_from(size_t first, size_t count)
{
    return count - first < block_users ? count - first : block_users;
}

/* x_hat of some items for `users` of the listed users from `first` on: users x items. */
static void predict(const struct diffmm__gram_residual *r, const struct diffmm__last_layer *last,
                    size_t first, size_t users, size_t item, size_t items, float *x_hat)
{
    size_t h = last->h;
    diffmm__gemm_serial(users, items, h, 1.0f, diffmm__plain(r->activations + first * h, h),
                        diffmm__transposed(last->weight + item * h, h), 0.0f, x_hat, items);
    for (size_t k = 0; k < users; k++)
        diffmm__kernels()->add_scaled(items, 1.0f, last->bias + item, x_hat + k * items);
}

/* Subtract row b of x0 from its part for `items` items from `item` on. */
static void subtract_row(const struct diffmm__batch_rows *x0, size_t b, size_t item, size_t items,
                         float *residual)
{
    size_t row = diffmm__batch_rows_row(x0, b);
    for (int64_t e = x0->matrix.pointers[row]; e < x0->matrix.pointers[row + 1]; e++) {
        size_t i = (size_t)x0->matrix.indices[e];
        if (i >= item && i - item < items)
            residual[i - item] -= x0->matrix.values ? x0->matrix.values[e] : 1.0f;
    }
}

struct terms {
    const struct diffmm__gram_residual *residual;
    const struct diffmm__last_layer *last;
    struct diffmm__loss_run *run;
};

/* Losses and omega r W of block_users listed users, over all items. */
static void terms_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct terms *s = argument;
    const struct diffmm__gram_residual *r = s->residual;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const struct diffmm__denoiser_batch *batch = s->run->batch;
    size_t total = s->last->items, h = s->last->h;
    size_t first = index * block_users, users = block_from(first, r->count);
    float *gradients = r->gradients + first * h;
    double squares[block_users] = {0};
    float residual[block_users * block_items];
    memset(gradients, 0, users * h * sizeof *gradients);
    for (size_t item = 0; item < total; item += block_items) {
        size_t items = total - item < block_items ? total - item : block_items;
        predict(r, s->last, first, users, item, items, residual);
        for (size_t k = 0; k < users; k++) {
            float *row = residual + k * items;
            size_t b = (size_t)r->rows[first + k];
            subtract_row(&batch->x0, b, item, items, row);
            squares[k] += kernels->dot(items, row, row);
            kernels->scale(items, r->omega[b], row);
        }
        diffmm__gemm_serial(users, h, items, 1.0f, diffmm__plain(residual, items),
                            diffmm__plain(s->last->weight + item * h, h), 1.0f, gradients, h);
    }
    for (size_t k = 0; k < users; k++) {
        size_t b = (size_t)r->rows[first + k];
        s->run->elbo[b] = diffmm__elbo_weight(s->run->schedule, batch->t[b], total) * squares[k];
        memcpy(s->run->pass.gradient[0] + b * h, gradients + k * h, h * sizeof *gradients);
    }
}

void diffmm__gram_residual_terms(struct diffmm__gram_residual *r,
                                 const struct diffmm__last_layer *last,
                                 struct diffmm__loss_run *run)
{
    size_t h = last->h;
    r->count = 0;
    for (size_t b = 0; b < run->batch->rows; b++) {
        bool listed = isnan(run->elbo[b]);
        r->place[b] = listed ? (int32_t)r->count : -1;
        if (!listed)
            continue;
        memcpy(r->activations + r->count * h, last->activations + b * h, h * sizeof(float));
        r->rows[r->count++] = (int32_t)b;
    }
    struct terms s = {.residual = r, .last = last, .run = run};
    size_t blocks = (r->count + block_users - 1) / block_users;
    if (blocks > 0)
        diffmm__parallel(run->pass.context, blocks, terms_task, &s);
}

/* omega r of some listed users and items, users x items, from x0 by items. */
static void weighted_residuals(const struct diffmm__gram_residual *r,
                               const struct diffmm__last_layer *last,
                               const struct diffmm__csr *by_items, size_t first, size_t users,
                               size_t item, size_t items, float *residual)
{
    predict(r, last, first, users, item, items, residual);
    for (size_t i = item; i < item + items; i++)
        for (int64_t e = by_items->pointers[i]; e < by_items->pointers[i + 1]; e++) {
            size_t place = (size_t)(r->place[by_items->indices[e]] - (int32_t)first);
            if (place < users)
                residual[place * items + i - item] -= by_items->values[e];
        }
    for (size_t k = 0; k < users; k++)
        diffmm__kernels()->scale(items, r->omega[r->rows[first + k]], residual + k * items);
}

void diffmm__gram_residual_weights(const struct diffmm__gram_residual *r,
                                   const struct diffmm__last_layer *last,
                                   const struct diffmm__csr *by_items, size_t row, size_t rows,
                                   float *out, size_t stride, float *grad_bias)
{
    float residual[block_users * block_items];
    size_t h = last->h;
    for (size_t first = 0; first < r->count; first += block_users) {
        size_t users = block_from(first, r->count);
        for (size_t item = row; item < row + rows; item += block_items) {
            size_t items = row + rows - item < block_items ? row + rows - item : block_items;
            weighted_residuals(r, last, by_items, first, users, item, items, residual);
            for (size_t k = 0; k < users; k++)
                diffmm__kernels()->add_scaled(items, 1.0f, residual + k * items, grad_bias + item);
            diffmm__gemm_serial(items, h, users, 1.0f, diffmm__transposed(residual, items),
                                diffmm__plain(r->activations + first * h, h), 1.0f,
                                out + (item - row) * stride, stride);
        }
    }
}
