/* SPDX-License-Identifier: BSD-2-Clause */
/* Products of rows of small integers, for bounds of scores (serve/first_pass.h). Compiled once per
 * instruction set from byte_kernels.c. Integers are exact: all variants give the same sums, and
 * floats are computed by the same operations, or fused where the CPU does that.
 *
 * An integer c from -127 to 127 of a packed row is kept as the byte c + 128, as the instructions
 * want it that multiply unsigned by signed bytes. */
#ifndef DIFFMM_LINALG_BYTE_KERNELS_H
#define DIFFMM_LINALG_BYTE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* A vector of integers e, and what turns its products with rows into bounds:
 *     bound of row i = scales[i] (scale (e . c_i) + slack) + rest rests[i]. */
struct diffmm__byte_vector {
    const int8_t *codes;
    size_t bytes;   /* how many codes there are, zeros at the end included */
    int32_t offset; /* 128 times their sum */
    float scale, slack, rest;
};

/* The bytes of a panel of 16 rows: of their codes, four at a time of each row; their scales; and
 * their rests. */
static inline size_t diffmm__byte_panel_size(size_t bytes)
{
    return 16 * (bytes + 2 * sizeof(float));
}

struct diffmm__byte_kernels {
    const char *name;
    /* The bounds of all rows of `count` panels; vector->bytes is a multiple of 4. */
    void (*bounds)(const struct diffmm__byte_vector *vector, size_t count, const uint8_t *panels,
                   float *bounds);
    /* e . c for a row of its own; `bytes` is a multiple of 16. */
    int32_t (*dot)(size_t bytes, const int8_t *e, const uint8_t *row);
    /* codes[j] = inverse x[j], rounded and kept within -127 .. 127. squares[0] receives the sum of
     * the codes' squares, squares[1] that of the squares of inverse x[j] - codes[j]. */
    void (*encode)(size_t n, float inverse, const float *x, int8_t *codes, float squares[2]);
};

#endif
