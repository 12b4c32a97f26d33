/* SPDX-License-Identifier: BSD-2-Clause */
/* The safetensors format: an 8-byte little-endian header length, a JSON header (name: dtype, shape,
 * data_offsets; "__metadata__": strings), raw little-endian tensors. */
#ifndef DIFFMM_CHECKPOINT_SAFETENSORS_H
#define DIFFMM_CHECKPOINT_SAFETENSORS_H

#include <stdbool.h>
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

/* Where a file goes: to a path, by diffmm__file_replace; or, where `path` is NULL, into memory.
 * Then
 * `*size` becomes the file's size, and `data`, unless it is NULL, receives the file, which must fit
 * into `capacity` bytes. */
struct diffmm__target {
    const char *path;
    void *data;
    size_t capacity;
    size_t *size;
};

/* Where one comes from: a path, or `size` bytes of memory, borrowed until the file is closed. */
struct diffmm__source {
    const char *path; /* NULL: memory */
    const void *data;
    size_t size;
    bool header_only; /* the tensors' data is not asked for: it is neither touched nor copied */
};

/* A source from what a caller gives to read a file from, none of which may be NULL: `handle` is the
 * context or data set to read into, called `handle_name`, `out` receives what is read. */
diffmm_status diffmm__source_path(const void *handle, const char *handle_name, const char *path,
                                  const void *out, struct diffmm__source *source);
diffmm_status diffmm__source_memory(const void *handle, const char *handle_name, const void *data,
                                    size_t size, const void *out, struct diffmm__source *source);

/* Write a file. The format allows no holes between tensors, so they are
 * written by falling element size, otherwise in the order given: with the data's start 64-byte
 * aligned, every tensor is aligned for its type. */
diffmm_status diffmm__safetensors_put(const diffmm_context *context,
                                      const struct diffmm__target *target,
                                      const struct diffmm__metadata *metadata,
                                      size_t metadata_count, const struct diffmm__tensor *tensors,
                                      size_t tensor_count);

/* The same, to a path. */
diffmm_status diffmm__safetensors_write(const diffmm_context *context, const char *path,
                                        const struct diffmm__metadata *metadata,
                                        size_t metadata_count, const struct diffmm__tensor *tensors,
                                        size_t tensor_count);

struct diffmm__safetensors; /* an open, validated file */

/* Open and validate everything: header length, JSON, shapes, tensors that cover the file's data
 * without gap or overlap, none named twice. Messages name file and tensor. Tensors of a type that
 * is none of ours, or of more than two dimensions, are passed over: they may be there, but not be
 * found. The header is read from a copy of it. A tensor that lies misaligned is copied, so that
 * data can always be read in place; whatever of it serves as an index or a size is copied by who
 * reads it, and checked in the copy, since a file may be written to while it is mapped. Memory is
 * at most 32 times the header, and what is misaligned. */
diffmm_status diffmm__safetensors_get(diffmm_context *context, const struct diffmm__source *source,
                                      struct diffmm__safetensors **out);

/* The same, from a path. */
diffmm_status diffmm__safetensors_open(diffmm_context *context, const char *path,
                                       struct diffmm__safetensors **out);
void diffmm__safetensors_close(struct diffmm__safetensors *file);

/* What messages call the file: its path, or "data" for memory; and the bytes of all its tensors. */
const char *diffmm__safetensors_path(const struct diffmm__safetensors *file);
size_t diffmm__safetensors_size(const struct diffmm__safetensors *file);

/* NULL if there is no such key. */
const char *diffmm__safetensors_metadata(const struct diffmm__safetensors *file, const char *key);

/* All tensors, in the header's order; of one that is passed over, only the name is told. */
size_t diffmm__safetensors_count(const struct diffmm__safetensors *file);
void diffmm__safetensors_at(const struct diffmm__safetensors *file, size_t index,
                            struct diffmm__tensor *out);

bool diffmm__safetensors_has(const struct diffmm__safetensors *file, const char *name);

/* A tensor that must be there, of that dtype and of one or two dimensions. */
diffmm_status diffmm__safetensors_find(const struct diffmm__safetensors *file, const char *name,
                                       enum diffmm__dtype dtype, struct diffmm__tensor *out);

#endif
