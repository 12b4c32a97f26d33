/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"

diffmm_status diffmm__file_fail(const char *action, const char *path)
{
    int number = errno;
    char text[DIFFMM__REASON];
    const char *reason = strerror_r(number, text, sizeof text);
    return diffmm__fail(number == ENOMEM ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_ERROR_IO,
                        "cannot %s %s: %s", action, path, reason);
}

static diffmm_status map_open(int file, const char *path, struct diffmm__mapping *out)
{
    struct stat about;
    if (diffmm__sys_fstat(file, &about) != 0)
        return diffmm__file_fail("examine", path);
    if (S_ISDIR(about.st_mode))
        return diffmm__fail(DIFFMM_ERROR_IO, "cannot read %s: it is a folder", path);
    if (!S_ISREG(about.st_mode))
        return diffmm__fail(DIFFMM_ERROR_IO, "cannot read %s: it is not a regular file", path);
    static const unsigned char nothing[1] = {0};
    struct diffmm__mapping mapping = {.data = nothing, .size = (size_t)about.st_size};
    if (mapping.size > 0) { /* mmap refuses empty files */
        mapping.address = diffmm__sys_map(file, mapping.size);
        if (mapping.address == MAP_FAILED)
            return diffmm__file_fail("map", path);
        mapping.data = mapping.address;
    }
    *out = mapping;
    return DIFFMM_OK;
}

int diffmm__file_open(int folder, const char *path, int flags, mode_t mode)
{
    int file;
    do {
        file = diffmm__sys_open(folder, path, flags | O_CLOEXEC | O_NOCTTY, mode);
    } while (file < 0 && errno == EINTR);
    if (file < 0 || file > STDERR_FILENO)
        return file;
    int copy = diffmm__sys_duplicate(file), reason = errno;
    diffmm__sys_close(file);
    errno = reason;
    return copy;
}

diffmm_status diffmm__file_map(const char *path, struct diffmm__mapping *out)
{
    /* O_NONBLOCK, since opening a named pipe would wait for its writer. */
    int file = diffmm__file_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    if (file < 0)
        return diffmm__file_fail("open", path);
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

diffmm_status diffmm__file_examine(const char *path, enum diffmm__file_kind *out)
{
    struct stat about;
    if (diffmm__sys_stat(AT_FDCWD, path, &about, 0) == 0)
        *out = S_ISREG(about.st_mode)   ? DIFFMM__FILE_REGULAR
               : S_ISDIR(about.st_mode) ? DIFFMM__FILE_FOLDER
                                        : DIFFMM__FILE_OTHER;
    else if (errno == ENOENT || errno == ENOTDIR)
        *out = DIFFMM__FILE_NONE;
    else
        return diffmm__file_fail("examine", path);
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
            return errno ? diffmm__file_fail("list", path) : DIFFMM_OK;
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
    int file = diffmm__file_open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
    if (file < 0)
        return diffmm__file_fail("open", folder);
    DIR *open_folder = diffmm__sys_opendir(file);
    if (!open_folder) {
        diffmm_status status = diffmm__file_fail("list", folder);
        diffmm__sys_close(file);
        return status;
    }
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
