/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector kernels, compiled once per instruction set from vector_kernels.c; linalg/kernels.h chooses
 * one of these variants. All give the same bits: reductions run in 16 fixed lanes (lanes.h), and
 * nothing is fused, except in panel_kernels.h and product_kernel.h. */
#ifndef DIFFMM_LINALG_VECTOR_KERNELS_H
#define DIFFMM_LINALG_VECTOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linalg/product_kernel.h"
#include "linalg/panel_kernels.h"

struct diffmm__adam_coefficients {
    float beta1, rest1, beta2, rest2, step_size, correction2, epsilon; /* see optim/adam.c */
};

struct diffmm__vector_kernels {
    const char *name;

    /* y = exp(x), within 2 ulp, also where results are subnormal: 0 below -103.98, infinity from
     * 88.7229 on. NaN stays NaN. */
    void (*exp)(size_t n, const float *x, float *y);
    /* y = tanh(x), within 2 ulp. NaN stays NaN; tanh(-0) is +0. */
    void (*tanh)(size_t n, const float *x, float *y);
    /* y = log(x) for normal positive x, within 2 ulp. */
    void (*log)(size_t n, const float *x, float *y);

    /* x = exp(scale x - shift), in place; returns the sum. */
    double (*exp_scaled_sum)(size_t n, float scale, float shift, float *x);
    /* z = tanh(z + bias), and dz *= 1 - a^2; both in place. */
    void (*bias_tanh)(size_t n, const float *bias, float *z);
    void (*tanh_backward)(size_t n, const float *a, float *dz);

    /* x . y: float products with a double sum; all in double where those might overflow. */
    double (*dot)(size_t n, const float *x, const float *y);
    float (*dot_float)(size_t n, const float *x, const float *y); /* a sum of floats, for scores */
    void (*add_scaled)(size_t n, float scale, const float *x, float *y); /* y += scale x */
    void (*scale)(size_t n, float scale, float *x);
    /* y = factor x; y may be x. */
    void (*scale_to)(size_t n, float factor, const float *x, float *y);
    /* z = factor (y - along x), or +=, with add_to; z may be y. */
    void (*scale_difference)(size_t n, float factor, const float *y, float along, const float *x,
                             bool add_to, float *z);
    /* A sparse row times the matrix x, whose rows have d floats:
     *     y = start + sum over e of factor values[e] x[columns[e]].
     * `start` may be NULL, which means 0, or y. */
    void (*add_rows)(size_t count, const int32_t *columns, const float *values, float factor,
                     size_t d, const float *x, const float *start, float *y);

    /* Kernels of the same instruction set. */
    const struct diffmm__panel_kernels *panels;
    const struct diffmm__product_kernel *product;

    /* The largest of n floats, without NaN; -infinity if there is none. */
    float (*largest)(size_t n, const float *x);
    /* A bit for each of up to 64 floats, set where the float is at least `bound`; never for NaN. */
    uint64_t (*at_least)(size_t n, const float *x, float bound);

    /* 64 normal draws at each of `blocks` positions from `position` on (base/random.h); none is
     * larger than sqrt(48 log 2) = 5.77. */
    void (*normal)(uint64_t seed, uint64_t stream, uint64_t position, size_t blocks, float *out);
    /* 2048 random bits at each position, 64 words a block, for dropout masks. */
    void (*bits)(uint64_t seed, uint64_t stream, uint64_t position, size_t blocks, uint32_t *out);

    /* One step of Adam, in place. */
    void (*adam)(size_t n, const struct diffmm__adam_coefficients *factors, float *parameter,
                 const float *gradient, float *first_moment, float *second_moment);
};

#endif
