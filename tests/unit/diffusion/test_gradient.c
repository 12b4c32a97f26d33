/* SPDX-License-Identifier: BSD-2-Clause */
/* A gradient taken in tiles is the gradient as an array: every parameter once, the same bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "diffusion/gradient.h"
#include "support/failure.h"

struct taken {
    size_t size;
    float *values;
    int *times;
};

static void take(void *argument, size_t first, size_t rows, size_t columns, size_t stride,
                 const float *gradient)
{
    const struct taken *taken = argument;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            size_t place = first + r * stride + c;
            if (place >= taken->size)
                abort();
            taken->values[place] = gradient[r * columns + c];
            taken->times[place]++;
        }
}

/* Stands for a gradient: element (r, c) of the matrix is r + c / 4096. */
static void make(void *argument, size_t row, size_t rows, size_t column, size_t columns, float *out,
                 size_t stride)
{
    (void)argument;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            out[r * stride + c] = (float)(row + r) + (float)(column + c) / 4096.0f;
}

/* Columns of a tile that must keep whole rows. */
static void make_whole(void *argument, size_t row, size_t rows, size_t column, size_t columns,
                       float *out, size_t stride)
{
    const size_t *inputs = argument;
    if (column != 0 || columns != *inputs)
        abort();
    make(NULL, row, rows, column, columns, out, stride);
}

static void run(diffmm_context *context, const struct diffmm__layers *layers,
                struct diffmm__gradient *gradient)
{
    for (size_t l = 0; l < layers->count; l++) {
        const struct diffmm__layer *layer = &layers->layer[l];
        bool whole = l % 2 == 0;
        diffmm__weight_gradient(context, layer, whole, whole ? make_whole : make,
                                (void *)(uintptr_t)&layer->inputs, gradient);
        float *bias = diffmm__bias_gradient(layer, gradient);
        for (size_t i = 0; i < layer->outputs; i++)
            bias[i] = -(float)(i + l);
        diffmm__bias_gradient_made(layer, gradient);
    }
}

static void expect_all_taken(size_t items, size_t hidden_count, const size_t *hidden)
{
    diffmm_denoiser_shape shape = {
        .items = items, .time_size = 10, .hidden_count = hidden_count, .hidden_sizes = hidden};
    struct diffmm__layers layers;
    diffmm_context *context;
    expect_success(diffmm__layers(&shape, &layers));
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 3}, &context));
    struct taken taken = {.size = layers.size,
                          .values = malloc(layers.size * sizeof(float)),
                          .times = calloc(layers.size, sizeof(int))};
    float *array = malloc(layers.size * sizeof(float));
    ck_assert(taken.values && taken.times && array);
    run(context, &layers, &(struct diffmm__gradient){.values = array});

    struct diffmm__arena arena = diffmm__arena_on(context);
    struct diffmm__gradient gradient;
    expect_success(diffmm__gradient_tiles(context, &layers, &arena, &gradient));
    gradient.take = take;
    gradient.argument = &taken;
    run(context, &layers, &gradient);
    size_t once = 0;
    for (size_t i = 0; i < layers.size; i++)
        once += taken.times[i] == 1;
    ck_assert_uint_eq(once, layers.size);
    ck_assert(memcmp(taken.values, array, layers.size * sizeof(float)) == 0);

    diffmm__arena_end(&arena);
    free(taken.values);
    free(taken.times);
    free(array);
    diffmm_context_destroy(context);
}

START_TEST(tiles_hold_every_parameter_once)
{
    expect_all_taken(7, 1, (const size_t[]){5});
    expect_all_taken(2500, 1, (const size_t[]){1200});
    expect_all_taken(300, 2, (const size_t[]){1030, 513});
}
END_TEST

/* A single row of weights may be larger than a tile. */
START_TEST(a_very_wide_layer)
{
    expect_all_taken(3, 1, (const size_t[]){(size_t)DIFFMM__TILE_ROWS * DIFFMM__TILE_COLUMNS + 9});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tiles_hold_every_parameter_once, a_very_wide_layer};
    return run_tests("gradient", tests, sizeof tests / sizeof *tests) != 0;
}
