/* SPDX-License-Identifier: BSD-2-Clause */
/* The basis of a spectral denoiser: a few directions in the space of all items in which users'
 * interactions, and what is likely to become one, can be written. */
#ifndef DIFFMM_DIFFUSION_SPECTRAL_BASIS_H
#define DIFFMM_DIFFUSION_SPECTRAL_BASIS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "linalg/csr.h"

struct diffmm__spectral_source {
    const struct diffmm__csr *train; /* R, users x items, binary */
    size_t feature_columns;          /* D; 0: no features */
    const float *features;           /* F, items x D, all finite */
    size_t rank;                     /* r, 1 to items */
    uint64_t seed, stream;           /* from `stream` on, DIFFMM__SPECTRAL_STREAMS streams */
    float user_offset, item_offset;  /* added to degrees, in place of 1, where above 0 */
};

/* The largest rank: small matrices have as many rows, and take time in proportion to its cube. */
enum { DIFFMM__SPECTRAL_MOST_RANK = 4096 };

/* Streams for a basis, and among them those for placing items in it and for weighting it. */
enum {
    DIFFMM__SPECTRAL_STREAMS = 9,
    DIFFMM__SPECTRAL_STREAM_OF_PLACE = 6,
    DIFFMM__SPECTRAL_STREAM_OF_WEIGHTING = 8
};

/* The basis B (items x rank, row-major) has orthonormal columns, which span
 *     [popularity, 1, W^-1 V, U],
 * with V the leading right singular vectors of W_u R W for W = (D_i + 1)^-1/2, W_u = (D_u + 1)^-1/2
 * (spectral_basis.c says why) orthogonal to W popularity and W 1, and U left singular vectors of F
 * with its columns centred: a quarter of the rank, or as many as there are. Directions that depend
 * on those before them are replaced by random ones. The bits do not depend on the number of
 * threads. DIFFMM_ERROR_NO_MEMORY. */
diffmm_status diffmm__spectral_basis_compute(const diffmm_context *context,
                                             const struct diffmm__spectral_source *source,
                                             float *basis);

/* The bytes of memory that this takes for the time of the call, at its peak, beside the basis; and
 * its floating-point operations. `entries` is the number of training pairs. */
size_t diffmm__spectral_basis_bytes(size_t users, size_t items, size_t entries,
                                    size_t feature_columns, size_t rank);
double diffmm__spectral_basis_flops(size_t items, size_t entries, size_t feature_columns,
                                    size_t rank);

#endif
