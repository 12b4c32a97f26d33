/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a file, put together one after the other. */
#ifndef DIFFMM_TESTS_BYTES_H
#define DIFFMM_TESTS_BYTES_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct bytes {
    unsigned char data[16384];
    size_t size;
};

static inline void bytes_add(struct bytes *bytes, const void *data, size_t size)
{
    ck_assert_uint_le(bytes->size + size, sizeof bytes->data);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static inline void bytes_add_text(struct bytes *bytes, const char *text)
{
    bytes_add(bytes, text, strlen(text));
}

/* A little-endian number of `size` bytes. */
static inline void bytes_add_number(struct bytes *bytes, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(number >> 8 * i);
        bytes_add(bytes, &byte, 1);
    }
}

/* A .npy array of version 1 as NumPy writes it: its data is at a multiple of 64. */
static inline void bytes_add_aligned_npy(struct bytes *bytes, const char *type, const char *shape,
                                         const void *data, size_t size)
{
    char header[118];
    int length = snprintf(header, sizeof header,
                          "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
    memset(header + length, ' ', sizeof header - (size_t)length);
    header[sizeof header - 1] = '\n';
    bytes_add(bytes, "\x93NUMPY\x01\x00", 8);
    bytes_add_number(bytes, sizeof header, 2);
    bytes_add(bytes, header, sizeof header);
    bytes_add(bytes, data, size);
}

/* A .npy array of version 1. */
static inline void bytes_add_npy(struct bytes *bytes, const char *type, const char *shape,
                                 int fortran_order, const void *data, size_t size)
{
    char header[128];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n",
                 type, fortran_order ? "True" : "False", shape);
    bytes_add(bytes, "\x93NUMPY\x01\x00", 8);
    bytes_add_number(bytes, (uint64_t)length, 2);
    bytes_add(bytes, header, (size_t)length);
    bytes_add(bytes, data, size);
}

#endif
