/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"

/* "cannot ACTION PATH: reason", where the reason is errno's. */
static diffmm_status fail_errno(const char *action, const char *path)
{
    char text[128];
    const char *reason = strerror_r(errno, text, sizeof text);
    return diffmm__fail(DIFFMM_ERROR_IO, "cannot %s %s: %s", action, path, reason);
}

static diffmm_status map_open(int file, const char *path, struct diffmm__mapping *out)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        return fail_errno("examine", path);
    if (S_ISDIR(about.st_mode))
        return diffmm__fail(DIFFMM_ERROR_IO, "cannot read %s: it is a folder", path);
    if (!S_ISREG(about.st_mode))
        return diffmm__fail(DIFFMM_ERROR_IO, "cannot read %s: it is not a regular file", path);
    static const unsigned char nothing[1];
    struct diffmm__mapping mapping = {.data = nothing, .size = (size_t)about.st_size};
    if (mapping.size > 0) { /* mmap refuses empty files */
        mapping.address = mmap(NULL, mapping.size, PROT_READ, MAP_PRIVATE, file, 0);
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
        file = open(path, flags | O_CLOEXEC, mode);
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
    close(file);
    return status;
}

void diffmm__file_unmap(struct diffmm__mapping *mapping)
{
    if (mapping->address)
        munmap(mapping->address, mapping->size);
    *mapping = (struct diffmm__mapping){0};
}

bool diffmm__file_is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool diffmm__file_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
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
        const struct dirent *entry = readdir(folder);
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
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return fail_errno("open", folder);
    char **found = NULL;
    size_t found_count = 0;
    diffmm_status status =
        collect_names(context, folder, open_folder, suffix, &found, &found_count);
    closedir(open_folder);
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
        ssize_t written = write(file, data, size < ((size_t)1 << 30) ? size : (size_t)1 << 30);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
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
        result = fsync(file);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Write, sync and close a new file. It gets the permissions of the one it will replace. */
static diffmm_status fill(int file, const char *temporary, const char *path,
                          const struct diffmm__piece *pieces, size_t count)
{
    struct stat old;
    bool good = stat(path, &old) != 0 || fchmod(file, old.st_mode & 0777) == 0;
    for (size_t i = 0; i < count && good; i++)
        good = write_all(file, pieces[i].data, pieces[i].size);
    good = good && sync_all(file);
    diffmm_status status = good ? DIFFMM_OK : fail_errno("write", temporary);
    if (close(file) != 0 && !status)
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

static diffmm_status replace_in(int folder, const char *path, char *temporary, size_t size,
                                const struct diffmm__piece *pieces, size_t count)
{
    int file = create_beside(path, temporary, size);
    if (file < 0)
        return fail_errno("create", temporary);
    diffmm_status status = fill(file, temporary, path, pieces, count);
    if (!status && rename(temporary, path) != 0)
        status = fail_errno("replace", path);
    if (status) {
        unlink(temporary);
        return status;
    }
    /* Some file systems cannot sync a folder, and say so with EINVAL. */
    if (!sync_all(folder) && errno != EINVAL)
        return fail_errno("sync the folder of", path);
    return DIFFMM_OK;
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
    status = replace_in(folder, path, temporary, size, pieces, count);
    close(folder);
done:
    diffmm__release(context, temporary);
    diffmm__release(context, folder_path);
    return status;
}
