/* SPDX-License-Identifier: BSD-2-Clause */
/* Products with rows in panels of 16 (linalg/panels.h), compiled once per instruction set from
 * panel_kernels.c, where BLIS would spend its time packing: scores, and InfoNCE's three products.
 *
 * Every result is a sum in the order of its terms, and its bits depend on its operands alone: not
 * on the rows beside it. Where the CPU has a fused multiply-add (every x86-64 with AVX2, every
 * AArch64) each term is rounded once, else twice: these kernels' bits then differ, in the last
 * places, between such CPUs. */
#ifndef DIFFMM_LINALG_PANEL_KERNELS_H
#define DIFFMM_LINALG_PANEL_KERNELS_H

#include <stddef.h>

struct diffmm__panel_kernels {
    /* scores[b][i] = x_b . row i for `users` vectors x_b of d floats and `panels` panels of packed
     * rows; rows of scores are `stride` apart, each 16 panels floats long. */
    void (*score)(size_t users, const float *const *x, size_t d, size_t panels, const float *packed,
                  float *scores, size_t stride);
    /* One score. */
    float (*score_pair)(size_t d, const float *x, const float *y);

    /* A block is `rows` x 16 floats without gaps: rows by the 16 nodes of a panel. */

    /* block[b][j] = p_b . row j of a packed panel; rows p_b of d floats without gaps. */
    void (*multiply)(size_t rows, size_t d, const float *p, const float *panel, float *block);
    /* block = exp(scale * block - shifts[b]) in place, 0 beyond the first `nodes` of a row;
     * sums[b][j] += block[b][j]. */
    void (*exponentiate)(size_t rows, size_t nodes, float scale, const float *shifts, float *block,
                         float *sums);
    /* out[b] = (or, with `add`, +=) sum over `panels` blocks, `block_stride` floats apart, and
     * their nodes v, of block[b][v] strip[v]; strip is 16 panels x 16 floats; `width` (up to 16)
     * floats of each row of out, `stride` apart, are written. */
    void (*gather)(size_t rows, size_t panels, const float *blocks, size_t block_stride,
                   const float *strip, int add, float *out, size_t width, size_t stride);
    /* out[v] += sum over b of block[b][v] strip[b], for `nodes` (up to 16) nodes v; strip is rows x
     * 16 floats; out as above. */
    void (*spread)(size_t rows, const float *block, const float *strip, size_t nodes, float *out,
                   size_t width, size_t stride);
};

#endif
