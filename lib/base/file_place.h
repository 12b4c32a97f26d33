/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_FILE_PLACE_H
#define DIFFMM_BASE_FILE_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <diffmm/status.h>

/* Where a path leads to after all symbolic links: a name in an open folder. All work is then done
 * in that same folder, and no path built from it can be too long. */
struct diffmm__place {
    const char *path; /* as given, for messages; borrowed */
    int folder;
    char name[NAME_MAX + 1];
    int descriptor;    /* the descriptor that the path names (/dev/stdout, /dev/fd/N), or -1 */
    bool exists;       /* whether the name exists, and if so: */
    struct stat about; /* its kind and permissions */
};

/* Find the place; an error where the system does not tell. diffmm__place_end() closes the
 * folder. */
diffmm_status diffmm__place_find(const char *path, struct diffmm__place *out);
void diffmm__place_end(struct diffmm__place *place);

#endif
