/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder of a test's own, and whole files as bytes. */
#ifndef DIFFMM_TESTS_FOLDER_H
#define DIFFMM_TESTS_FOLDER_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A temporary folder; the end removes it with the files in it (no folders). */
struct folder {
    char path[64];
};

static inline struct folder folder_begin(void)
{
    struct folder folder = {"/tmp/diffmm-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    return folder;
}

/* How many files there are; perhaps each is removed. */
static inline size_t folder_walk(const struct folder *folder, int remove_them)
{
    size_t count = 0;
    DIR *files = opendir(folder->path);
    ck_assert_ptr_nonnull(files);
    for (const struct dirent *file; (file = readdir(files));) {
        char path[400];
        if (strcmp(file->d_name, ".") == 0 || strcmp(file->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder->path, file->d_name);
        if (remove_them)
            remove(path);
        count++;
    }
    closedir(files);
    return count;
}

static inline size_t folder_count(const struct folder *folder)
{
    return folder_walk(folder, 0);
}

static inline void folder_end(const struct folder *folder)
{
    folder_walk(folder, 1);
    ck_assert_int_eq(rmdir(folder->path), 0);
}

/* The path of a file in it: into an array, or by value. */
static inline void folder_file(const struct folder *folder, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder->path, name);
}

struct path {
    char text[200];
};

static inline struct path folder_path(const struct folder *folder, const char *name)
{
    struct path path;
    snprintf(path.text, sizeof path.text, "%s/%s", folder->path, name);
    return path;
}

static inline void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(size ? fwrite(bytes, 1, size, file) : 0, size);
    ck_assert_int_eq(fclose(file), 0);
}

static inline struct path folder_write(const struct folder *folder, const char *name,
                                       const void *data, size_t size)
{
    struct path path = folder_path(folder, name);
    write_bytes(path.text, data, size);
    return path;
}

static inline struct path folder_write_text(const struct folder *folder, const char *name,
                                            const char *text)
{
    return folder_write(folder, name, text, strlen(text));
}

/* The file's bytes, to be freed. */
static inline unsigned char *read_bytes(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        ck_abort_msg("%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size + 1);
    if (!bytes || fread(bytes, 1, *size, file) != *size)
        ck_abort_msg("%s cannot be read", path);
    fclose(file);
    return bytes;
}

#endif
