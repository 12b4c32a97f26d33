/* SPDX-License-Identifier: BSD-2-Clause */
/* Products with rows in panels of 16 (linalg/panels.h): scores, and the three products of InfoNCE,
 * for which BLIS would spend its time packing. Compiled once per instruction set from
 * panel_kernels.c.
 *
 * Every result is a sum in the order of its terms. Its bits depend on its own operands only, not on
 * the rows beside it. Where the CPU has a fused multiply-add (every x86-64 with AVX2, every
 * AArch64), each term is rounded once, elsewhere twice: between such CPUs the results of these
 * kernels differ in the last places. */
#ifndef DIFFMM_LINALG_PANEL_KERNELS_H
#define DIFFMM_LINALG_PANEL_KERNELS_H

#include <stddef.h>

struct diffmm__panel_kernels {
    /* For `users` vectors x_b of d floats and `panels` panels of packed rows,
     *     scores[b][i] = x_b . row i.
     * Rows of scores are `stride` floats apart, and each is 16 panels floats long. */
    void (*score)(size_t users, const float *const *x, size_t d, size_t panels, const float *packed,
                  float *scores, size_t stride);
    /* A single score, x . y. */
    float (*score_pair)(size_t d, const float *x, const float *y);
    /* Scores of plain rows, wherever they are: scores[i] = x . rows[i], with the same bits. */
    void (*score_rows)(size_t count, const float *const *rows, size_t d, const float *x,
                       float *scores);

    /* What follows works on blocks: `rows` x 16 floats without gaps, rows by the 16 nodes of a
     * panel. */

    /* For rows p_b of d floats without gaps and `panels` packed panels, into blocks that are
     * `block_stride` floats apart,
     *     block[b][j] = p_b . row j of its panel. */
    void (*multiply)(size_t rows, size_t d, const float *p, size_t panels, const float *packed,
                     float *blocks, size_t block_stride);
    /* In place, for the first `nodes` nodes of each row (0 beyond):
     *     block[b][j] = exp(scale block[b][j] - shifts[b]),
     *     sums[b][j] += block[b][j]. */
    void (*exponentiate)(size_t rows, size_t nodes, float scale, const float *shifts, float *block,
                         float *sums);
    /* Over `panels` blocks, `block_stride` floats apart, and their nodes v,
     *     out[b] = sum of block[b][v] strips[v],    or +=, with `add`.
     * Rows of out are `width` floats wide and `stride` floats apart. A strip has 16 columns of the
     * other operand, 16 panels x 16 floats without gaps; strips are `strip_stride` floats apart, and
     * the last is filled up to 16 columns. */
    void (*gather)(size_t rows, size_t panels, const float *blocks, size_t block_stride,
                   const float *strips, size_t strip_stride, int add, float *out, size_t width,
                   size_t stride);
    /* For `nodes` (up to 16) nodes v,
     *     out[v] += sum over b of block[b][v] strips[b].
     * A strip is rows x 16 floats; strips and out as above. */
    void (*spread)(size_t rows, const float *block, const float *strips, size_t strip_stride,
                   size_t nodes, float *out, size_t width, size_t stride);
};

#endif
