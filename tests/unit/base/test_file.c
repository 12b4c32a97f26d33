/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/failure.h"
#include "support/folder.h"

START_TEST(maps_a_file)
{
    struct folder folder = folder_begin();
    struct path path = folder_write_text(&folder, "a", "some bytes");
    struct diffmm__mapping mapping;
    expect_success(diffmm__file_map(path.text, &mapping));
    ck_assert_uint_eq(mapping.size, 10);
    ck_assert_mem_eq(mapping.data, "some bytes", 10);
    diffmm__file_unmap(&mapping);
    ck_assert_ptr_null(mapping.data);
    folder_end(&folder);
}
END_TEST

START_TEST(maps_an_empty_file)
{
    struct folder folder = folder_begin();
    struct path path = folder_write_text(&folder, "empty", "");
    struct diffmm__mapping mapping;
    expect_success(diffmm__file_map(path.text, &mapping));
    ck_assert_uint_eq(mapping.size, 0);
    ck_assert_ptr_nonnull(mapping.data);
    diffmm__file_unmap(&mapping);
    folder_end(&folder);
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
    struct folder folder = folder_begin();
    struct path missing = folder_path(&folder, "missing");
    struct path pipe = folder_path(&folder, "pipe");
    struct diffmm__mapping mapping = {.size = 7};
    expect_failure(diffmm__file_map(missing.text, &mapping), DIFFMM_ERROR_IO, missing.text);
    expect_failure(diffmm__file_map(missing.text, &mapping), DIFFMM_ERROR_IO, "No such file");
    expect_failure(diffmm__file_map(folder.path, &mapping), DIFFMM_ERROR_IO, "folder");
    ck_assert_int_eq(mkfifo(pipe.text, 0600), 0);
    expect_failure(diffmm__file_map(pipe.text, &mapping), DIFFMM_ERROR_IO, "regular");
    ck_assert_uint_eq(mapping.size, 7);
    folder_end(&folder);
}
END_TEST

static void check_kind(const char *path, enum diffmm__file_kind wanted)
{
    enum diffmm__file_kind kind;
    expect_success(diffmm__file_examine(path, &kind));
    ck_assert_int_eq(kind, wanted);
}

START_TEST(tells_what_there_is)
{
    struct folder folder = folder_begin();
    struct path file = folder_write_text(&folder, "a", "some bytes");
    struct path pipe = folder_path(&folder, "pipe");
    ck_assert_int_eq(mkfifo(pipe.text, 0600), 0);
    check_kind(file.text, DIFFMM__FILE_REGULAR);
    check_kind(folder.path, DIFFMM__FILE_FOLDER);
    check_kind(pipe.text, DIFFMM__FILE_OTHER);
    check_kind(folder_path(&folder, "missing").text, DIFFMM__FILE_NONE);
    check_kind(folder_path(&folder, "a/b").text, DIFFMM__FILE_NONE);
    /* Such a name is too long for any file, so the system does not tell what is there. */
    char name[300] = {0};
    memset(name, 'x', sizeof name - 1);
    enum diffmm__file_kind kind = DIFFMM__FILE_OTHER;
    expect_failure(diffmm__file_examine(name, &kind), DIFFMM_ERROR_IO, "File name too long");
    ck_assert_int_eq(kind, DIFFMM__FILE_OTHER);
    folder_end(&folder);
}
END_TEST

START_TEST(lists_names_in_order)
{
    struct folder folder = folder_begin();
    const char *files[] = {"b_feat.npy", "a_feat.npy", "a.txt", ".hidden_feat.npy", "c_feat.npy"};
    for (size_t i = 0; i < 5; i++)
        folder_write_text(&folder, files[i], "");
    char **names;
    size_t count;
    expect_success(diffmm__file_list(NULL, folder.path, "_feat.npy", &names, &count));
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(names[0], "a_feat.npy");
    ck_assert_str_eq(names[1], "b_feat.npy");
    ck_assert_str_eq(names[2], "c_feat.npy");
    diffmm__file_list_end(NULL, names, count);
    expect_success(diffmm__file_list(NULL, folder.path, ".none", &names, &count));
    ck_assert_uint_eq(count, 0);
    diffmm__file_list_end(NULL, names, count);
    struct path missing = folder_path(&folder, "missing");
    expect_failure(diffmm__file_list(NULL, missing.text, "", &names, &count), DIFFMM_ERROR_IO,
                   missing.text);
    folder_end(&folder);
}
END_TEST

static void check_join(const char *folder, const char *name, const char *wanted)
{
    char *path = diffmm__path_join(NULL, folder, name);
    ck_assert_str_eq(path, wanted);
    diffmm__release(NULL, path);
}

static void check_folder(const char *path, const char *wanted)
{
    char *folder = diffmm__path_folder(NULL, path);
    ck_assert_str_eq(folder, wanted);
    diffmm__release(NULL, folder);
}

START_TEST(puts_paths_together)
{
    check_join("a/b", "c", "a/b/c");
    check_join("a/", "c", "a/c");
    check_join("/", "c", "/c");
    check_folder("a/b/c", "a/b");
    check_folder("c", ".");
    check_folder("/c", "/");
}
END_TEST

/* In a host that has closed its standard descriptors, no file of ours gets their numbers. */
START_TEST(keeps_off_the_standard_descriptors)
{
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "file");
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            close(i);
        int wrong = 0, file = diffmm__file_open(AT_FDCWD, path.text, O_WRONLY | O_CREAT, 0600);
        wrong += file < 3 || !(fcntl(file, F_GETFD) & FD_CLOEXEC);
        for (int i = 0; i < 3; i++)
            wrong += fcntl(i, F_GETFD) != -1;
        _exit(wrong);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {maps_a_file,
                                  maps_an_empty_file,
                                  refuses_what_is_no_file,
                                  tells_what_there_is,
                                  lists_names_in_order,
                                  puts_paths_together,
                                  keeps_off_the_standard_descriptors};
    return run_tests("file", tests, sizeof tests / sizeof *tests);
}
