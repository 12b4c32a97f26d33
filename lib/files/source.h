/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a file is read from. */
#ifndef DIFFMM_FILES_SOURCE_H
#define DIFFMM_FILES_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

/* A path, or `size` bytes of memory, borrowed until the file is closed. */
struct diffmm__source {
    const char *path; /* NULL: memory */
    const void *data;
    size_t size;
    bool header_only; /* the tensors' data is not wanted: it is neither read nor copied */
};

/* A source from a caller's arguments, none of which may be NULL: `handle` is the context or data
 * set to read into, called `handle_name`; `out` receives what is read. */
diffmm_status diffmm__source_path(const void *handle, const char *handle_name, const char *path,
                                  const void *out, struct diffmm__source *source);
diffmm_status diffmm__source_memory(const void *handle, const char *handle_name, const void *data,
                                    size_t size, const void *out, struct diffmm__source *source);

#endif
