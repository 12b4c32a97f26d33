/* SPDX-License-Identifier: BSD-2-Clause */
/* What BLIS's loops around it call for each tile of C, compiled once per instruction set from
 * micro_kernel.c, for processors that BLIS itself has only its reference kernel for, those younger
 * than it is and of makers that it does not know; and for AArch64 (linalg/gemm.c says why). (BLIS
 * 0.9.0 takes AMD's Zen 5 for one: the reference kernel has a fifth of the speed of this one
 * there.) */
#ifndef DIFFMM_LINALG_MICRO_KERNEL_H
#define DIFFMM_LINALG_MICRO_KERNEL_H

#include <stddef.h>

struct diffmm__micro_kernel {
    size_t rows, columns; /* of a tile; both below 32, which is where BLIS's packing kernels end */

    /* C = alpha A B + beta C for the first m rows and n columns of a tile of C, whose rows lie
     * row_step apart and columns column_step. `a` has k columns of `rows` floats and b k rows of
     * `columns` floats, whatever m and n are. Each element is a sum in the order of its terms,
     * times alpha, plus beta C, each rounded (and the terms as in panel_kernels.h), wherever in the
     * tile it lies. beta 0 overwrites C, whatever it holds. */
    void (*multiply)(size_t m, size_t n, size_t k, float alpha, const float *a, const float *b,
                     float beta, float *c, ptrdiff_t row_step, ptrdiff_t column_step);

    /* Such an `a` from n rows of A, with width = `rows`, or `b` from n columns of B, with width =
     * `columns`: for p < k, out[p width + i] is factor x[i step + p k_step] where i < n, and 0 for
     * the other i < width. */
    void (*pack)(size_t width, size_t n, size_t k, float factor, const float *x, ptrdiff_t step,
                 ptrdiff_t k_step, float *out);
};

#endif
