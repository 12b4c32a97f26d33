/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/basis.h"

#include <string.h>

#include "linalg/gemm.h"

void diffmm__basis_coordinates(const struct diffmm__basis *basis,
                               const struct diffmm__batch_rows *x0, size_t b, float *z)
{
    memset(z, 0, basis->rank * sizeof *z);
    diffmm__batch_rows_gather(x0, b, 1.0f, basis->rank, basis->values, z);
}

void diffmm__basis_read(const diffmm_context *context, const struct diffmm__basis *basis,
                        size_t rows, const float *x, float *z)
{
    diffmm__gemm(context, rows, basis->rank, basis->items, 1.0f, diffmm__plain(x, basis->items),
                 diffmm__plain(basis->values, basis->rank), 0.0f, z, basis->rank);
}

void diffmm__basis_write(const diffmm_context *context, const struct diffmm__basis *basis,
                         size_t rows, const float *z, float *x)
{
    diffmm__gemm(context, rows, basis->items, basis->rank, 1.0f, diffmm__plain(z, basis->rank),
                 diffmm__transposed(basis->values, basis->rank), 0.0f, x, basis->items);
}
