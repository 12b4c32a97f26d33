/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of readers and writers share: a folder of their own, files made of given bytes, and
 * checks of failures. */
#ifndef DIFFMM_TESTS_FILES_H
#define DIFFMM_TESTS_FILES_H

#include <check.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "traps.h"

/* A temporary folder; end removes it with the files in it (no folders). */
struct test_folder {
    char path[64];
};

static inline struct test_folder test_folder_begin(void)
{
    struct test_folder folder = {"/tmp/diffmm-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    return folder;
}

static inline size_t test_folder_count(const struct test_folder *folder, int remove_them)
{
    char path[400];
    size_t count = 0;
    DIR *listing = opendir(folder->path);
    ck_assert_ptr_nonnull(listing);
    for (const struct dirent *entry; (entry = readdir(listing));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder->path, entry->d_name);
        if (remove_them)
            remove(path);
        count++;
    }
    closedir(listing);
    return count;
}

static inline void test_folder_end(struct test_folder *folder)
{
    test_folder_count(folder, 1);
    ck_assert_int_eq(rmdir(folder->path), 0);
}

struct test_path {
    char text[200];
};

static inline struct test_path test_path_in(const struct test_folder *folder, const char *name)
{
    struct test_path path;
    snprintf(path.text, sizeof path.text, "%s/%s", folder->path, name);
    return path;
}

/* Bytes put together piece by piece. */
struct test_bytes {
    unsigned char data[16384];
    size_t size;
};

static inline void test_add(struct test_bytes *bytes, const void *data, size_t size)
{
    ck_assert_uint_le(bytes->size + size, sizeof bytes->data);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static inline void test_add_text(struct test_bytes *bytes, const char *text)
{
    test_add(bytes, text, strlen(text));
}

/* A little-endian number of `size` bytes. */
static inline void test_add_number(struct test_bytes *bytes, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(number >> 8 * i);
        test_add(bytes, &byte, 1);
    }
}

static inline struct test_path test_write(const struct test_folder *folder, const char *name,
                                          const void *data, size_t size)
{
    struct test_path path = test_path_in(folder, name);
    FILE *file = fopen(path.text, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static inline struct test_path test_write_text(const struct test_folder *folder, const char *name,
                                               const char *text)
{
    return test_write(folder, name, text, strlen(text));
}

/* A .npy array of version 1. */
static inline void test_add_npy(struct test_bytes *bytes, const char *type, const char *shape,
                                int fortran_order, const void *data, size_t size)
{
    char header[128];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n",
                 type, fortran_order ? "True" : "False", shape);
    test_add(bytes, "\x93NUMPY\x01\x00", 8);
    test_add_number(bytes, (uint64_t)length, 2);
    test_add(bytes, header, (size_t)length);
    test_add(bytes, data, size);
}

/* A call failed with that status, and said so with that text in its message. */
static inline void test_fails(diffmm_status got, diffmm_status wanted, const char *text)
{
    ck_assert_msg(got == wanted, "%s instead of %s (%s)", diffmm_status_name(got),
                  diffmm_status_name(wanted), diffmm_error_message());
    ck_assert_msg(strstr(diffmm_error_message(), text) != NULL, "'%s' is not in '%s'", text,
                  diffmm_error_message());
}

static inline void test_succeeds(diffmm_status got)
{
    ck_assert_msg(got == DIFFMM_OK, "%s: %s", diffmm_status_name(got), diffmm_error_message());
}

static inline diffmm_context *test_context(void)
{
    diffmm_context *context;
    test_succeeds(diffmm_context_create(NULL, &context));
    return context;
}

/* Run all tests of a suite with one test case. */
static inline int test_run(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *group = tcase_create(name);
    with_traps(group);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(group, tests[i]);
    suite_add_tcase(suite, group);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
