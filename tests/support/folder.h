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

struct folder {
    char path[64];
};

static inline struct folder folder_begin(void)
{
    struct folder folder = {"/tmp/diffmm-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    return folder;
}

static inline void folder_end(const struct folder *folder)
{
    DIR *files = opendir(folder->path);
    ck_assert_ptr_nonnull(files);
    for (struct dirent *file; (file = readdir(files));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder->path, file->d_name);
        if (file->d_name[0] != '.')
            unlink(path);
    }
    closedir(files);
    ck_assert_int_eq(rmdir(folder->path), 0);
}

static inline void folder_file(const struct folder *folder, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder->path, name);
}

static inline void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(size ? fwrite(bytes, 1, size, file) : 0, size);
    ck_assert_int_eq(fclose(file), 0);
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
