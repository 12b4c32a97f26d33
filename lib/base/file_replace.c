/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_place.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status.h"
#include "base/system.h"
#include "base/text.h"

static bool write_all(int file, const unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t written =
            diffmm__sys_write(file, data, size < ((size_t)1 << 30) ? size : (size_t)1 << 30);
        if (written < 0 && errno == EAGAIN && (diffmm__sys_wait(file) > 0 || errno == EINTR))
            continue;
        if (written < 0 && errno == EINTR)
            continue;
        if (written == 0)
            errno = EIO; /* a device that takes nothing would be asked for ever */
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

static bool sync_all(int file)
{
    int result;
    do {
        result = diffmm__sys_fsync(file);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Write the parts, and close the file. A close that a signal interrupts has closed the file
 * nevertheless. */
static diffmm_status fill(int file, bool good, const char *path,
                          const struct diffmm__file_part *parts, size_t count)
{
    for (size_t i = 0; i < count && good; i++)
        good = write_all(file, parts[i].data, parts[i].size);
    /* Pipes and devices cannot be synced, and answer EINVAL. */
    good = good && (sync_all(file) || errno == EINVAL);
    diffmm_status status = good ? DIFFMM_OK : diffmm__file_fail("write", path);
    if (diffmm__sys_close(file) != 0 && errno != EINTR && !status)
        status = diffmm__file_fail("write", path);
    return status;
}

struct job {
    int file;
    const char *path;
    const struct diffmm__file_part *parts;
    size_t count;
    diffmm_status status;
    struct diffmm__error_text said;
};

static void *do_job(void *argument)
{
    struct job *job = argument;
    job->status = fill(job->file, true, job->path, job->parts, job->count);
    job->said = diffmm__error_text_keep();
    return NULL;
}

/* The same for a pipe, whose reader may be gone. That must be an ordinary error and must not raise
 * SIGPIPE, which would end the host. The signal goes to the thread that writes; so a thread of our
 * own writes, which blocks all signals, since the mask of the caller's thread is not ours to
 * change. */
static diffmm_status fill_pipe(int file, const char *path, const struct diffmm__file_part *parts,
                               size_t count)
{
    struct job job = {.file = file, .path = path, .parts = parts, .count = count};
    pthread_t thread;
    int error = diffmm__sys_quiet_thread(&thread, do_job, &job);
    if (error) {
        diffmm__sys_close(file);
        errno = error;
        return diffmm__file_fail("start a thread to write", path);
    }
    pthread_join(thread, NULL);
    if (job.status)
        diffmm__error_text_restore(&job.said);
    return job.status;
}

static diffmm_status write_through(const struct diffmm__place *place,
                                   const struct diffmm__file_part *parts, size_t count)
{
    int file;
    if (place->descriptor >= 0) {
        file = diffmm__sys_duplicate(place->descriptor);
    } else {
        mode_t mode = place->about.st_mode;
        if (!S_ISFIFO(mode) && !S_ISCHR(mode))
            return diffmm__fail(DIFFMM_ERROR_IO, "cannot write %s: it is a %s", place->path,
                                S_ISDIR(mode)    ? "folder"
                                : S_ISSOCK(mode) ? "socket"
                                                 : "block device");
        file = diffmm__file_open(place->folder, place->name, O_WRONLY | O_NOFOLLOW, 0);
    }
    struct stat about;
    if (file < 0)
        return diffmm__file_fail("write", place->path);
    if (diffmm__sys_fstat(file, &about) != 0) {
        diffmm_status status = diffmm__file_fail("examine", place->path);
        diffmm__sys_close(file);
        return status;
    }
    return S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)
               ? fill_pipe(file, place->path, parts, count)
               : fill(file, true, place->path, parts, count);
}

/* Create NAME.tmp-NUMBER. NAME is cut so that the whole is not longer than a name may be; the
 * number is one that no other writer is likely to draw, and O_EXCL makes sure. */
static int create_beside(const struct diffmm__place *place, char temporary[NAME_MAX + 1])
{
    enum { most_tries = 100, kept = 100 };
    int file, tries = 0;
    do {
        snprintf(temporary, NAME_MAX + 1, "%.*s.tmp-%016" PRIx64,
                 (int)diffmm__text_cut(place->name, strlen(place->name), kept), place->name,
                 diffmm__hash_key_draw().low);
        file = diffmm__file_open(place->folder, temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    } while (file < 0 && errno == EEXIST && ++tries < most_tries);
    return file;
}

/* Give a new file the permissions of the one it will replace, if there is one. */
static bool take_permissions(int file, const struct diffmm__place *place)
{
    int result = 0;
    do {
        if (place->exists)
            result = diffmm__sys_fchmod(file, place->about.st_mode & 0777);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Sync the folder, so that the new name lasts. The file has been replaced by now, so a failure here
 * is only logged: after a crash of the machine the old file may be back, which is whole as well.
 * Some file systems cannot sync a folder, and answer EINVAL. */
static void sync_folder(const diffmm_context *context, const struct diffmm__place *place)
{
    int folder = diffmm__file_open(place->folder, ".", O_RDONLY | O_DIRECTORY, 0);
    if ((folder < 0 || !sync_all(folder)) && errno != EINVAL) {
        char text[DIFFMM__REASON];
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%s is written, but its folder cannot be synced: %s", place->path,
                    strerror_r(errno, text, sizeof text));
    }
    if (folder >= 0)
        diffmm__sys_close(folder);
}

static diffmm_status replace(const diffmm_context *context, const struct diffmm__place *place,
                             const struct diffmm__file_part *parts, size_t count)
{
    char temporary[NAME_MAX + 1];
    int file = create_beside(place, temporary);
    if (file < 0)
        return diffmm__file_fail("create a file beside", place->path);
    diffmm_status status = fill(file, take_permissions(file, place), place->path, parts, count);
    if (!status && diffmm__sys_rename(place->folder, temporary, place->name) != 0)
        status = diffmm__file_fail("replace", place->path);
    if (status)
        diffmm__sys_unlink(place->folder, temporary);
    else
        sync_folder(context, place);
    return status;
}

diffmm_status diffmm__file_replace(const diffmm_context *context, const char *path,
                                   const struct diffmm__file_part *parts, size_t count)
{
    struct diffmm__place place;
    diffmm_status status = diffmm__place_find(path, &place);
    if (status)
        return status;
    bool through = place.descriptor >= 0 || (place.exists && !S_ISREG(place.about.st_mode));
    status = through ? write_through(&place, parts, count) : replace(context, &place, parts, count);
    diffmm__place_end(&place);
    return status;
}
