/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the gradient of a denoiser's parameters goes: into an array like the parameters, or into a
 * step of Adam.
 *
 * A step is taken on each tile of the gradient as soon as it is computed, while it is in the cache.
 * So no array holds the whole gradient, which is as large as the denoiser.
 *
 * A task that computes a tile of a weight matrix's gradient asks where the tile goes, writes it
 * there, and says so:
 *     struct diffmm__gradient_tile tile = diffmm__gradient_weights(gradient, ..);
 *     .. tile.rows x tile.columns numbers into tile.out, whose rows are tile.stride apart ..
 *     diffmm__gradient_made(gradient, &tile); */
#ifndef DIFFMM_DIFFUSION_GRADIENT_H
#define DIFFMM_DIFFUSION_GRADIENT_H

#include "base/memory.h"
#include "diffusion/layers.h"
#include "linalg/kernels.h"

/* A step of Adam on a denoiser: the arrays hold all its parameters and their moments. */
struct diffmm__gradient_step {
    struct diffmm__adam_coefficients factors;
    float *parameters, *first_moment, *second_moment;
};

struct diffmm__gradient {
    float *values;                     /* receives the gradient of all parameters; or NULL, and */
    struct diffmm__gradient_step step; /* this step is taken */
    bool if_finite; /* leave values alone where the loss is not finite, as steps always do */
    float *tiles;   /* for steps: one of tile_floats for each worker */
    size_t tile_floats;
    float *rooms; /* for steps: of diffmm__gemm_room() floats for each worker */
    float *bias;  /* for steps: of the widest layer */
};

/* Takes the tiles and the bias that steps need from the caller's arena; the caller sets `step`. */
void diffmm__gradient_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                           size_t threads, struct diffmm__gradient *out);

/* Tiles of a weight matrix are of equal size, and of at most this size. */
enum { DIFFMM__TILE_ROWS = 512, DIFFMM__TILE_COLUMNS = 1024 };

/* How a layer's weight matrix is cut: into `count` tiles. */
struct diffmm__gradient_tiling {
    const struct diffmm__layer *layer;
    size_t row_parts, column_parts, count;
};

/* `whole_rows`: every tile has all columns, because its rows of the weights are read for it. */
struct diffmm__gradient_tiling diffmm__gradient_cut(const struct diffmm__layer *layer,
                                                    bool whole_rows);

/* The gradient of rows row .. row + rows - 1 and columns column .. column + columns - 1 of a weight
 * matrix; or of a bias, as a row. */
struct diffmm__gradient_tile {
    size_t row, rows, column, columns;
    float *out; /* where the caller writes it */
    size_t stride;
    size_t place, place_stride; /* where its rows stand among all parameters */
};

/* Tile `index` of a weight matrix, for a task of worker `worker`. */
struct diffmm__gradient_tile diffmm__gradient_weights(const struct diffmm__gradient *gradient,
                                                      const struct diffmm__gradient_tiling *tiling,
                                                      size_t index, size_t worker);

/* A layer's bias. */
struct diffmm__gradient_tile diffmm__gradient_bias(const struct diffmm__gradient *gradient,
                                                   const struct diffmm__layer *layer);

/* The room in which the product that makes a tile may pack its A; NULL where there is none. */
float *diffmm__gradient_room(const struct diffmm__gradient *gradient, size_t worker);

/* Says that the tile has been written: the step on its parameters is taken, if one is to be. */
void diffmm__gradient_made(const struct diffmm__gradient *gradient,
                           const struct diffmm__gradient_tile *tile);

#endif
