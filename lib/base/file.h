/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's only way to the file system. */
#ifndef DIFFMM_BASE_FILE_H
#define DIFFMM_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* A whole file, mapped read-only. */
struct diffmm__mapping {
    const unsigned char *data; /* never NULL once mapped, also for an empty file */
    size_t size;
    void *address; /* what munmap wants; NULL for an empty file */
};

/* Map a file; a folder or anything but a regular file is DIFFMM_ERROR_IO. */
diffmm_status diffmm__file_map(const char *path, struct diffmm__mapping *out);
void diffmm__file_unmap(struct diffmm__mapping *mapping);

/* Whether there is a folder, or a regular file, of that name. */
bool diffmm__file_is_folder(const char *path);
bool diffmm__file_exists(const char *path);

/* Names in a folder that end in `suffix`, sorted by strcmp. The array and each name are from the
 * context's allocator. */
diffmm_status diffmm__file_list(const diffmm_context *context, const char *folder,
                                const char *suffix, char ***names, size_t *count);
void diffmm__file_list_end(const diffmm_context *context, char **names, size_t count);

/* folder/name, or the folder that `path` lies in ("." if it names none); NULL without memory. */
char *diffmm__path_join(const diffmm_context *context, const char *folder, const char *name);
char *diffmm__path_folder(const diffmm_context *context, const char *path);

/* A piece of what is to be written. */
struct diffmm__piece {
    const void *data;
    size_t size;
};

/* Replace a file by the pieces in order: a temporary file beside it, fsync, rename, fsync of the
 * folder. On failure the old file is whole and no temporary one is left. */
diffmm_status diffmm__file_replace(const diffmm_context *context, const char *path,
                                   const struct diffmm__piece *pieces, size_t count);

#endif
