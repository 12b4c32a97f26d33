/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/dtype.h"

/* Tensors are little-endian in the file and used in place. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian machine is needed");

const char *diffmm__dtype_name(enum diffmm__dtype dtype)
{
    switch (dtype) {
    case DIFFMM__F32: return "F32";
    case DIFFMM__F64: return "F64";
    case DIFFMM__I32: return "I32";
    case DIFFMM__I64: return "I64";
    case DIFFMM__U8: return "U8";
    }
    return "?";
}

size_t diffmm__dtype_size(enum diffmm__dtype dtype)
{
    switch (dtype) {
    case DIFFMM__F64:
    case DIFFMM__I64: return 8;
    case DIFFMM__F32:
    case DIFFMM__I32: return 4;
    case DIFFMM__U8: break;
    }
    return 1;
}
