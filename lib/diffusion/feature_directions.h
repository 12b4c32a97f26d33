/* SPDX-License-Identifier: BSD-2-Clause */
/* The principal directions of items' features: the leading singular vectors of the matrix F whose
 * columns have been centred. */
#ifndef DIFFMM_DIFFUSION_FEATURE_DIRECTIONS_H
#define DIFFMM_DIFFUSION_FEATURE_DIRECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/memory.h"

/* F is divided by its largest entry in absolute value, so that no square is too large or too small
 * for floats. Only blocks of it are centred at a time. */
struct diffmm__feature_directions {
    const diffmm_context *context;
    size_t items, width, wanted, block;
    const float *features; /* items x width */
    float *mean;           /* of each column */
    double scale;
    float *right; /* right singular vectors V: width x wanted, of which the first `found` count */
    double *squares;     /* of the singular values */
    size_t found;        /* directions that are more than rounding errors */
    float *centred;      /* F_b, a block of items */
    float *z;            /* F_b x */
    float *sum, *chunks; /* F_b^T z, and what that product needs */
};

/* Lay it out in an arena, for `wanted` directions, at most `width`. */
void diffmm__feature_directions_take(struct diffmm__arena *arena, size_t items, size_t width,
                                     size_t wanted, struct diffmm__feature_directions *out);

/* Find the directions. The features are finite; random starts come from `stream` and the next.
 * DIFFMM_ERROR_NO_MEMORY. */
diffmm_status diffmm__feature_directions_find(struct diffmm__feature_directions *directions,
                                              const float *features, uint64_t seed,
                                              uint64_t stream);

/* The bytes that finding takes for the time of the call, beside those laid out. */
size_t diffmm__feature_directions_bytes(size_t width, size_t wanted);

/* out = scale (F' - mean) V for any `rows` rows of features, in rows `stride` floats apart of which
 * `found` floats are written. Of the items themselves these are left singular vectors times
 * singular values. */
void diffmm__feature_directions_project(const struct diffmm__feature_directions *directions,
                                        size_t rows, const float *features, float *out,
                                        size_t stride);

#endif
