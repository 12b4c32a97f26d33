/* SPDX-License-Identifier: BSD-2-Clause */
/* A basis for spectral denoisers: random directions, made orthonormal one after the other. */
#ifndef DIFFMM_TESTS_ORTHONORMAL_BASIS_H
#define DIFFMM_TESTS_ORTHONORMAL_BASIS_H

#include <stdlib.h>

#include "draws.h"

/* items x rank, row-major. */
static inline void draw_basis(struct draws *draws, size_t items, size_t rank, float *out)
{
    double *columns = malloc(rank * items * sizeof *columns);
    for (size_t j = 0; j < rank; j++) {
        double *column = columns + j * items, squares = 0.0;
        for (size_t i = 0; i < items; i++)
            column[i] = draw_normal(draws);
        for (size_t k = 0; k < j; k++) {
            const double *other = columns + k * items;
            double product = 0.0;
            for (size_t i = 0; i < items; i++)
                product += column[i] * other[i];
            for (size_t i = 0; i < items; i++)
                column[i] -= product * other[i];
        }
        for (size_t i = 0; i < items; i++)
            squares += column[i] * column[i];
        for (size_t i = 0; i < items; i++) {
            column[i] /= sqrt(squares);
            out[i * rank + j] = (float)column[i];
        }
    }
    free(columns);
}

#endif
