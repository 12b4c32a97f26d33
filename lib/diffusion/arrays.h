/* SPDX-License-Identifier: BSD-2-Clause */
/* For the public functions, which take dense rows: their non-zero entries. */
#ifndef DIFFMM_DIFFUSION_ARRAYS_H
#define DIFFMM_DIFFUSION_ARRAYS_H

#include "base/memory.h"
#include "diffusion/corrupt.h"

struct diffmm__dense_rows {
    struct diffmm__arena arena;
    struct diffmm__batch_rows rows;
};

diffmm_status diffmm__dense_rows(const diffmm_context *context, size_t rows, size_t items,
                                 const float *dense, struct diffmm__dense_rows *out);
void diffmm__dense_rows_end(struct diffmm__dense_rows *dense);

#endif
