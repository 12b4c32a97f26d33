/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing .npy, version 1. */
#include <stdio.h>
#include <string.h>

#include "dataset/readers/npy.h"

/* Floats are written as they are in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian machine is needed");

void diffmm__npy_header(size_t rows, size_t columns, unsigned char header[DIFFMM__NPY_HEADER])
{
    /* Magic, version, a 16-bit length, then the dictionary, filled up with spaces to a newline. Two
     * numbers of 20 digits would still fit. */
    enum { start = 10 };
    char dictionary[DIFFMM__NPY_HEADER];
    int length =
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = DIFFMM__NPY_HEADER - start;
    header[9] = 0;
    memset(header + start, ' ', DIFFMM__NPY_HEADER - start);
    memcpy(header + start, dictionary, (size_t)length);
    header[DIFFMM__NPY_HEADER - 1] = '\n';
}
