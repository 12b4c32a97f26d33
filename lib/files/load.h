/* SPDX-License-Identifier: BSD-2-Clause */
/* From a caller's path or memory to an object: open the file, make the object, close the file. */
#ifndef DIFFMM_FILES_LOAD_H
#define DIFFMM_FILES_LOAD_H

#include "files/safetensors.h"

/* What a kind of file is loaded by. */
struct diffmm__loader {
    /* Makes an object of the file and writes its address to `out`, a pointer to a handle. The
     * object may keep the file: then *file becomes NULL. */
    diffmm_status (*read)(struct diffmm__safetensors **file, void *out);
    bool header_only; /* as in struct diffmm__source */
};

/* For public functions: check the arguments, of which none may be NULL, hold the context, load. */
diffmm_status diffmm__load_path(const struct diffmm__loader *loader, diffmm_context *context,
                                const char *path, void *out);
diffmm_status diffmm__load_memory(const struct diffmm__loader *loader, diffmm_context *context,
                                  const void *data, size_t size, void *out);

#endif
