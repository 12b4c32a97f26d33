/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel that BLIS's loops call for each tile of C, compiled once per instruction set from
 * micro_kernel.c. It serves processors for which BLIS has only its reference kernel, because they
 * are younger than BLIS or their maker is unknown to it (BLIS 0.9.0 does not know AMD's Zen 5,
 * where its reference kernel has a fifth of this one's speed); and AArch64, for the reason given in
 * linalg/blis.c. */
#ifndef DIFFMM_LINALG_MICRO_KERNEL_H
#define DIFFMM_LINALG_MICRO_KERNEL_H

#include <stddef.h>

struct diffmm__micro_kernel {
    size_t rows, columns; /* of a tile; both below 32: BLIS has no packing kernels beyond */

    /* C = alpha A B + beta C for the first m rows and n columns of a tile of C, whose rows lie
     * row_step apart and columns column_step. `a` has k columns of `rows` floats, and `b` k rows of
     * `columns` floats, whatever m and n are. Each element is
     *     alpha (sum of its terms in their order) + beta C,
     * where each operation rounds (terms as in panel_kernels.h), wherever in the tile the element
     * lies. With beta 0, C is overwritten, whatever it holds. */
    void (*multiply)(size_t m, size_t n, size_t k, float alpha, const float *a, const float *b,
                     float beta, float *c, ptrdiff_t row_step, ptrdiff_t column_step);

    /* Pack n rows of A, with width = `rows`, into such an `a`; or n columns of B, with width =
     * `columns`, into such a `b`. For p < k and i < width:
     *     out[p width + i] = factor x[i step + p k_step] where i < n, else 0. */
    void (*pack)(size_t width, size_t n, size_t k, float factor, const float *x, ptrdiff_t step,
                 ptrdiff_t k_step, float *out);
};

#endif
