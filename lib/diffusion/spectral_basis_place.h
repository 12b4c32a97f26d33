/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of a spectral basis for items that training has not seen, from their features. */
#ifndef DIFFMM_DIFFUSION_SPECTRAL_BASIS_PLACE_H
#define DIFFMM_DIFFUSION_SPECTRAL_BASIS_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

struct diffmm__spectral_placement {
    size_t items, feature_columns; /* I, D */
    const float *features;         /* F, I x D, all finite */
    size_t rank;                   /* r */
    const float *basis;            /* B, I x r */
    uint64_t seed, stream;         /* of the basis (diffusion/spectral_basis.h) */
};

/* Rows of B for `rows` new items with the given features, in `out` (rows x rank): ridge regression
 * of B on the principal components of the centred features, with what cross-validation chooses
 * (spectral_basis_place.c). The bits do not depend on the number of threads, and a row does not
 * depend on the others. DIFFMM_ERROR_NO_MEMORY; DIFFMM_ERROR_NUMERIC where features are
 * far outside of the range of those of the items. */
diffmm_status diffmm__spectral_basis_place(const diffmm_context *context,
                                           const struct diffmm__spectral_placement *placement,
                                           size_t rows, const float *features, float *out);

#endif
