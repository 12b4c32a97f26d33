/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/fold_in_blend.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "base/streams.h"
#include "linalg/kernels.h"
#include "model/score_spread.h"
#include "serve/scratch.h"

/* A user's chain in one modality. */
struct chain {
    const struct diffmm__folded *folded;
    const struct diffmm__blend_state *state;
    size_t m;
    double user_weight; /* w_u */
    struct diffmm__denoiser_pass pass;
    float *product; /* the larger of d and rank floats */
};

static const float *item_columns(const struct diffmm__folded *folded, size_t m, int32_t item)
{
    const diffmm_scorer *scorer = folded->scorer;
    return diffmm__scorer_item(scorer, item) + scorer->d + m * scorer->fold_in->blend->layers.items;
}

/* w_i^2, or 1. */
static double item_weight(const struct diffmm__folded *folded, size_t m, int32_t item)
{
    const float *weights = folded->state->blend->modality[m].weights;
    return weights ? (double)weights[item] * (double)weights[item] : 1.0;
}

/* z += scale z0. */
static void add_coordinates(void *argument, size_t b, float scale, float *z)
{
    (void)b;
    const struct chain *c = argument;
    struct diffmm__folded walk = *c->folded;
    double weight = (double)scale * c->user_weight;
    for (struct diffmm__edge edge; diffmm__fold_in_next(&walk, &edge);)
        diffmm__kernels()->add_scaled(c->state->layers.items,
                                      (float)(weight * item_weight(c->folded, c->m, edge.item)),
                                      item_columns(c->folded, c->m, edge.item), z);
}

static void run(struct chain *c, float *z)
{
    const struct diffmm__blend_state *state = c->state;
    const struct diffmm__folded *folded = c->folded;
    const struct diffmm__blend_modality *modality = &state->modality[c->m];
    const struct diffmm__basis basis = {.rank = state->layers.items, .linear = modality->linear};
    const int32_t number =
        folded->user == DIFFMM_NEW_USER ? (int32_t)folded->scorer->catalog->users : folded->user;
    const struct diffmm__denoiser_batch one = {
        .rows = 1,
        .x0 = {.row_of = &number},
        .draws = {.seed = state->seed, .noise_stream = diffmm__stream_reverse_noise(c->m, 0)},
        .basis = &basis};
    diffmm__reverse_chain_run_from(&c->pass, state->schedule, modality->parameters,
                                   &state->sampling, &one, add_coordinates, c, z);
}

/* product = C h, and the deviation of h's scores. */
static double spread(const struct chain *c, size_t n, const float *covariance, const float *h)
{
    for (size_t r = 0; r < n; r++)
        c->product[r] = (float)diffmm__kernels()->dot(n, covariance + r * n, h);
    return diffmm__score_spread(n, h, c->product, diffmm__score_spread_trace(n, covariance));
}

/* pull = factor w_u signal A_{T-1} .. A_0 f, with A_i = c1_i M + c2_i I: the chain, from its end. */
static void pull_of(const struct chain *c, double factor, const float *f, float *pull)
{
    const struct diffmm__blend_state *state = c->state;
    const struct diffmm__blend_modality *modality = &state->modality[c->m];
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const diffmm_schedule *schedule = state->schedule;
    size_t rank = state->layers.items;
    if (modality->parameters || state->layers.normalize) {
        memset(pull, 0, rank * sizeof *pull);
        return;
    }
    memcpy(pull, f, rank * sizeof *pull);
    for (size_t i = 0; i < schedule->steps; i++) {
        double c1 = schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i],
               c2 = schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT][i];
        for (size_t r = 0; r < rank && modality->linear; r++)
            c->product[r] = (float)(c1 * kernels->dot(rank, modality->linear + r * rank, pull));
        kernels->scale(rank, (float)c2, pull);
        if (modality->linear)
            kernels->add_scaled(rank, 1.0f, c->product, pull);
    }
    size_t from = state->sampling.sampling_steps;
    double signal = from > 0 ? (double)diffmm__schedule_signal(schedule, from - 1) : 1.0;
    kernels->scale(rank, (float)(factor * c->user_weight * signal), pull);
}

static void fill(struct chain *c, float *row, const float *f, float *pull)
{
    const struct diffmm__blend_state *state = c->state;
    size_t d = state->d, rank = state->layers.items;
    double own = spread(c, d, state->covariance, row);
    for (c->m = 0; c->m < state->modality_count; c->m++) {
        const struct diffmm__blend_modality *modality = &state->modality[c->m];
        size_t column = c->m * rank;
        float *z = row + d + column;
        double offset = modality->weights ? (double)modality->weights[state->items] : 0.0;
        c->user_weight = modality->weights ? 1.0 / sqrt((double)c->folded->items + offset) : 1.0;
        run(c, z);
        float factor = diffmm__score_spread_factor(state->weight, state->modality_count, own,
                                                   spread(c, rank, modality->covariance, z));
        /* What is not finite counts nothing, as in training. */
        for (size_t j = 0; j < rank; j++)
            z[j] = factor == 0.0f ? 0.0f : factor * z[j];
        if (f)
            pull_of(c, (double)factor, f + d + column, pull + column);
    }
}

static bool has_layers(const struct diffmm__blend_state *state)
{
    bool any = false;
    for (size_t m = 0; m < state->modality_count; m++)
        any = any || state->modality[m].parameters;
    return any;
}

diffmm_status diffmm__fold_in_blend(const struct diffmm__folded *folded, float *row, const float *f,
                                    float *pull)
{
    const struct diffmm__blend_state *state = folded->state->blend;
    if (!state)
        return DIFFMM_OK;
    const diffmm_context *context = folded->scorer->context;
    size_t rank = state->layers.items, inputs = state->layers.layer[1].inputs;
    int32_t step;
    struct diffmm__scratch scratch;
    struct diffmm__arena arena = diffmm__arena_on(context);
    struct chain c = {.folded = folded, .state = state};
    float *room = diffmm__scratch_begin(&scratch, context,
                                        inputs + rank + (rank > state->d ? rank : state->d));
    if (has_layers(state))
        diffmm__denoiser_pass_take(&arena, &state->layers, 1, DIFFMM__PASS_FORWARD, &c.pass);
    else if (room) /* a pass without layers has only these arrays */
        c.pass = (struct diffmm__denoiser_pass){.context = context,
                                                .layers = state->layers,
                                                .rows = 1,
                                                .input = room,
                                                .output = room + inputs,
                                                .steps = &step};
    bool failed = !room || arena.failed;
    if (!failed) {
        c.product = room + inputs + rank;
        fill(&c, row, f, pull);
    }
    diffmm__arena_end(&arena);
    diffmm__scratch_end(&scratch, context);
    return failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

double diffmm__fold_in_blend_item(const struct diffmm__folded *folded, size_t m, int32_t item,
                                  const float *pull)
{
    size_t rank = folded->state->blend->layers.items;
    return item_weight(folded, m, item) *
           diffmm__kernels()->dot(rank, item_columns(folded, m, item), pull + m * rank);
}
