/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/load.h"

#include "files/safetensors_write.h"
#include "support/failure.h"
#include "support/folder.h"

static const float values[] = {1, 2, 3};
static diffmm_context *context;
static unsigned char bytes[4096];
static size_t size;
static struct diffmm__safetensors *kept;

static void begin(void)
{
    const struct diffmm__tensor tensor = {"values", DIFFMM__F32, 3, 0, values, NULL};
    const struct diffmm__target target = {.data = bytes, .capacity = sizeof bytes, .size = &size};
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm__safetensors_write_target(context, &target, NULL, 0, &tensor, 1));
}

/* Three kinds of files: one that makes a number, one that keeps the file, one that refuses it. */
static diffmm_status read_count(struct diffmm__safetensors **file, void *out)
{
    size_t *count = out;
    *count = diffmm__safetensors_count(*file);
    return DIFFMM_OK;
}

static diffmm_status keep(struct diffmm__safetensors **file, void *out)
{
    struct diffmm__safetensors **result = out;
    *result = *file;
    *file = NULL;
    return DIFFMM_OK;
}

static diffmm_status refuse(struct diffmm__safetensors **file, void *out)
{
    (void)file;
    (void)out;
    return DIFFMM_ERROR_FORMAT;
}

static const struct diffmm__loader counts = {.read = read_count}, keeps = {.read = keep},
                                   refuses = {.read = refuse},
                                   headers = {.read = read_count, .header_only = true};

START_TEST(from_memory_and_from_a_path_alike)
{
    char path[128];
    size_t count = 0;
    struct folder folder = folder_begin();
    begin();
    folder_file(&folder, "file.safetensors", path);
    const struct diffmm__tensor tensor = {"values", DIFFMM__F32, 3, 0, values, NULL};
    expect_success(diffmm__safetensors_write(context, path, NULL, 0, &tensor, 1));
    expect_success(diffmm__load_path(&counts, context, path, &count));
    ck_assert_uint_eq(count, 1);
    count = 0;
    expect_success(diffmm__load_memory(&counts, context, bytes, size, &count));
    ck_assert_uint_eq(count, 1);
    expect_failure(diffmm__load_path(&refuses, context, path, &count), DIFFMM_ERROR_FORMAT, "");
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(an_object_may_keep_the_file)
{
    struct diffmm__tensor tensor;
    begin();
    expect_success(diffmm__load_memory(&keeps, context, bytes, size, &kept));
    diffmm_context_destroy(context); /* which the file holds, too */
    expect_success(diffmm__safetensors_find(kept, "values", DIFFMM__F32, &tensor));
    ck_assert_mem_eq(tensor.data, values, sizeof values);
    diffmm__safetensors_close(kept);
}
END_TEST

START_TEST(a_header_is_enough_where_only_the_header_is_wanted)
{
    /* Misaligned data would be copied. */
    static unsigned char shifted[sizeof bytes + 1];
    size_t count = 0;
    begin();
    memcpy(shifted + 1, bytes, size);
    expect_success(diffmm__load_memory(&headers, context, shifted + 1, size, &count));
    ck_assert_uint_eq(count, 1);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(missing_arguments_are_named)
{
    size_t count;
    begin();
    expect_invalid(diffmm__load_path(&counts, NULL, "file", &count), "context");
    expect_invalid(diffmm__load_path(&counts, context, NULL, &count), "path");
    expect_invalid(diffmm__load_path(&counts, context, "file", NULL), "out");
    expect_invalid(diffmm__load_memory(&counts, NULL, bytes, size, &count), "context");
    expect_invalid(diffmm__load_memory(&counts, context, NULL, size, &count), "data");
    expect_invalid(diffmm__load_memory(&counts, context, bytes, size, NULL), "out");
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {from_memory_and_from_a_path_alike, an_object_may_keep_the_file,
                                  a_header_is_enough_where_only_the_header_is_wanted,
                                  missing_arguments_are_named};
    return run_tests("load", tests, sizeof tests / sizeof *tests) != 0;
}
