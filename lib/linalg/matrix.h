/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_LINALG_MATRIX_H
#define DIFFMM_LINALG_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

/* An operand of a product: `data` with rows `stride` floats apart, used as it stands or
 * transposed. */
struct diffmm__matrix {
    const float *data;
    size_t stride;
    bool transposed;
    /* Of a transposed A on the calling thread: diffmm__gemm_room() floats in which it may be packed.
     * NULL: it is packed on the stack, which has room for fewer rows at a time, and so takes longer. */
    float *room;
};

static inline struct diffmm__matrix diffmm__plain(const float *data, size_t stride)
{
    return (struct diffmm__matrix){.data = data, .stride = stride};
}

static inline struct diffmm__matrix diffmm__transposed(const float *data, size_t stride)
{
    return (struct diffmm__matrix){.data = data, .stride = stride, .transposed = true};
}

#endif
