/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole file in memory of the service's own. A mapping would be shorter, but whoever cuts the
 * file off or writes over it (`cp new old`) ends every process that has it mapped (SIGBUS), or
 * changes what it computes with. */
#ifndef DIFFMM_EXAMPLES_SERVE_FILE_BYTES_H
#define DIFFMM_EXAMPLES_SERVE_FILE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "failure.h"

struct file_bytes {
    void *data; /* aligned for any use; free() */
    size_t size;
    struct stat file; /* as it was */
};

/* Read a file; refused if it is changed while it is read, as far as its size and time of change tell. The
 * caller releases `data`. `out->file` is set as soon as the file is open, else zero. */
bool file_bytes_read(const char *path, struct file_bytes *out, struct failure *failure);

/* Whether it is the same file, unchanged. */
bool same_file(const struct stat *a, const struct stat *b);

#endif
