/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TESTS_PICKLE_WRITER_H
#define DIFFMM_TESTS_PICKLE_WRITER_H

#include <stdbool.h>
#include <string.h>

#include "bytes.h"

/* Writes pickles the way Python does, for protocols 2 to 5, without memo where it can. */
struct pickle_writer {
    struct bytes bytes;
    int protocol;
    bool old_modules; /* scipy.sparse.coo, numpy.core */
};

static inline void pickle_op(struct pickle_writer *w, const char *codes)
{
    bytes_add_text(&w->bytes, codes);
}

static inline void pickle_text(struct pickle_writer *w, const char *value)
{
    pickle_op(w, w->protocol >= 4 ? "\x8c" : "X");
    bytes_add_number(&w->bytes, strlen(value), w->protocol >= 4 ? 1 : 4);
    bytes_add_text(&w->bytes, value);
}

static inline void pickle_global(struct pickle_writer *w, const char *module, const char *name)
{
    if (w->protocol >= 4) {
        pickle_text(w, module);
        pickle_text(w, name);
        pickle_op(w, "\x93");
        return;
    }
    pickle_op(w, "c");
    pickle_op(w, module);
    pickle_op(w, "\n");
    pickle_op(w, name);
    pickle_op(w, "\n");
}

static inline void pickle_integer(struct pickle_writer *w, int64_t value)
{
    if (value >= 0 && value < 256) {
        pickle_op(w, "K");
        bytes_add_number(&w->bytes, (uint64_t)value, 1);
    } else if (value >= 0 && value < 65536) {
        pickle_op(w, "M");
        bytes_add_number(&w->bytes, (uint64_t)value, 2);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        pickle_op(w, "J");
        bytes_add_number(&w->bytes, (uint64_t)value, 4);
    } else {
        pickle_op(w, "\x8a\x08");
        bytes_add_number(&w->bytes, (uint64_t)value, 8);
    }
}

static inline void pickle_raw(struct pickle_writer *w, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (w->protocol == 5) { /* a bytearray */
        pickle_op(w, "\x96");
        bytes_add_number(&w->bytes, size, 8);
        bytes_add(&w->bytes, data, size);
    } else if (w->protocol >= 3) {
        pickle_op(w, "C");
        bytes_add_number(&w->bytes, size, 1);
        bytes_add(&w->bytes, data, size);
    } else if (size == 0) { /* bytes() */
        pickle_global(w, "__builtin__", "bytes");
        pickle_op(w, ")R");
    } else { /* encode(text, 'latin1') */
        size_t length = size;
        for (size_t i = 0; i < size; i++)
            length += bytes[i] >= 0x80;
        pickle_global(w, "_codecs", "encode");
        pickle_op(w, "X");
        bytes_add_number(&w->bytes, length, 4);
        for (size_t i = 0; i < size; i++) {
            if (bytes[i] >= 0x80)
                bytes_add_number(&w->bytes, 0xc0 | bytes[i] >> 6, 1);
            bytes_add_number(&w->bytes, bytes[i] >= 0x80 ? 0x80 | (bytes[i] & 0x3f) : bytes[i], 1);
        }
        pickle_text(w, "latin1");
        pickle_op(w, "\x86R");
    }
}

static inline void pickle_type(struct pickle_writer *w, const char *name, const char *order)
{
    pickle_global(w, "numpy", "dtype");
    pickle_text(w, name);
    pickle_op(w, "\x89\x88\x87R("); /* False True TUPLE3 REDUCE MARK */
    pickle_integer(w, 3);
    pickle_text(w, order);
    pickle_op(w, "NNN");
    pickle_integer(w, -1);
    pickle_integer(w, -1);
    pickle_integer(w, 0);
    pickle_op(w, "tb");
}

static inline void pickle_array(struct pickle_writer *w, const char *type_name, const char *order,
                                size_t count, const void *data, size_t size)
{
    if (w->protocol == 5) {
        pickle_global(w, w->old_modules ? "numpy.core.numeric" : "numpy._core.numeric",
                      "_frombuffer");
        pickle_op(w, "(");
        pickle_raw(w, data, size);
        pickle_type(w, type_name, order);
        pickle_integer(w, (int64_t)count);
        pickle_op(w, "\x85");
        pickle_text(w, "C");
        pickle_op(w, "tR");
        return;
    }
    pickle_global(w, w->old_modules ? "numpy.core.multiarray" : "numpy._core.multiarray",
                  "_reconstruct");
    pickle_global(w, "numpy", "ndarray");
    pickle_integer(w, 0);
    pickle_op(w, "\x85");
    pickle_raw(w, "b", 1);
    pickle_op(w, "\x87R(");
    pickle_integer(w, 1);
    pickle_integer(w, (int64_t)count);
    pickle_op(w, "\x85");
    pickle_type(w, type_name, order);
    pickle_op(w, "\x89");
    pickle_raw(w, data, size);
    pickle_op(w, "tb");
}

/* A member of an object that is an array. */
static inline void pickle_field(struct pickle_writer *w, const char *name, const char *type_name,
                                const char *order, size_t count, const void *data, size_t size)
{
    pickle_text(w, name);
    pickle_array(w, type_name, order, count, data, size);
}

static inline void pickle_begin(struct pickle_writer *w, bool csr)
{
    pickle_op(w, "\x80");
    bytes_add_number(&w->bytes, (uint64_t)w->protocol, 1);
    if (w->protocol >= 4) {
        pickle_op(w, "\x95");
        bytes_add_number(&w->bytes, 0, 8); /* a frame */
    }
    if (w->old_modules)
        pickle_global(w, csr ? "scipy.sparse.csr" : "scipy.sparse.coo",
                      csr ? "csr_matrix" : "coo_matrix");
    else
        pickle_global(w, csr ? "scipy.sparse._csr" : "scipy.sparse._coo",
                      csr ? "csr_matrix" : "coo_matrix");
    pickle_op(w, ")\x81}(");
}

static inline void pickle_shape(struct pickle_writer *w, int64_t rows, int64_t columns)
{
    pickle_text(w, "_shape");
    pickle_integer(w, rows);
    pickle_integer(w, columns);
    pickle_op(w, "\x86");
    pickle_text(w, "maxprint");
    pickle_integer(w, 50);
}

#endif
