/* SPDX-License-Identifier: BSD-2-Clause */
/* The types of the elements that files hold, and a tensor of them. */
#ifndef DIFFMM_BASE_DTYPE_H
#define DIFFMM_BASE_DTYPE_H

#include <stddef.h>

enum diffmm__dtype {
    DIFFMM__F32 = 1,
    DIFFMM__F64 = 2,
    DIFFMM__I32 = 3,
    DIFFMM__I64 = 4,
    DIFFMM__U8 = 5
};

struct diffmm__byte_source;

/* A tensor to write (data borrowed) or one found (data within the file's memory). */
struct diffmm__tensor {
    const char *name;
    enum diffmm__dtype dtype;
    size_t rows, columns; /* columns 0: a vector of `rows` */
    const void *data;
    const struct diffmm__byte_source *source; /* where data to write come from instead; or NULL */
};

/* What the safetensors format calls a type, and bytes per element. */
const char *diffmm__dtype_name(enum diffmm__dtype dtype);
size_t diffmm__dtype_size(enum diffmm__dtype dtype);

#endif
