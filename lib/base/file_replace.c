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
#include "base/memory.h"
#include "base/sizes.h"
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

/* Where parts go. */
struct output {
    const diffmm_context *context;
    int file;
    const char *path;
    bool pipe;
};

/* Pipes and devices cannot be synced, and answer EINVAL. */
static diffmm_status sync_output(const struct output *output)
{
    return sync_all(output->file) || errno == EINVAL ? DIFFMM_OK
                                                     : diffmm__file_fail("write", output->path);
}

struct job {
    const struct output *output;
    const struct diffmm__file_part *parts;
    size_t count;
    diffmm_status status;
    struct diffmm__error_text said;
};

/* Writes parts that have no source. */
static diffmm_status write_here(const struct job *job)
{
    bool good = true;
    for (size_t i = 0; i < job->count && good; i++)
        good = write_all(job->output->file, job->parts[i].data, job->parts[i].size);
    return good ? DIFFMM_OK : diffmm__file_fail("write", job->output->path);
}

static void *do_job(void *argument)
{
    struct job *job = argument;
    job->status = write_here(job);
    job->said = diffmm__error_text_keep();
    return NULL;
}

/* The same for a pipe, whose reader may be gone. That must be an ordinary error and must not raise
 * SIGPIPE, which would end the host. The signal goes to the thread that writes; so a thread of our
 * own writes, which blocks all signals, since the mask of the caller's thread is not ours to
 * change. */
static diffmm_status write_apart(struct job *job)
{
    pthread_t thread;
    int error = diffmm__sys_quiet_thread(&thread, do_job, job);
    if (error) {
        errno = error;
        return diffmm__file_fail("start a thread to write", job->output->path);
    }
    pthread_join(thread, NULL);
    if (job->status)
        diffmm__error_text_restore(&job->said);
    return job->status;
}

static diffmm_status write_parts(const struct output *output, const struct diffmm__file_part *parts,
                                 size_t count)
{
    struct job job = {.output = output, .parts = parts, .count = count};
    return output->pipe ? write_apart(&job) : write_here(&job);
}

/* Writes what a source gives, block by block. */
static diffmm_status write_source(const struct output *output, const struct diffmm__file_part *part,
                                  void *block)
{
    enum { blocks_of_sync = 256 };
    const struct diffmm__byte_source *source = part->source;
    diffmm_status status = DIFFMM_OK;
    for (size_t done = 0, blocks = 1; done < part->size && !status; blocks++) {
        struct diffmm__file_part some = {
            .data = block, .size = diffmm__size_lesser(part->size - done, diffmm__byte_block)};
        status = source->read(source->state, some.size, block);
        if (!status)
            status = write_parts(output, &some, 1);
        if (!status && blocks % blocks_of_sync == 0)
            status = sync_output(output);
        done += some.size;
    }
    return status;
}

static size_t count_until_source(const struct diffmm__file_part *parts, size_t count)
{
    size_t before = 0;
    while (before < count && !parts[before].source)
        before++;
    return before;
}

static diffmm_status write_all_parts(const struct output *output,
                                     const struct diffmm__file_part *parts, size_t count,
                                     void *block)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t first = 0, plain; first < count && !status; first += plain + 1) {
        plain = count_until_source(parts + first, count - first);
        if (plain > 0)
            status = write_parts(output, parts + first, plain);
        if (!status && first + plain < count)
            status = write_source(output, &parts[first + plain], block);
    }
    return status;
}

/* Write the parts, and close the file, also where `status` says that something has failed already. A
 * close that a signal interrupts has closed the file nevertheless. */
static diffmm_status fill(const struct output *output, diffmm_status status,
                          const struct diffmm__file_part *parts, size_t count)
{
    bool sources = count_until_source(parts, count) < count;
    void *block = sources ? diffmm__allocate(output->context, diffmm__byte_block, 1) : NULL;
    if (!status && sources && !block)
        status = DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = write_all_parts(output, parts, count, block);
    diffmm__release(output->context, block);
    if (!status)
        status = sync_output(output);
    if (diffmm__sys_close(output->file) != 0 && errno != EINTR && !status)
        status = diffmm__file_fail("write", output->path);
    return status;
}

static diffmm_status write_through(const diffmm_context *context, const struct diffmm__place *place,
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
    const struct output output = {.context = context,
                                  .file = file,
                                  .path = place->path,
                                  .pipe = S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)};
    return fill(&output, DIFFMM_OK, parts, count);
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
    const struct output output = {.context = context, .file = file, .path = place->path};
    diffmm_status status =
        take_permissions(file, place) ? DIFFMM_OK : diffmm__file_fail("write", place->path);
    status = fill(&output, status, parts, count);
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
    status = through ? write_through(context, &place, parts, count)
                     : replace(context, &place, parts, count);
    diffmm__place_end(&place);
    return status;
}
