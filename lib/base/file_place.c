/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/system.h"

enum { most_links = 40 }; /* the limit of Linux */

/* Split a path at its last slash, open the folder, and keep the name. Writes into `path`. */
static bool enter(struct diffmm__place *place, char *path)
{
    char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path, *folder = slash ? path : ".";
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX) {
        errno = length > 0 ? ENAMETOOLONG : slash ? EISDIR : ENOENT;
        return false;
    }
    memcpy(place->name, name, length + 1);
    if (slash == path)
        folder = "/";
    else if (slash)
        *slash = '\0';
    int before = place->folder;
    place->folder = diffmm__file_open(before, folder, O_PATH | O_DIRECTORY, 0);
    int reason = errno;
    if (before >= 0)
        diffmm__sys_close(before);
    errno = reason;
    return place->folder >= 0;
}

/* If the folder is the system's list of the descriptors of this process (or thread), take the name
 * for a descriptor's number. False with errno. */
static bool look_for_descriptor(struct diffmm__place *place)
{
    static const char *const lists[] = {"/proc/self/fd", "/proc/thread-self/fd"};
    int64_t number;
    struct stat folder, list;
    if (strspn(place->name, "0123456789") != strlen(place->name) ||
        !diffmm__read_integer(place->name, &number) || number > INT_MAX)
        return true;
    if (diffmm__sys_fstat(place->folder, &folder) != 0)
        return false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (diffmm__sys_stat(AT_FDCWD, lists[i], &list, 0) != 0) {
            if (errno != ENOENT && errno != EACCES) /* no such list, or not for us */
                return false;
        } else if (list.st_dev == folder.st_dev && list.st_ino == folder.st_ino) {
            place->descriptor = (int)number;
        }
    }
    return true;
}

/* Follow symbolic links from one to the next until there is none left. False with errno. */
static bool follow(struct diffmm__place *place)
{
    char path[PATH_MAX];
    size_t length = strlen(place->path);
    if (length >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path, place->path, length + 1);
    for (int links = 0; links < most_links; links++) {
        if (!enter(place, path) || !look_for_descriptor(place))
            return false;
        if (place->descriptor >= 0)
            return true;
        ssize_t size = diffmm__sys_readlink(place->folder, place->name, path, sizeof path - 1);
        if (size < 0) /* EINVAL: not a link */
            return errno == EINVAL || errno == ENOENT;
        path[size] = '\0';
    }
    errno = ELOOP;
    return false;
}

diffmm_status diffmm__place_find(const char *path, struct diffmm__place *out)
{
    struct diffmm__place place = {.path = path, .folder = AT_FDCWD, .descriptor = -1};
    /* Ask the system first, which has rules of its own: it does not follow a link that another user
     * has put into a folder that everyone may write to. */
    bool there = diffmm__sys_stat(AT_FDCWD, path, &place.about, 0) == 0;
    if (!there && errno != ENOENT)
        return diffmm__file_fail("examine", path);
    diffmm_status status = follow(&place) ? DIFFMM_OK : diffmm__file_fail("write", path);
    if (!status && place.descriptor < 0) {
        place.exists =
            diffmm__sys_stat(place.folder, place.name, &place.about, AT_SYMLINK_NOFOLLOW) == 0;
        if (!place.exists && errno != ENOENT)
            status = diffmm__file_fail("examine", path);
        else if (!place.exists && there)
            status =
                diffmm__fail(DIFFMM_ERROR_IO,
                             "cannot write %s: the folder that it leads to does not exist", path);
    }
    if (status)
        diffmm__place_end(&place);
    else
        *out = place;
    return status;
}

void diffmm__place_end(struct diffmm__place *place)
{
    if (place->folder >= 0)
        diffmm__sys_close(place->folder);
    place->folder = -1;
}
