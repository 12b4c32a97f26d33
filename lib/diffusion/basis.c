/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/basis.h"

#include <math.h>
#include <string.h>

#include "linalg/gemm.h"
#include "linalg/kernels.h"

float diffmm__basis_row_weight(const struct diffmm__basis *basis, size_t entries)
{
    return basis->weights ? 1.0f / sqrtf((float)entries + basis->weights[basis->items]) : 1.0f;
}

void diffmm__basis_add_row(const struct diffmm__basis *basis, const struct diffmm__batch_rows *x0,
                           size_t b, float scale, float *z)
{
    const struct diffmm__csr *matrix = &x0->matrix;
    size_t row = diffmm__batch_rows_row(x0, b);
    float weight = diffmm__basis_row_weight(basis, diffmm__csr_row_entries(matrix, row));
    for (int64_t e = matrix->pointers[row]; e < matrix->pointers[row + 1]; e++)
        diffmm__kernels()->add_scaled(basis->rank,
                                      scale * diffmm__basis_entry(basis, matrix, e, weight),
                                      basis->values + (size_t)matrix->indices[e] * basis->rank, z);
}

void diffmm__basis_unweight_row(const struct diffmm__basis *basis,
                                const struct diffmm__batch_rows *x0, size_t b, float *z)
{
    if (!basis->weights)
        return;
    size_t row = diffmm__batch_rows_row(x0, b);
    float weight = diffmm__basis_row_weight(basis, diffmm__csr_row_entries(&x0->matrix, row));
    diffmm__kernels()->scale(basis->rank, 1.0f / weight, z);
}

void diffmm__basis_score_row(const struct diffmm__basis *basis, size_t item, float *out)
{
    memcpy(out, basis->values + item * basis->rank, basis->rank * sizeof *out);
    if (basis->weights)
        diffmm__kernels()->scale(basis->rank, 1.0f / basis->weights[item], out);
}

void diffmm__basis_write(const diffmm_context *context, const struct diffmm__basis *basis,
                         size_t rows, const float *z, float *x)
{
    diffmm__gemm(context, rows, basis->items, basis->rank, 1.0f, diffmm__plain(z, basis->rank),
                 diffmm__transposed(basis->values, basis->rank), 0.0f, x, basis->items);
    for (size_t b = 0; b < rows && basis->weights; b++)
        for (size_t i = 0; i < basis->items; i++)
            x[b * basis->items + i] /= basis->weights[i];
}
