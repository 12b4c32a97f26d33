/* SPDX-License-Identifier: BSD-2-Clause */
/* The safetensors format: an 8-byte little-endian header length, a JSON header (name: dtype, shape,
 * data_offsets; "__metadata__": strings), raw little-endian tensors. */
#ifndef DIFFMM_CHECKPOINT_SAFETENSORS_H
#define DIFFMM_CHECKPOINT_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

enum diffmm__dtype {
    DIFFMM__F32 = 1,
    DIFFMM__F64 = 2,
    DIFFMM__I32 = 3,
    DIFFMM__I64 = 4,
    DIFFMM__U8 = 5
};

/* A tensor to write (data borrowed) or one found (data within the file's memory). */
struct diffmm__tensor {
    const char *name;
    enum diffmm__dtype dtype;
    size_t rows, columns; /* columns 0: a vector of `rows` */
    const void *data;
};

struct diffmm__metadata {
    const char *key, *value;
};

/* The format's name of a type, and bytes per element. */
const char *diffmm__dtype_name(enum diffmm__dtype dtype);
size_t diffmm__dtype_size(enum diffmm__dtype dtype);

/* Write a file by diffmm__file_replace. The format allows no holes between tensors, so they are
 * written by falling element size, otherwise in the order given: with the data's start 64-byte
 * aligned, every tensor is aligned for its type. */
diffmm_status diffmm__safetensors_write(const diffmm_context *context, const char *path,
                                        const struct diffmm__metadata *metadata,
                                        size_t metadata_count, const struct diffmm__tensor *tensors,
                                        size_t tensor_count);

struct diffmm__safetensors; /* an open, validated file */

/* Map and validate everything: header length, JSON, dtypes, shapes of one or two dimensions,
 * tensors that cover the file's data without gap or overlap. Messages name file and tensor. A
 * tensor that lies misaligned is copied, so that data can always be read in place. */
diffmm_status diffmm__safetensors_open(diffmm_context *context, const char *path,
                                       struct diffmm__safetensors **out);
void diffmm__safetensors_close(struct diffmm__safetensors *file);

/* NULL if there is no such key. */
const char *diffmm__safetensors_metadata(const struct diffmm__safetensors *file, const char *key);

size_t diffmm__safetensors_count(const struct diffmm__safetensors *file);
void diffmm__safetensors_at(const struct diffmm__safetensors *file, size_t index,
                            struct diffmm__tensor *out);

/* A tensor that must be there, of that dtype. */
diffmm_status diffmm__safetensors_find(const struct diffmm__safetensors *file, const char *name,
                                       enum diffmm__dtype dtype, struct diffmm__tensor *out);

#endif
