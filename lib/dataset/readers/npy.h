/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading NumPy's .npy format, versions 1 to 3 (numpy/lib/format: magic, version, header
 * dictionary, raw data), from memory; and the header for writing it. */
#ifndef DIFFMM_DATASET_READERS_NPY_H
#define DIFFMM_DATASET_READERS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* The most bytes of a header: as many as NumPy reads of files that it is not told to trust. */
enum {
    DIFFMM__NPY_MAX_DIMENSIONS = 8,
    DIFFMM__NPY_PREFIX = 12,
    DIFFMM__NPY_MAX_HEADER = DIFFMM__NPY_PREFIX + 10000
};

struct diffmm__npy {
    char kind; /* 'f' float, 'i' signed, 'u' unsigned, 'b' boolean, 'S' bytes, 'U' text; and 'B',
                  which .npy does not have: bfloat16 */
    size_t item_size; /* bytes per element */
    bool big_endian;
    bool fortran_order;
    size_t dimensions;
    size_t shape[DIFFMM__NPY_MAX_DIMENSIONS];
    size_t count; /* elements in all */
    size_t first; /* of a part of an array: number of its first element, for messages */
    const unsigned char *data; /* within the caller's memory */
};

/* Where the header of an array of `size` bytes ends and its data begins: at most
 * DIFFMM__NPY_MAX_HEADER. Looks at no more than the first DIFFMM__NPY_PREFIX bytes. */
diffmm_status diffmm__npy_header_end(const unsigned char *bytes, size_t size, const char *name,
                                     size_t *end);

/* Parse an array in memory. Every size is checked against `size`, but only the header is read, so
 * that no more need be in memory. `name` (file, or file:member) opens each message, with the
 * offset where it helps. */
diffmm_status diffmm__npy_parse(const unsigned char *bytes, size_t size, const char *name,
                                struct diffmm__npy *out);

/* The two checks that pickled arrays share: read a type such as "<f4" into kind, item_size and
 * big_endian; and set count from shape, which must need no more than `available` bytes. */
diffmm_status diffmm__npy_type(const char *type, const char *name, struct diffmm__npy *array);
diffmm_status diffmm__npy_bound(const char *name, size_t available, struct diffmm__npy *array);

/* Write the header of rows x columns floats in C order. Its size makes the data after it 64-byte
 * aligned. */
enum { DIFFMM__NPY_HEADER = 128 };
void diffmm__npy_write_header(size_t rows, size_t columns,
                              unsigned char header[DIFFMM__NPY_HEADER]);

#endif
