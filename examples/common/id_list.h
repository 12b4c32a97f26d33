/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of ids, one a line, as the library reads item_ids.txt (doc/file-formats.md): UTF-8, perhaps
 * with a byte order mark; lines end with LF or CRLF; empty lines at the end are ignored. */
#ifndef DIFFMM_EXAMPLES_ID_LIST_H
#define DIFFMM_EXAMPLES_ID_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct id_list {
    char *text; /* what the ids point to */
    const char **ids;
    size_t count;
};

/* Read a file, or standard input for "-". If that fails, returns false, writes into `why` what is
 * wrong and in which line, and leaves *out empty. */
bool id_list_read(const char *path, struct id_list *out, char *why, size_t why_size);
void id_list_end(struct id_list *list);

#endif
