/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/gradient.h"

#include "linalg/gemm.h"
#include "linalg/kernels.h"

static size_t parts(size_t total, size_t most)
{
    return (total + most - 1) / most;
}

/* More than two tiles are made an even number, so that two threads end together. */
struct diffmm__gradient_tiling diffmm__gradient_cut(const struct diffmm__layer *layer,
                                                    bool whole_rows)
{
    struct diffmm__gradient_tiling cut = {.layer = layer, .column_parts = 1};
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
    cut.count = cut.row_parts * cut.column_parts;
    return cut;
}

/* Floats of the largest tile of any layer. A tile of whole rows has at least one row, which may
 * exceed the usual size. */
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

void diffmm__gradient_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                           size_t threads, struct diffmm__gradient *out)
{
    *out = (struct diffmm__gradient){0};
    out->tile_floats = largest_tile(layers);
    out->tiles = diffmm__arena_take(arena, threads * out->tile_floats, sizeof(float));
    out->rooms = diffmm__arena_take(arena, threads * diffmm__gemm_room(), sizeof(float));
    out->bias = diffmm__arena_take(arena, widest_output(layers), sizeof(float));
}

struct diffmm__gradient_tile diffmm__gradient_weights(const struct diffmm__gradient *gradient,
                                                      const struct diffmm__gradient_tiling *tiling,
                                                      size_t index, size_t worker)
{
    const struct diffmm__layer *layer = tiling->layer;
    size_t i = index / tiling->column_parts, j = index % tiling->column_parts;
    size_t row = layer->outputs * i / tiling->row_parts;
    size_t column = layer->inputs * j / tiling->column_parts;
    struct diffmm__gradient_tile tile = {.row = row,
                                         .rows = layer->outputs * (i + 1) / tiling->row_parts - row,
                                         .column = column,
                                         .columns = layer->inputs * (j + 1) / tiling->column_parts -
                                                    column,
                                         .place = layer->weight + row * layer->inputs + column,
                                         .place_stride = layer->inputs};
    if (gradient->values) {
        tile.out = gradient->values + tile.place;
        tile.stride = layer->inputs;
    } else {
        tile.out = gradient->tiles + worker * gradient->tile_floats;
        tile.stride = tile.columns;
    }
    return tile;
}

struct diffmm__gradient_tile diffmm__gradient_bias(const struct diffmm__gradient *gradient,
                                                   const struct diffmm__layer *layer)
{
    return (struct diffmm__gradient_tile){.rows = 1,
                                          .columns = layer->outputs,
                                          .out = gradient->values ? gradient->values + layer->bias
                                                                  : gradient->bias,
                                          .stride = layer->outputs,
                                          .place = layer->bias,
                                          .place_stride = layer->outputs};
}

float *diffmm__gradient_room(const struct diffmm__gradient *gradient, size_t worker)
{
    return gradient->rooms ? gradient->rooms + worker * diffmm__gemm_room() : NULL;
}

void diffmm__gradient_made(const struct diffmm__gradient *gradient,
                           const struct diffmm__gradient_tile *tile)
{
    if (gradient->values)
        return;
    const struct diffmm__gradient_step *step = &gradient->step;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    for (size_t r = 0; r < tile->rows; r++) {
        size_t place = tile->place + r * tile->place_stride;
        kernels->adam(tile->columns, &step->factors, step->parameters + place,
                      tile->out + r * tile->stride, step->first_moment + place,
                      step->second_moment + place);
    }
}
