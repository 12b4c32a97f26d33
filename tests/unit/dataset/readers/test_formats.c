/* SPDX-License-Identifier: BSD-2-Clause */
/* Every format of the table is found by its ending. */
#include "dataset/readers/formats.h"

#include <stdio.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/context.h"
#include "support/failure.h"

static diffmm_dataset *dataset;

static void begin(void)
{
    diffmm_context *context = new_context(1);
    expect_success(diffmm_dataset_create(context, &dataset));
    diffmm_context_destroy(context);
}

static void end(void)
{
    diffmm_dataset_destroy(dataset);
}

/* What becomes of a file that is not there. */
static diffmm_status expected(const char *ending)
{
#ifndef DIFFMM__HAVE_LIBZIP
    if (strcmp(ending, ".npz") == 0)
        return DIFFMM_ERROR_UNSUPPORTED;
#endif
    (void)ending;
    return DIFFMM_ERROR_IO;
}

START_TEST(formats_have_a_reader)
{
    size_t count;
    const struct diffmm__format *formats = diffmm__formats_list(&count);
    ck_assert_uint_gt(count, 0);
    for (size_t f = 0; f < count; f++) {
        char path[64];
        snprintf(path, sizeof path, "/nowhere/file%s", formats[f].ending);
        ck_assert(formats[f].interactions || formats[f].features);
        ck_assert(formats[f].interactions || !formats[f].split_files);
        if (formats[f].interactions)
            expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path),
                           expected(formats[f].ending), path);
        if (formats[f].features)
            expect_failure(diffmm_dataset_read_modality(dataset, "image", path),
                           expected(formats[f].ending), path);
        for (size_t other = 0; other < f; other++)
            ck_assert_str_ne(formats[other].ending, formats[f].ending);
    }
}
END_TEST

START_TEST(other_endings_name_those_that_are_read)
{
    static const char *const paths[] = {"data.npy", "data.log", "data",
                                        ".tsv",     "tsv",      "data.npz.gz"};
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
        expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, paths[p]),
                       DIFFMM_ERROR_INVALID_ARGUMENT,
                       ".tsv, .csv, .inter, .dat, .data, .txt, .pkl, .npz");
        ck_assert(strncmp(diffmm_error_message(), paths[p], strlen(paths[p])) == 0);
    }
    /* Features are taken as .npy, whatever the file's name. */
    expect_failure(diffmm_dataset_read_modality(dataset, "image", "/nowhere/data.bin"),
                   DIFFMM_ERROR_IO, "/nowhere/data.bin");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {formats_have_a_reader, other_endings_name_those_that_are_read};
    begin();
    int failed = run_tests("dataset/readers/formats", tests, sizeof tests / sizeof *tests);
    end();
    return failed != 0;
}
