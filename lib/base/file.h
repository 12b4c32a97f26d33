/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's only way to the file system. Whatever the system refuses is DIFFMM_ERROR_IO with
 * the system's reason and the path (DIFFMM_ERROR_NO_MEMORY where the reason is ENOMEM). A call that
 * a signal interrupts is made again. */
#ifndef DIFFMM_BASE_FILE_H
#define DIFFMM_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include <diffmm/context.h>

/* The error "cannot ACTION PATH: reason", with the reason of errno. */
enum { DIFFMM__REASON = 128 };
diffmm_status diffmm__file_fail(const char *action, const char *path);

/* openat(), made again after a signal. The descriptor is never that of standard input, output or
 * error: where a host has closed these, what it prints would land in the file. */
int diffmm__file_open(int folder, const char *path, int flags, mode_t mode);

/* A whole file, mapped read-only. */
struct diffmm__mapping {
    const unsigned char *data; /* never NULL once mapped, also for an empty file */
    size_t size;
    void *address; /* for munmap; NULL for an empty file */
};

/* Map a file. A folder, and anything else that is not a regular file, is DIFFMM_ERROR_IO. */
diffmm_status diffmm__file_map(const char *path, struct diffmm__mapping *out);
void diffmm__file_unmap(struct diffmm__mapping *mapping);

/* What stands at a path; an error where the system does not tell. */
enum diffmm__file_kind {
    DIFFMM__FILE_NONE,
    DIFFMM__FILE_REGULAR,
    DIFFMM__FILE_FOLDER,
    DIFFMM__FILE_OTHER
};
diffmm_status diffmm__file_examine(const char *path, enum diffmm__file_kind *out);

/* Names in a folder that end in `suffix`, sorted by strcmp. The array and each name are from the
 * context's allocator. */
diffmm_status diffmm__file_list(const diffmm_context *context, const char *folder,
                                const char *suffix, char ***names, size_t *count);
void diffmm__file_list_end(const diffmm_context *context, char **names, size_t count);

/* The path folder/name; and the folder part of `path`, or "." if it has none. NULL without
 * memory. */
char *diffmm__path_join(const diffmm_context *context, const char *folder, const char *name);
char *diffmm__path_folder(const diffmm_context *context, const char *path);

#endif
