/* SPDX-License-Identifier: BSD-2-Clause */
/* The reverse chain without its wide products. With one affine layer in (W_in over the items, q_i
 * what step i's time embedding and the bias add) and one out (W_out, b_out), carry p = W_in x: a_i
 * = tanh(p + q_i),   p <- c1_i (G a_i + W_in b_out) + c2_i p,   G = W_in W_out, and since x <- c1_i
 * (W_out a_i + b_out) + c2_i x is linear in what was added, x = (prod c2) x0 + W_out (sum_i g_i
 * a_i) + (sum_i g_i) b_out,   g_i = c1_i prod_{j<i} c2_j. Per user 2 h^2 (T - 1) + 2 I h FLOPs in
 * place of 4 I h T. */
#include "diffusion/hidden_chain.h"

#include <string.h>

#include "base/pool.h"
#include "linalg/gemm.h"
#include "linalg/kernels.h"
#include "linalg/transpose.h"

bool diffmm__hidden_chain_possible(const struct diffmm__layers *layers,
                                   const struct diffmm__sampling *sampling)
{
    return layers->hidden_count == 1 && !layers->normalize && sampling->sampling_steps == 0 &&
           !sampling->sampling_noise;
}

double diffmm__hidden_chain_flops(const struct diffmm__layers *layers, size_t steps, size_t users)
{
    double h = (double)layers->widest, items = (double)layers->items, u = (double)users;
    return 2.0 * h * h * items + 2.0 * u * h * h * (double)(steps - 1) + 2.0 * u * items * h;
}

static void lay_out(struct diffmm__hidden_chain *chain, size_t steps, size_t rows)
{
    struct diffmm__arena *arena = &chain->arena;
    size_t h = chain->hidden;
    chain->columns = diffmm__arena_take(arena, chain->layers.items * h, sizeof(float));
    chain->g = diffmm__arena_take(arena, h * h, sizeof(float));
    chain->drift = diffmm__arena_take(arena, h, sizeof(float));
    chain->q = diffmm__arena_take(arena, steps * h, sizeof(float));
    chain->factors = diffmm__arena_take(arena, steps, sizeof(float));
    chain->time = diffmm__arena_take(arena, 2 * chain->layers.time_size, sizeof(float));
    chain->p = diffmm__arena_take(arena, rows * h, sizeof(float));
    chain->a = diffmm__arena_take(arena, rows * h, sizeof(float));
    chain->sum = diffmm__arena_take(arena, rows * h, sizeof(float));
}

diffmm_status diffmm__hidden_chain_create(const diffmm_context *context,
                                          const struct diffmm__layers *layers,
                                          const diffmm_schedule *schedule, size_t rows,
                                          struct diffmm__hidden_chain *out)
{
    *out = (struct diffmm__hidden_chain){.context = context,
                                         .arena = diffmm__arena_on(context),
                                         .layers = *layers,
                                         .schedule = schedule,
                                         .hidden = layers->widest};
    lay_out(out, schedule->steps, rows);
    if (out->arena.failed) {
        diffmm__hidden_chain_end(out);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    return DIFFMM_OK;
}

size_t diffmm__hidden_chain_bytes(const struct diffmm__layers *layers, size_t steps, size_t rows)
{
    struct diffmm__hidden_chain chain = {
        .arena = diffmm__arena_measure(), .layers = *layers, .hidden = layers->widest};
    lay_out(&chain, steps, rows);
    return chain.arena.bytes;
}

void diffmm__hidden_chain_end(struct diffmm__hidden_chain *chain)
{
    diffmm__arena_end(&chain->arena);
}

/* q_i = W_in over the time columns times (W_time embed(i) + b_time), + b_in. */
static void prepare_steps(struct diffmm__hidden_chain *chain, const float *parameters)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const struct diffmm__layer *time = &chain->layers.layer[0], *in = &chain->layers.layer[1];
    size_t e = time->outputs, items = chain->layers.items;
    float *embedded = chain->time, *mapped = chain->time + e;
    for (size_t i = 0; i < chain->schedule->steps; i++) {
        diffmm__time_embedding((double)i, e, embedded);
        for (size_t j = 0; j < e; j++)
            mapped[j] = (float)kernels->dot(e, parameters + time->weight + j * e, embedded) +
                        parameters[time->bias + j];
        for (size_t r = 0; r < chain->hidden; r++)
            chain->q[i * chain->hidden + r] =
                (float)kernels->dot(e, parameters + in->weight + r * in->inputs + items, mapped) +
                parameters[in->bias + r];
    }
}

void diffmm__hidden_chain_prepare(struct diffmm__hidden_chain *chain, const float *parameters)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const struct diffmm__layer *in = &chain->layers.layer[1], *out = &chain->layers.layer[2];
    size_t h = chain->hidden, items = chain->layers.items;
    const float *w_in = parameters + in->weight, *w_out = parameters + out->weight;
    diffmm__transpose(chain->context, h, items, w_in, in->inputs, chain->columns, h);
    diffmm__gemm(chain->context, h, h, items, 1.0f, diffmm__plain(w_in, in->inputs),
                 diffmm__plain(w_out, h), 0.0f, chain->g, h);
    for (size_t r = 0; r < h; r++)
        chain->drift[r] = (float)kernels->dot(items, w_in + r * in->inputs, parameters + out->bias);
    prepare_steps(chain, parameters);

    const double *c1 = chain->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0];
    const double *c2 = chain->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT];
    double product = 1.0, sum = 0.0;
    for (size_t i = 0; i < chain->schedule->steps; i++) {
        chain->factors[i] = (float)(c1[i] * product);
        sum += c1[i] * product;
        product *= c2[i];
    }
    chain->x0_factor = (float)product;
    chain->bias_factor = (float)sum;
}

struct run {
    const struct diffmm__vector_kernels *kernels;
    struct diffmm__hidden_chain *chain;
    const struct diffmm__batch_rows *x0;
    size_t step;
};

/* p = W_in x0: a sum of columns of W_in. */
static void start_range(void *argument, size_t begin, size_t end)
{
    const struct run *r = argument;
    size_t h = r->chain->hidden;
    for (size_t b = begin; b < end; b++) {
        float *p = r->chain->p + b * h;
        memset(p, 0, h * sizeof *p);
        memset(r->chain->sum + b * h, 0, h * sizeof *p);
        diffmm__batch_row_gather(r->x0, b, 1.0f, h, r->chain->columns, p);
    }
}

/* a_i and its share of the sum; p is prepared for adding c1 G a_i. */
static void step_range(void *argument, size_t begin, size_t end)
{
    const struct run *r = argument;
    struct diffmm__hidden_chain *chain = r->chain;
    size_t h = chain->hidden, i = r->step;
    float c1 = (float)chain->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i];
    float c2 = (float)chain->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT][i];
    for (size_t b = begin; b < end; b++) {
        float *p = chain->p + b * h, *a = chain->a + b * h;
        memcpy(a, p, h * sizeof *a);
        r->kernels->bias_tanh(h, chain->q + i * h, a);
        if (chain->factors[i] != 0.0f)
            r->kernels->add_scaled(h, chain->factors[i], a, chain->sum + b * h);
        if (i > 0) {
            r->kernels->scale(h, c2, p);
            r->kernels->add_scaled(h, c1, chain->drift, p);
        }
    }
}

void diffmm__hidden_chain_run(struct diffmm__hidden_chain *chain, size_t rows,
                              const struct diffmm__batch_rows *x0)
{
    struct run r = {.kernels = diffmm__kernels(), .chain = chain, .x0 = x0};
    size_t h = chain->hidden;
    diffmm__parallel_ranges(chain->context, rows, 16, start_range, &r);
    for (size_t i = chain->schedule->steps; i-- > 0;) {
        r.step = i;
        diffmm__parallel_ranges(chain->context, rows, 16, step_range, &r);
        if (i > 0) {
            float c1 = (float)chain->schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i];
            diffmm__gemm(chain->context, rows, h, h, c1, diffmm__plain(chain->a, h),
                         diffmm__transposed(chain->g, h), 1.0f, chain->p, h);
        }
    }
}
