/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_FILE_PLACE_H
#define DIFFMM_BASE_FILE_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <diffmm/status.h>

/* Where a path leads to, past symbolic links: a name in an open folder, so that what is done there
 * is done in the same folder, and no path made from it can be too long. */
struct diffmm__place {
    const char *path; /* as it was given, for messages; borrowed */
    int folder;
    char name[NAME_MAX + 1];
    int descriptor;    /* that the path names (/dev/stdout, /dev/fd/N), or -1 */
    bool exists;       /* and then: */
    struct stat about; /* what there is */
};

/* Fails where that cannot be told. The folder is to be closed. */
diffmm_status diffmm__place_find(const char *path, struct diffmm__place *out);
void diffmm__place_end(struct diffmm__place *place);

#endif
