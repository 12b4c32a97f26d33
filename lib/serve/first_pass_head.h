/* SPDX-License-Identifier: BSD-2-Clause */
/* What a first pass is made of, and how many coordinates it scans. */
#ifndef DIFFMM_SERVE_FIRST_PASS_HEAD_H
#define DIFFMM_SERVE_FIRST_PASS_HEAD_H

#include "serve/first_pass.h"

/* Rows to be searched, `stride` floats apart, and some vectors like those that will be searched
 * for, which decide how long the head is. */
struct diffmm__first_pass_input {
    size_t rows, d, stride;
    const float *x;
    double largest; /* no row's norm is larger */
    size_t vectors, vector_stride;
    const float *vector;
};

/* The number of leading coordinates, turned by `rotation`, with which a search reads least: from a
 * sample of rows and of vectors. */
diffmm_status diffmm__first_pass_head(const diffmm_context *context,
                                      const struct diffmm__first_pass_input *input,
                                      const float *rotation, size_t *head);

#endif
