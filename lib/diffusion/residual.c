/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/residual.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "linalg/gemm.h"

/* Residuals are made for this many users and items at a time, on the stack. */
enum { block_users = 32, block_items = 256 };

/* x_hat of some items for `users` of the listed users from `first` on: users x items. */
static void predict(const struct diffmm__gram_batch *g, size_t first, size_t users, size_t item,
                    size_t items, float *x_hat)
{
    const float *a = g->objective->residual_activations + first * g->h;
    diffmm__gemm_serial(users, items, g->h, 1.0f, diffmm__plain(a, g->h),
                        diffmm__transposed(g->weight + item * g->h, g->h), 0.0f, x_hat, items);
    for (size_t k = 0; k < users; k++)
        g->kernels->add_scaled(items, 1.0f, g->bias + item, x_hat + k * items);
}

/* Subtract row b of x0 from its part for `items` items from `item` on. */
static void subtract_row(const struct diffmm__gram_batch *g, size_t b, size_t item, size_t items,
                         float *residual)
{
    size_t row = diffmm__batch_row(g->x0, b);
    for (int64_t e = g->x0->pointers[row]; e < g->x0->pointers[row + 1]; e++) {
        size_t i = (size_t)g->x0->items[e];
        if (i >= item && i - item < items)
            residual[i - item] -= g->x0->values ? g->x0->values[e] : 1.0f;
    }
}

/* Losses and omega r W of block_users listed users, over all items. */
static void terms_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct diffmm__gram_batch *g = argument;
    struct diffmm__objective *o = g->objective;
    size_t total = g->layer->outputs, first = index * block_users;
    size_t users = o->residual_count - first;
    users = users < block_users ? users : block_users;
    float *gradients = o->residual_gradients + first * g->h;
    double squares[block_users] = {0};
    float residual[block_users * block_items];
    memset(gradients, 0, users * g->h * sizeof *gradients);
    for (size_t item = 0; item < total; item += block_items) {
        size_t items = total - item < block_items ? total - item : block_items;
        predict(g, first, users, item, items, residual);
        for (size_t k = 0; k < users; k++) {
            float *r = residual + k * items;
            size_t b = (size_t)o->residual_rows[first + k];
            subtract_row(g, b, item, items, r);
            squares[k] += g->kernels->dot(items, r, r);
            g->kernels->scale(items, o->residual_omega[b], r);
        }
        diffmm__gemm_serial(users, g->h, items, 1.0f, diffmm__plain(residual, items),
                            diffmm__plain(g->weight + item * g->h, g->h), 1.0f, gradients, g->h);
    }
    for (size_t k = 0; k < users; k++) {
        size_t b = (size_t)o->residual_rows[first + k];
        o->elbo[b] = g->elbo_weight[g->t[b]] / (double)total * squares[k];
        memcpy(o->pass.gradient[0] + b * g->h, gradients + k * g->h, g->h * sizeof *gradients);
    }
}

void diffmm__residual_terms(struct diffmm__gram_batch *g)
{
    struct diffmm__objective *o = g->objective;
    o->residual_count = 0;
    for (size_t b = 0; b < g->rows; b++) {
        bool listed = isnan(o->elbo[b]);
        o->residual_place[b] = listed ? (int32_t)o->residual_count : -1;
        if (!listed)
            continue;
        memcpy(o->residual_activations + o->residual_count * g->h, g->activations + b * g->h,
               g->h * sizeof(float));
        o->residual_rows[o->residual_count++] = (int32_t)b;
    }
    size_t blocks = (o->residual_count + block_users - 1) / block_users;
    if (blocks > 0)
        diffmm__parallel(o->context, blocks, terms_task, g);
}

/* omega r of some listed users and items, users x items, from the batch by items. */
static void weighted_residuals(const struct diffmm__gram_batch *g, size_t first, size_t users,
                               size_t item, size_t items, float *residual)
{
    const struct diffmm__objective *o = g->objective;
    predict(g, first, users, item, items, residual);
    for (size_t i = item; i < item + items; i++)
        for (int64_t e = o->item_pointers[i]; e < o->item_pointers[i + 1]; e++) {
            size_t place = (size_t)(o->residual_place[o->item_rows[e]] - (int32_t)first);
            if (place < users)
                residual[place * items + i - item] -= o->item_values[e];
        }
    for (size_t k = 0; k < users; k++)
        g->kernels->scale(items, o->residual_omega[o->residual_rows[first + k]],
                          residual + k * items);
}

void diffmm__residual_weights(const struct diffmm__gram_batch *g, size_t row, size_t rows,
                              float *out, size_t stride)
{
    const struct diffmm__objective *o = g->objective;
    float residual[block_users * block_items];
    for (size_t first = 0; first < o->residual_count; first += block_users) {
        size_t users = o->residual_count - first;
        users = users < block_users ? users : block_users;
        for (size_t item = row; item < row + rows; item += block_items) {
            size_t items = row + rows - item < block_items ? row + rows - item : block_items;
            weighted_residuals(g, first, users, item, items, residual);
            for (size_t k = 0; k < users; k++)
                g->kernels->add_scaled(items, 1.0f, residual + k * items, g->grad_bias + item);
            diffmm__gemm_serial(items, g->h, users, 1.0f, diffmm__transposed(residual, items),
                                diffmm__plain(o->residual_activations + first * g->h, g->h), 1.0f,
                                out + (item - row) * stride, stride);
        }
    }
}
