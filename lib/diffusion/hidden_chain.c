/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/hidden_chain.h"

#include <string.h>

#include "base/pool.h"
#include "diffusion/time_embedding.h"
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
    return diffmm__hidden_chain_prepare_flops(layers) + 2.0 * u * h * h * (double)(steps - 1) +
           2.0 * u * items * h;
}

double diffmm__hidden_chain_prepare_flops(const struct diffmm__layers *layers)
{
    double h = (double)layers->widest;
    return 2.0 * h * h * (double)layers->items;
}

void diffmm__hidden_chain_take_rows(struct diffmm__arena *arena,
                                    const struct diffmm__layers *layers, size_t rows,
                                    struct diffmm__hidden_chain *out)
{
    size_t h = layers->widest, real = sizeof(float);
    *out = (struct diffmm__hidden_chain){.context = arena->context, .layers = *layers, .hidden = h};
    out->p = diffmm__arena_take(arena, rows * h, real);
    out->a = diffmm__arena_take(arena, rows * h, real);
    out->sum = diffmm__arena_take(arena, rows * h, real);
}

void diffmm__hidden_chain_share(struct diffmm__hidden_chain *chain,
                                const struct diffmm__hidden_chain *prepared)
{
    struct diffmm__hidden_chain own = *chain;
    *chain = *prepared;
    chain->p = own.p;
    chain->a = own.a;
    chain->sum = own.sum;
}

void diffmm__hidden_chain_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                               size_t steps, size_t rows, struct diffmm__hidden_chain *out)
{
    size_t h = layers->widest, real = sizeof(float);
    diffmm__hidden_chain_take_rows(arena, layers, rows, out);
    out->columns = diffmm__arena_take(arena, layers->items * h, real);
    out->g = diffmm__arena_take(arena, h * h, real);
    out->drift = diffmm__arena_take(arena, h, real);
    out->q = diffmm__arena_take(arena, steps * h, real);
    out->factors = diffmm__arena_take(arena, steps, real);
    out->time = diffmm__arena_take(arena, 2 * layers->time_size, real);
}

/* q_i = (W_in over the time columns) (W_time embed(i) + b_time) + b_in. */
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

void diffmm__hidden_chain_prepare(struct diffmm__hidden_chain *chain,
                                  const diffmm_schedule *schedule, const float *parameters)
{
    chain->schedule = schedule;
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
        diffmm__batch_rows_gather(r->x0, b, 1.0f, h, r->chain->columns, p);
    }
}

/* a_i and what it adds to the sum; p becomes what c1 G a_i is then added to. */
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
