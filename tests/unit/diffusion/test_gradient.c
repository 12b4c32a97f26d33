/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps taken tile by tile have the bits of a step on the whole gradient. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/pool.h"
#include "diffusion/gradient.h"
#include "optim/adam.h"
#include "support/failure.h"

/* Stands for a gradient: element (r, c) of the matrix is r + c / 4096. */
struct made {
    const struct diffmm__gradient *gradient;
    struct diffmm__gradient_tiling tiling;
    bool whole_rows;
};

static void make_task(void *argument, size_t index, size_t worker)
{
    const struct made *m = argument;
    struct diffmm__gradient_tile tile =
        diffmm__gradient_weights(m->gradient, &m->tiling, index, worker);
    if (m->whole_rows && (tile.column != 0 || tile.columns != m->tiling.layer->inputs))
        abort();
    for (size_t r = 0; r < tile.rows; r++)
        for (size_t c = 0; c < tile.columns; c++)
            tile.out[r * tile.stride + c] =
                (float)(tile.row + r) + (float)(tile.column + c) / 4096.0f;
    diffmm__gradient_made(m->gradient, &tile);
}

static void make(diffmm_context *context, const struct diffmm__layers *layers,
                 const struct diffmm__gradient *gradient)
{
    for (size_t l = 0; l < layers->count; l++) {
        const struct diffmm__layer *layer = &layers->layer[l];
        struct made made = {.gradient = gradient,
                            .tiling = diffmm__gradient_cut(layer, l % 2 == 0),
                            .whole_rows = l % 2 == 0};
        diffmm__parallel(context, made.tiling.count, make_task, &made);
        struct diffmm__gradient_tile bias = diffmm__gradient_bias(gradient, layer);
        for (size_t i = 0; i < layer->outputs; i++)
            bias.out[i] = -(float)(i + l);
        diffmm__gradient_made(gradient, &bias);
    }
}

/* Parameters and both moments, one array after the other. */
static float *state_begin(size_t size, const struct diffmm__adam_coefficients *factors,
                          struct diffmm__gradient_step *out)
{
    float *state = malloc(3 * size * sizeof *state);
    ck_assert_ptr_nonnull(state);
    for (size_t i = 0; i < 3 * size; i++)
        state[i] = (float)(i % 1021) / 256.0f;
    *out = (struct diffmm__gradient_step){.factors = *factors,
                                          .parameters = state,
                                          .first_moment = state + size,
                                          .second_moment = state + 2 * size};
    return state;
}

/* Steps of Adam on tiles are the step on the whole gradient: no parameter is left out, and none has
 * two. */
static void expect_a_step(size_t items, size_t hidden_count, const size_t *hidden)
{
    diffmm_denoiser_shape shape = {
        .items = items, .time_size = 10, .hidden_count = hidden_count, .hidden_sizes = hidden};
    struct diffmm__layers layers;
    diffmm_context *context;
    expect_success(diffmm__layers_read(&shape, &layers));
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 3}, &context));
    const struct diffmm__adam_coefficients factors = diffmm__adam_factors(1e-2, 3);
    struct diffmm__gradient_step whole, tiles;
    float *wanted = state_begin(layers.size, &factors, &whole);
    float *got = state_begin(layers.size, &factors, &tiles);
    float *values = malloc(layers.size * sizeof *values);
    ck_assert_ptr_nonnull(values);
    make(context, &layers, &(struct diffmm__gradient){.values = values});
    diffmm__kernels()->adam(layers.size, &factors, whole.parameters, values, whole.first_moment,
                            whole.second_moment);

    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__gradient gradient;
    diffmm__gradient_take(&arena, &layers, 3, &gradient);
    ck_assert(!arena.failed);
    gradient.step = tiles;
    make(context, &layers, &gradient);
    ck_assert(memcmp(got, wanted, 3 * layers.size * sizeof *got) == 0);

    diffmm__arena_end(&arena);
    free(wanted);
    free(got);
    free(values);
    diffmm_context_destroy(context);
}

START_TEST(steps_on_tiles)
{
    expect_a_step(7, 1, (const size_t[]){5});
    expect_a_step(2500, 1, (const size_t[]){1200});
    expect_a_step(300, 2, (const size_t[]){1030, 513});
}
END_TEST

/* A single row of weights may be larger than a tile. */
START_TEST(a_very_wide_layer)
{
    expect_a_step(3, 1, (const size_t[]){(size_t)DIFFMM__TILE_ROWS * DIFFMM__TILE_COLUMNS + 9});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {steps_on_tiles, a_very_wide_layer};
    return run_tests("gradient", tests, sizeof tests / sizeof *tests) != 0;
}
