/* SPDX-License-Identifier: BSD-2-Clause */
/* Every number of every file of a folder (DIFFMM_REFERENCE_DIR, or the project's own), one test per
 * file. What kind of file it is, its name says (graph.npz, joint_trans0_m2_cl1.npz); a name of no
 * known kind is a failure, whatever its ending. Only README.md and dot files are passed over. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "support/run.h"

static const struct kind {
    const char *name;
    void (*check)(struct reference *reference);
} kinds[] = {
    {"graph", case_graph},     {"schedule", case_schedule},   {"denoiser", case_denoiser},
    {"reverse", case_reverse}, {"generated", case_generated}, {"joint", case_joint},
    {"metrics", case_metrics}, {"spectral", case_spectral},   {"infonce", case_infonce},
};

enum { MAX_FILES = 4096 };
static const char *folder;
static char *files[MAX_FILES];
static int file_count;
static struct reference reference;

static void close_file(void)
{
    reference_close(&reference);
}

START_TEST(reproduces_file)
{
    const char *file = files[_i];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i].name);
        if (strncmp(file, kinds[i].name, length) != 0 ||
            (file[length] != '_' && strcmp(file + length, ".npz") != 0))
            continue;
        reference_open(&reference, folder, file);
        kinds[i].check(&reference);
        reference_finish(&reference);
        return;
    }
    ck_abort_msg("%s/%s: no kind of reference file has such a name", folder, file);
}
END_TEST

START_TEST(folder_has_files)
{
    ck_assert_msg(file_count > 0, "%s: no file there", folder);
    ck_assert_msg(file_count < MAX_FILES, "%s: too many files", folder);
}
END_TEST

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_files(void)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return; /* folder_has_files fails */
    struct dirent *entry;
    while (file_count < MAX_FILES && (entry = readdir(directory))) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "README.md") != 0)
            files[file_count++] = strdup(entry->d_name);
    }
    closedir(directory);
    qsort(files, (size_t)file_count, sizeof files[0], by_name);
}

int main(void)
{
    folder = getenv("DIFFMM_REFERENCE_DIR");
    if (!folder || !*folder)
        folder = getenv("DIFFMM_REFERENCE_DEFAULT");
    if (!folder || !*folder)
        folder = "tests/reference/data";
    list_files();

    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, NULL, close_file);
    with_traps(tests);
    tcase_add_test(tests, folder_has_files);
    tcase_add_loop_test(tests, reproduces_file, 0, file_count);
    int failed = run_case("reference", tests);
    for (int i = 0; i < file_count; i++)
        free(files[i]);
    return failed != 0;
}
