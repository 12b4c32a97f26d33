/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing safetensors (files/safetensors.h describes the format). */
#ifndef DIFFMM_FILES_SAFETENSORS_WRITE_H
#define DIFFMM_FILES_SAFETENSORS_WRITE_H

#include <diffmm/context.h>

#include "base/dtype.h"

struct diffmm__metadata {
    const char *key, *value;
};

/* Where a file goes: to a path, by diffmm__file_replace; or, where `path` is NULL, into memory.
 * Then `*size` becomes the file's size, and `data`, unless it is NULL, receives the file, which
 * must fit into `capacity` bytes. */
struct diffmm__target {
    const char *path;
    void *data;
    size_t capacity;
    size_t *size;
};

/* Write a file. The format allows no holes between tensors, so they are written by falling element
 * size, otherwise in the order given: with the data's start aligned to 64 bytes, every tensor is
 * aligned for its type. */
diffmm_status
diffmm__safetensors_write_target(const diffmm_context *context, const struct diffmm__target *target,
                                 const struct diffmm__metadata *metadata, size_t metadata_count,
                                 const struct diffmm__tensor *tensors, size_t tensor_count);

/* The same, to a path. */
diffmm_status diffmm__safetensors_write(const diffmm_context *context, const char *path,
                                        const struct diffmm__metadata *metadata,
                                        size_t metadata_count, const struct diffmm__tensor *tensors,
                                        size_t tensor_count);

#endif
