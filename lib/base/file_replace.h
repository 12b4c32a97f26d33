/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_FILE_REPLACE_H
#define DIFFMM_BASE_FILE_REPLACE_H

#include <stddef.h>

#include <diffmm/context.h>

#include "base/byte_source.h"

/* A part of what is to be written: an array, which may come from a source. */
struct diffmm__file_part {
    const void *data;
    size_t size;
    const struct diffmm__byte_source *source; /* NULL: it is at `data` */
};

/* Write the parts in order to what the path leads to:
 *   - a regular file, or nothing yet: replaced in one step, by a temporary file beside it, fsync,
 *     rename, fsync of the folder. Of a symbolic link, that is the file it leads to, and the link
 *     stays. On failure the old file is whole and no temporary one is left. Where only the last
 *     step fails, the file is replaced: that is a success, with a warning in the log.
 *   - a pipe or a character device (a terminal, /dev/null), or a descriptor that is open in this
 *     process (/dev/stdout, /dev/fd/N): written through.
 *   - anything else (a folder, a socket, a block device): refused.
 * What a source gives is synced as it comes, since somebody may wait for the end. */
diffmm_status diffmm__file_replace(const diffmm_context *context, const char *path,
                                   const struct diffmm__file_part *parts, size_t count);

#endif
