/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"

enum { reason_size = 128 };

/* "cannot ACTION PATH: reason", where the reason is errno's. */
static diffmm_status fail_errno(const char *action, const char *path)
{
    int number = errno;
    char text[reason_size];
    const char *reason = strerror_r(number, text, sizeof text);
    return diffmm__fail(number == ENOMEM ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_ERROR_IO,
                        "cannot %s %s: %s", action, path, reason);
}

static diffmm_status map_open(int file, const char *path, struct diffmm__mapping *out)
{
    struct stat about;
    if (diffmm__sys_fstat(file, &about) != 0)
        return fail_errno("examine", path);
    if (S_ISDIR(about.st_mode))
        return diffmm__fail(DIFFMM_ERROR_IO, "cannot read %s: it is a folder", path);
    if (!S_ISREG(about.st_mode))
        return diffmm__fail(DIFFMM_ERROR_IO, "cannot read %s: it is not a regular file", path);
    static const unsigned char nothing[1] = {0};
    struct diffmm__mapping mapping = {.data = nothing, .size = (size_t)about.st_size};
    if (mapping.size > 0) { /* mmap refuses empty files */
        mapping.address = diffmm__sys_map(file, mapping.size);
        if (mapping.address == MAP_FAILED)
            return fail_errno("map", path);
        mapping.data = mapping.address;
    }
    *out = mapping;
    return DIFFMM_OK;
}

/* open, again after a signal. */
static int open_again(const char *path, int flags, mode_t mode)
{
    int file;
    do {
        file = diffmm__sys_open(path, flags | O_CLOEXEC, mode);
    } while (file < 0 && errno == EINTR);
    return file;
}

diffmm_status diffmm__file_map(const char *path, struct diffmm__mapping *out)
{
    /* Not blocking, since opening a named pipe would wait for its writer. */
    int file = open_again(path, O_RDONLY | O_NONBLOCK, 0);
    if (file < 0)
        return fail_errno("open", path);
    diffmm_status status = map_open(file, path, out);
    diffmm__sys_close(file);
    return status;
}

void diffmm__file_unmap(struct diffmm__mapping *mapping)
{
    if (mapping->address)
        diffmm__sys_unmap(mapping->address, mapping->size);
    *mapping = (struct diffmm__mapping){0};
}

diffmm_status diffmm__file_kind(const char *path, enum diffmm__file_kind *out)
{
    struct stat about;
    if (diffmm__sys_stat(path, &about) == 0)
        *out = S_ISREG(about.st_mode)   ? DIFFMM__FILE_REGULAR
               : S_ISDIR(about.st_mode) ? DIFFMM__FILE_FOLDER
                                        : DIFFMM__FILE_OTHER;
    else if (errno == ENOENT || errno == ENOTDIR)
        *out = DIFFMM__FILE_NONE;
    else
        return fail_errno("examine", path);
    return DIFFMM_OK;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = strlen(suffix);
    return length >= end && strcmp(name + length - end, suffix) == 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static diffmm_status collect_names(const diffmm_context *context, const char *path, DIR *folder,
                                   const char *suffix, char ***names, size_t *count)
{
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = diffmm__sys_readdir(folder);
        if (!entry)
            return errno ? fail_errno("list", path) : DIFFMM_OK;
        if (entry->d_name[0] == '.' || !has_suffix(entry->d_name, suffix))
            continue;
        diffmm_status status =
            diffmm__grow(context, names, &capacity, *count, *count + 1, sizeof **names);
        if (status)
            return status;
        char *name = diffmm__copy_text(context, entry->d_name);
        if (!name)
            return DIFFMM_ERROR_NO_MEMORY;
        (*names)[(*count)++] = name;
    }
}

diffmm_status diffmm__file_list(const diffmm_context *context, const char *folder,
                                const char *suffix, char ***names, size_t *count)
{
    DIR *open_folder;
    do {
        open_folder = diffmm__sys_opendir(folder);
    } while (!open_folder && errno == EINTR);
    if (!open_folder)
        return fail_errno("open", folder);
    char **found = NULL;
    size_t found_count = 0;
    diffmm_status status =
        collect_names(context, folder, open_folder, suffix, &found, &found_count);
    diffmm__sys_closedir(open_folder);
    if (status) {
        diffmm__file_list_end(context, found, found_count);
        return status;
    }
    if (found_count > 1)
        qsort(found, found_count, sizeof *found, compare_names);
    *names = found;
    *count = found_count;
    return DIFFMM_OK;
}

void diffmm__file_list_end(const diffmm_context *context, char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        diffmm__release(context, names[i]);
    diffmm__release(context, names);
}

char *diffmm__path_join(const diffmm_context *context, const char *folder, const char *name)
{
    size_t length = strlen(folder), size = length + strlen(name) + 2;
    char *path = diffmm__allocate(context, size, 1);
    if (path)
        snprintf(path, size, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/",
                 name);
    return path;
}

char *diffmm__path_folder(const diffmm_context *context, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return diffmm__copy_text(context, ".");
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    char *folder = diffmm__allocate(context, length + 1, 1);
    if (folder) {
        memcpy(folder, path, length);
        folder[length] = 0;
    }
    return folder;
}

static bool write_all(int file, const unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t written =
            diffmm__sys_write(file, data, size < ((size_t)1 << 30) ? size : (size_t)1 << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written == 0)
            errno = EIO; /* of a regular file, none is no progress at all */
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

/* Give a new file the permissions of the one it will replace, if there is one. */
static bool take_permissions(int file, const char *path)
{
    struct stat old;
    int result;
    if (diffmm__sys_stat(path, &old) != 0)
        return errno == ENOENT;
    do {
        result = diffmm__sys_fchmod(file, old.st_mode & 0777);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Write, sync and close a new file. After a signal a closed file is closed all the same. */
static diffmm_status fill(int file, const char *temporary, const char *path,
                          const struct diffmm__piece *pieces, size_t count)
{
    bool good = take_permissions(file, path);
    for (size_t i = 0; i < count && good; i++)
        good = write_all(file, pieces[i].data, pieces[i].size);
    good = good && sync_all(file);
    diffmm_status status = good ? DIFFMM_OK : fail_errno("write", temporary);
    if (diffmm__sys_close(file) != 0 && errno != EINTR && !status)
        status = fail_errno("write", temporary);
    return status;
}

/* Create path.tmp-PROCESS-NUMBER for the first number that is free. */
static int create_beside(const char *path, char *temporary, size_t size)
{
    int file;
    unsigned number = 0;
    do {
        snprintf(temporary, size, "%s.tmp-%ld-%u", path, (long)getpid(), number++);
        file = open_again(temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    } while (file < 0 && errno == EEXIST && number < 1000);
    return file;
}

static diffmm_status replace_in(const char *path, char *temporary, size_t size,
                                const struct diffmm__piece *pieces, size_t count)
{
    int file = create_beside(path, temporary, size);
    if (file < 0)
        return fail_errno("create", temporary);
    diffmm_status status = fill(file, temporary, path, pieces, count);
    if (!status && diffmm__sys_rename(temporary, path) != 0)
        status = fail_errno("replace", path);
    if (status)
        diffmm__sys_unlink(temporary);
    return status;
}

/* Make sure of the new name. The file stands replaced by now, so that this can fail no more: a
 * crash of the machine may bring back the old one, which is as whole. Some file systems cannot sync
 * a folder, and say so with EINVAL. */
static void sync_folder(const diffmm_context *context, int folder, const char *path)
{
    if (!sync_all(folder) && errno != EINVAL) {
        char text[reason_size];
        diffmm__log(context, DIFFMM_LOG_WARNING,
                    "%s is written, but its folder cannot be synced: %s", path,
                    strerror_r(errno, text, sizeof text));
    }
}

diffmm_status diffmm__file_replace(const diffmm_context *context, const char *path,
                                   const struct diffmm__piece *pieces, size_t count)
{
    size_t size = strlen(path) + 48;
    char *folder_path = diffmm__path_folder(context, path);
    char *temporary = folder_path ? diffmm__allocate(context, size, 1) : NULL;
    diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
    if (!temporary)
        goto done;
    int folder = open_again(folder_path, O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0) {
        status = fail_errno("open", folder_path);
        goto done;
    }
    status = replace_in(path, temporary, size, pieces, count);
    if (!status)
        sync_folder(context, folder, path);
    diffmm__sys_close(folder);
done:
    diffmm__release(context, temporary);
    diffmm__release(context, folder_path);
    return status;
}
