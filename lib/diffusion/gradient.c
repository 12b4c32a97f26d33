/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/gradient.h"

#include "base/pool.h"

/* How a matrix is cut: `parts` even ones along each side. */
struct cut {
    size_t row_parts, column_parts;
};

static size_t parts(size_t total, size_t most)
{
    return (total + most - 1) / most;
}

/* Where there are more than two tiles, their number is even: two threads end together. */
static struct cut cut_weights(const struct diffmm__layer *layer, bool whole_rows)
{
    struct cut cut = {.column_parts = 1};
    if (whole_rows) {
        size_t rows = (size_t)DIFFMM__TILE_ROWS * DIFFMM__TILE_COLUMNS / layer->inputs;
        cut.row_parts = parts(layer->outputs, rows > 0 ? rows : 1);
        if (cut.row_parts > 2)
            cut.row_parts = (cut.row_parts + 1) / 2 * 2;
    } else {
        cut.row_parts = parts(layer->outputs, DIFFMM__TILE_ROWS);
        cut.column_parts = parts(layer->inputs, DIFFMM__TILE_COLUMNS);
        if (cut.row_parts % 2 == 1 && cut.column_parts > 1)
            cut.column_parts = (cut.column_parts + 1) / 2 * 2;
    }
    return cut;
}

/* Of any layer. A tile that keeps whole rows may be one row of more than the usual size. */
static size_t largest_tile(const struct diffmm__layers *layers)
{
    size_t most = (size_t)DIFFMM__TILE_ROWS * DIFFMM__TILE_COLUMNS, largest = 0;
    most = layers->widest > most ? layers->widest : most;
    for (size_t l = 0; l < layers->count; l++) {
        size_t size = layers->layer[l].outputs * layers->layer[l].inputs;
        size = size < most ? size : most;
        largest = size > largest ? size : largest;
    }
    return largest;
}

static size_t widest_output(const struct diffmm__layers *layers)
{
    size_t widest = layers->items > layers->widest ? layers->items : layers->widest;
    return widest > layers->time_size ? widest : layers->time_size;
}

static void lay_out(struct diffmm__gradient *gradient, const struct diffmm__layers *layers,
                    size_t threads, struct diffmm__arena *arena)
{
    gradient->tile_floats = largest_tile(layers);
    gradient->tiles = diffmm__arena_take(arena, threads * gradient->tile_floats, sizeof(float));
    gradient->bias = diffmm__arena_take(arena, widest_output(layers), sizeof(float));
}

diffmm_status diffmm__gradient_tiles(const diffmm_context *context,
                                     const struct diffmm__layers *layers,
                                     struct diffmm__arena *arena, struct diffmm__gradient *out)
{
    *out = (struct diffmm__gradient){0};
    lay_out(out, layers, diffmm__workers(context), arena);
    return arena->failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

size_t diffmm__gradient_tiles_bytes(const struct diffmm__layers *layers, size_t threads)
{
    struct diffmm__arena arena = diffmm__arena_measure();
    struct diffmm__gradient gradient;
    lay_out(&gradient, layers, threads, &arena);
    return arena.bytes;
}

struct tiles {
    const struct diffmm__layer *layer;
    struct cut cut;
    diffmm__tile_function make;
    void *argument;
    struct diffmm__gradient *gradient;
};

static void tile_task(void *argument, size_t index, size_t worker)
{
    const struct tiles *t = argument;
    const struct diffmm__layer *layer = t->layer;
    size_t i = index / t->cut.column_parts, j = index % t->cut.column_parts;
    size_t row = layer->outputs * i / t->cut.row_parts;
    size_t column = layer->inputs * j / t->cut.column_parts;
    size_t rows = layer->outputs * (i + 1) / t->cut.row_parts - row;
    size_t columns = layer->inputs * (j + 1) / t->cut.column_parts - column;
    size_t first = layer->weight + row * layer->inputs + column;
    if (!t->gradient->take) {
        t->make(t->argument, row, rows, column, columns, t->gradient->values + first,
                layer->inputs);
        return;
    }
    float *tile = t->gradient->tiles + worker * t->gradient->tile_floats;
    t->make(t->argument, row, rows, column, columns, tile, columns);
    t->gradient->take(t->gradient->argument, first, rows, columns, layer->inputs, tile);
}

void diffmm__weight_gradient(const diffmm_context *context, const struct diffmm__layer *layer,
                             bool whole_rows, diffmm__tile_function make, void *argument,
                             struct diffmm__gradient *gradient)
{
    struct tiles t = {.layer = layer,
                      .cut = cut_weights(layer, whole_rows),
                      .make = make,
                      .argument = argument,
                      .gradient = gradient};
    diffmm__parallel(context, t.cut.row_parts * t.cut.column_parts, tile_task, &t);
}

float *diffmm__bias_gradient(const struct diffmm__layer *layer, struct diffmm__gradient *gradient)
{
    return gradient->take ? gradient->bias : gradient->values + layer->bias;
}

void diffmm__bias_gradient_made(const struct diffmm__layer *layer,
                                struct diffmm__gradient *gradient)
{
    if (gradient->take)
        gradient->take(gradient->argument, layer->bias, 1, layer->outputs, layer->outputs,
                       gradient->bias);
}
