/* SPDX-License-Identifier: BSD-2-Clause */
/* A pickled scipy matrix while it is read. A pickle is a program for a stack machine, which may
 * name any function of Python and call it. The machine here (pickle_machine.c) has only the
 * instructions, and the objects (pickle_objects.c) only the few names, that scipy's coo and csr
 * matrices need (protocols 2 to 5). A name stands for a kind of object that is put together here;
 * nothing is looked up or run, and any other name or instruction is an error. */
#ifndef DIFFMM_DATASET_READERS_PICKLE_H
#define DIFFMM_DATASET_READERS_PICKLE_H

#include "base/memory.h"
#include "dataset/readers/npy.h"

enum diffmm__pickle_kind {
    DIFFMM__PICKLE_MARK,
    DIFFMM__PICKLE_NONE,
    DIFFMM__PICKLE_BOOLEAN,
    DIFFMM__PICKLE_INTEGER,
    DIFFMM__PICKLE_OTHER, /* a value that nothing here needs, such as a float */
    DIFFMM__PICKLE_TEXT,
    DIFFMM__PICKLE_STRING, /* of Python 2: a text and bytes alike */
    DIFFMM__PICKLE_BYTES,
    DIFFMM__PICKLE_BYTEARRAY,
    DIFFMM__PICKLE_NAME,
    DIFFMM__PICKLE_TUPLE,
    DIFFMM__PICKLE_DICT,
    DIFFMM__PICKLE_TYPE,
    DIFFMM__PICKLE_ARRAY,
    DIFFMM__PICKLE_MATRIX
};

/* What a known name stands for. */
enum diffmm__pickle_name {
    DIFFMM__PICKLE_COO,
    DIFFMM__PICKLE_CSR,
    DIFFMM__PICKLE_RECONSTRUCT, /* numpy's empty array, to be filled by BUILD */
    DIFFMM__PICKLE_FROM_BUFFER,
    DIFFMM__PICKLE_NDARRAY,
    DIFFMM__PICKLE_DTYPE,
    DIFFMM__PICKLE_ENCODE,     /* bytes written as latin-1 text (protocol 2) */
    DIFFMM__PICKLE_BYTES_TYPE, /* empty bytes (protocol 2) */
    DIFFMM__PICKLE_NEW_OBJECT,
    DIFFMM__PICKLE_OBJECT
};

struct diffmm__pickle_value {
    enum diffmm__pickle_kind kind;
    int64_t integer;                      /* BOOLEAN, INTEGER; NAME: an enum diffmm__pickle_name */
    const unsigned char *bytes;           /* TEXT (UTF-8), STRING, BYTES, BYTEARRAY */
    size_t size;                          /* of these, and of TUPLE */
    struct diffmm__pickle_value *members; /* TUPLE */
    struct diffmm__pickle_object *object; /* DICT, TYPE, ARRAY, MATRIX: shared by all who hold it */
};

/* A matrix's attributes. Those not listed are of no use here and are dropped. */
enum diffmm__pickle_attribute {
    DIFFMM__PICKLE_SHAPE,
    DIFFMM__PICKLE_ROW,
    DIFFMM__PICKLE_COLUMN,
    DIFFMM__PICKLE_COORDS, /* row and column as a tuple */
    DIFFMM__PICKLE_INDPTR,
    DIFFMM__PICKLE_INDICES,
    DIFFMM__PICKLE_DATA,
    DIFFMM__PICKLE_ATTRIBUTES
};

struct diffmm__pickle_object {
    bool csr;                 /* MATRIX */
    bool built;               /* ARRAY, MATRIX: has its state; TYPE: it is final */
    struct diffmm__npy array; /* ARRAY; TYPE: its type */
    struct diffmm__pickle_value attributes[DIFFMM__PICKLE_ATTRIBUTES]; /* DICT, MATRIX */
};

/* A pickle that is being read. */
struct diffmm__pickle {
    const char *path;
    const unsigned char *bytes;
    size_t size;
    size_t step;    /* offset of the present instruction */
    size_t decoded; /* bytes made from latin-1 text so far */
    char *place;    /* "FILE: offset N", once it is needed */
    struct diffmm__arena arena;
};

/* Fail, naming file and offset of the present instruction. */
diffmm_status diffmm__pickle_fail(const struct diffmm__pickle *pickle, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
