/* SPDX-License-Identifier: BSD-2-Clause */
/* How InfoNCE cuts the nodes that stand in the denominators: into tiles, each of whole panels, which threads
 * compute and peers share. Tiles are even in number and equal in width, so that two, four or eight threads
 * share them well; what they are depends on the shape alone. */
#ifndef DIFFMM_CONTRASTIVE_INFONCE_TILES_H
#define DIFFMM_CONTRASTIVE_INFONCE_TILES_H

#include <stdbool.h>

#include "contrastive/infonce_rows.h"
#include "peers/peers.h"

/* The number of tiles. */
size_t diffmm__infonce_tiles(size_t candidates, bool drawn);

/* The panels of one of `tiles`. */
struct diffmm__part diffmm__infonce_tile(size_t candidates, size_t tiles, size_t tile);

/* The candidates in this peer's tiles; and what each peer has of a matrix of d columns, in the rows of its
 * candidates, to all. */
struct diffmm__part diffmm__infonce_part(const struct diffmm__peers *peers,
                                         const struct diffmm__infonce_rows *rows);
diffmm_status diffmm__infonce_gather(const struct diffmm__peers *peers,
                                     const struct diffmm__infonce_rows *rows, size_t d,
                                     float *matrix);

/* The same, but to each peer r only the rows to[r] .. to[r + 1] - 1. */
diffmm_status diffmm__infonce_move(const struct diffmm__peers *peers,
                                   const struct diffmm__infonce_rows *rows, const size_t *to,
                                   size_t d, float *matrix);

#endif
