/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the gradient of a denoiser's parameters goes.
 *
 * Either into an array like the parameters; or, a tile at a time as it is made, to a function,
 * which takes the optimiser's step on these parameters while the tile is in the cache. The second
 * way never holds a whole gradient, which is as large as the denoiser. */
#ifndef DIFFMM_DIFFUSION_GRADIENT_H
#define DIFFMM_DIFFUSION_GRADIENT_H

#include "base/memory.h"
#include "diffusion/layers.h"

/* The gradient of parameters first + r * stride + c, for r < rows, c < columns, in
 * gradient[r * columns + c]. Called from the pool's tasks, for different parameters at a time. */
typedef void (*diffmm__gradient_taker)(void *argument, size_t first, size_t rows, size_t columns,
                                       size_t stride, const float *gradient);

struct diffmm__gradient {
    float *values;               /* all parameters' gradient; NULL with .. */
    diffmm__gradient_taker take; /* .. this; then also */
    void *argument;
    bool if_finite; /* values are left alone where the loss is not finite */
    float *tiles;   /* one of tile_floats for each worker */
    size_t tile_floats;
    float *bias; /* of the widest layer */
};

/* Tiles of a weight matrix are even parts of at most this size. */
enum { DIFFMM__TILE_ROWS = 512, DIFFMM__TILE_COLUMNS = 1024 };

/* Room for tiles and bias; `take` and `argument` are the caller's to set. */
diffmm_status diffmm__gradient_tiles(const diffmm_context *context,
                                     const struct diffmm__layers *layers,
                                     struct diffmm__arena *arena, struct diffmm__gradient *out);
size_t diffmm__gradient_tiles_bytes(const struct diffmm__layers *layers, size_t threads);

/* Writes the gradient of rows row .. row+rows-1 and columns column .. column+columns-1 of a weight
 * matrix to `out`, whose rows are `stride` apart. */
typedef void (*diffmm__tile_function)(void *argument, size_t row, size_t rows, size_t column,
                                      size_t columns, float *out, size_t stride);

/* The gradient of a layer's weights, made tile by tile on the context's threads. `whole_rows`:
 * every tile has all columns, since making a tile reads its rows of the weights. */
void diffmm__weight_gradient(const diffmm_context *context, const struct diffmm__layer *layer,
                             bool whole_rows, diffmm__tile_function make, void *argument,
                             struct diffmm__gradient *gradient);

/* Where to write the gradient of a layer's bias; then say that it is there. */
float *diffmm__bias_gradient(const struct diffmm__layer *layer, struct diffmm__gradient *gradient);
void diffmm__bias_gradient_made(const struct diffmm__layer *layer,
                                struct diffmm__gradient *gradient);

#endif
