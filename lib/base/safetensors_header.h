/* SPDX-License-Identifier: BSD-2-Clause */
/* What the header of a safetensors file says of the tensors. */
#ifndef DIFFMM_BASE_SAFETENSORS_HEADER_H
#define DIFFMM_BASE_SAFETENSORS_HEADER_H

#include <diffmm/context.h>

#include "base/dtype.h"
#include "base/file.h"
#include "base/json.h"

/* A tensor. Texts are the header's. */
struct diffmm__entry {
    const char *name, *type;     /* the type as the file calls it */
    enum diffmm__dtype dtype;    /* 0: one that is not used here */
    size_t dimensions, shape[2]; /* of more dimensions, the first two */
    size_t begin, end;           /* its bytes of the file's data */
    const void *data;            /* NULL where the type is not used here */
};

/* Find the header at the beginning of a file, and parse it: it is an object. Its length is read
 * once, and it is copied before it is parsed: the file may change. *header, all zero before, is the
 * caller's to end on failure too. *data_begin receives where the
 * tensors' bytes begin. */
diffmm_status diffmm__safetensors_header_parse(const diffmm_context *context, const char *path,
                                               const struct diffmm__mapping *file,
                                               struct diffmm__json *header, size_t *data_begin);

/* Check a header, which must be an object, and list its tensors: types, shapes, and that the
 * tensors cover the file's `data_size` bytes without gap or overlap. The list is from the allocator
 * of `context`; messages begin with `path`. */
diffmm_status diffmm__safetensors_header_read(const diffmm_context *context, const char *path,
                                              const struct diffmm__json_value *header,
                                              size_t data_size, struct diffmm__entry **entries,
                                              size_t *count);

#endif
