/* SPDX-License-Identifier: BSD-2-Clause */
/* A vector as integers of 8 bits. */
#ifndef DIFFMM_SERVE_FIRST_PASS_CODE_H
#define DIFFMM_SERVE_FIRST_PASS_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linalg/byte_kernels.h"

/* x = scale (codes + r): norms of codes and r, never too low. */
struct diffmm__first_pass_code {
    float scale;
    double norm, rest;
};

struct diffmm__first_pass_code diffmm__first_pass_encode(const struct diffmm__byte_kernels *kernels,
                                                         size_t n, const float *x, int8_t *codes);

/* Whether what is computed of a row or vector of this norm keeps well within the range of floats. */
bool diffmm__first_pass_norm_fits(double norm);

#endif
