/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole matrix products on the calling thread, compiled once per instruction set from product_kernel.c. They
 * serve processors for which BLIS has only its reference kernel, because they are younger than BLIS or their maker
 * is unknown to it (BLIS 0.9.0 does not know AMD's Zen 5, where its reference kernel has a sixth of this one's
 * speed); and AArch64, where BLIS's kernel makes a row's bits depend on the rows beside it.
 *
 * A kernel within BLIS's loops was the way before. But BLIS packs panels of at most 31 columns fast, and with vectors
 * of 16 floats a tile needs 32 columns: a load of a factor of A then serves two multiply-adds, and loads keep up. */
#ifndef DIFFMM_LINALG_PRODUCT_KERNEL_H
#define DIFFMM_LINALG_PRODUCT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "linalg/matrix.h"

/* So many terms of a sum are added up before they are added to C. */
enum { DIFFMM__PRODUCT_TERMS = 512 };
/* So many rows of a transposed A are packed at a time where it has room, which is so many floats. */
enum {
    DIFFMM__PRODUCT_ROOM_ROWS = 528,
    DIFFMM__PRODUCT_ROOM = DIFFMM__PRODUCT_ROOM_ROWS * DIFFMM__PRODUCT_TERMS
};

struct diffmm__product_kernel {
    /* C = alpha op(A) op(B) + beta C, with op(A) m x k, op(B) k x n and rows of C c_stride floats apart. Block by
     * block of DIFFMM__PRODUCT_TERMS terms, each element is
     *     alpha (sum of the block's terms in their order) + beta C,    with beta 1 after the first block,
     * where each operation rounds (terms as in panel_kernels.h), whatever m and n are and wherever in C the element
     * lies. With beta 0, C is overwritten, whatever it holds. With `lower`, tiles that lie above C's diagonal are
     * left out. */
    void (*multiply)(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                     struct diffmm__matrix b, float beta, float *c, size_t c_stride, bool lower);
};

#endif
