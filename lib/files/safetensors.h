/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading safetensors. The format: an 8-byte little-endian header length, a JSON header (name:
 * dtype, shape, data_offsets; "__metadata__": strings), raw little-endian tensors. */
#ifndef DIFFMM_FILES_SAFETENSORS_H
#define DIFFMM_FILES_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "base/dtype.h"
#include "files/source.h"

struct diffmm__safetensors; /* an open, checked file */

/* Open a file and check everything: the header's length, JSON, shapes, tensors that cover the
 * file's data without gap or overlap, no two of one name. Messages name file and tensor.
 *
 * Tensors of a type that is not in enum diffmm__dtype, or of more than two dimensions, may be in
 * the file but are never found. The header is copied before it is read. A misaligned tensor is
 * copied, so that data can always be read in place. Since a file may be written to while it is
 * mapped, whoever reads an index or a size from a tensor copies it and checks the copy. Memory is
 * at most 32 times the header, and the misaligned tensors. */
diffmm_status diffmm__safetensors_open_source(diffmm_context *context,
                                              const struct diffmm__source *source,
                                              struct diffmm__safetensors **out);

/* The same, from a path. */
diffmm_status diffmm__safetensors_open(diffmm_context *context, const char *path,
                                       struct diffmm__safetensors **out);
void diffmm__safetensors_close(struct diffmm__safetensors *file);

/* The context that the file was opened in. */
diffmm_context *diffmm__safetensors_context(const struct diffmm__safetensors *file);

/* What messages call the file: its path, or "data" for memory; and the bytes of all its tensors. */
const char *diffmm__safetensors_path(const struct diffmm__safetensors *file);
size_t diffmm__safetensors_size(const struct diffmm__safetensors *file);

/* NULL if there is no such key. */
const char *diffmm__safetensors_metadata(const struct diffmm__safetensors *file, const char *key);

/* All tensors, in the header's order. A tensor that is never found has only a name. */
size_t diffmm__safetensors_count(const struct diffmm__safetensors *file);
void diffmm__safetensors_at(const struct diffmm__safetensors *file, size_t index,
                            struct diffmm__tensor *out);

bool diffmm__safetensors_has(const struct diffmm__safetensors *file, const char *name);

/* A tensor that must be there, of that dtype and of one or two dimensions. */
diffmm_status diffmm__safetensors_find(const struct diffmm__safetensors *file, const char *name,
                                       enum diffmm__dtype dtype, struct diffmm__tensor *out);

/* Blame the file for what is wrong with its content: any failure but lack of memory becomes
 * DIFFMM_ERROR_FORMAT, and the message begins with the file's path. */
diffmm_status diffmm__safetensors_blame(const struct diffmm__safetensors *file,
                                        diffmm_status status);

#endif
