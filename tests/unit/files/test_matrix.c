/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/matrix.h"

#include <math.h>

#include "files/safetensors_write.h"
#include "support/failure.h"

static const float values[] = {1, 2, 3, 4, 5, 6}, bad[] = {1, 2, 3, NAN, 5, 6};
static diffmm_context *context;
static unsigned char bytes[4096];
static struct diffmm__safetensors *file;

static void begin(void)
{
    const struct diffmm__tensor tensors[] = {{"matrix", DIFFMM__F32, 2, 3, values, NULL},
                                             {"vector", DIFFMM__F32, 6, 0, values, NULL},
                                             {"bad", DIFFMM__F32, 3, 2, bad, NULL}};
    size_t size;
    const struct diffmm__target target = {.data = bytes, .capacity = sizeof bytes, .size = &size};
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm__safetensors_write_target(context, &target, NULL, 0, tensors, 3));
    expect_success(diffmm__safetensors_open_source(
        context, &(struct diffmm__source){.data = bytes, .size = size}, &file));
}

static void end(void)
{
    diffmm__safetensors_close(file);
    diffmm_context_destroy(context);
}

START_TEST(matrices_are_found_in_place_and_copied)
{
    const float *found;
    float copy[6] = {0};
    begin();
    expect_success(diffmm__matrix_find(file, "matrix", 2, 3, &found));
    ck_assert_mem_eq(found, values, sizeof values);
    ck_assert((const unsigned char *)found > bytes &&
              (const unsigned char *)found < bytes + sizeof bytes);
    expect_success(diffmm__matrix_find(file, "matrix", 2, 3, NULL));
    expect_success(diffmm__matrix_find_finite(file, "vector", 6, 1, &found));
    ck_assert_mem_eq(found, values, sizeof values);
    expect_success(diffmm__matrix_read(file, "matrix", 2, 3, copy));
    ck_assert_mem_eq(copy, values, sizeof values);
    end();
}
END_TEST

START_TEST(another_shape_is_refused)
{
    const float *found;
    const diffmm_status wrong = DIFFMM_ERROR_FORMAT;
    begin();
    expect_failure(diffmm__matrix_find(file, "matrix", 3, 2, &found), wrong,
                   "data: tensor 'matrix' is 2 x 3, not 3 x 2");
    expect_failure(diffmm__matrix_find(file, "matrix", 6, 1, NULL), wrong, "2 x 3, not 6 x 1");
    expect_failure(diffmm__matrix_find(file, "vector", 2, 3, &found), wrong, "6 x 1, not 2 x 3");
    expect_failure(diffmm__matrix_find(file, "other", 2, 3, &found), wrong, "no tensor 'other'");
    end();
}
END_TEST

START_TEST(values_are_checked_where_they_are_wanted_finite)
{
    const float *found;
    float copy[6];
    begin();
    expect_success(diffmm__matrix_find(file, "bad", 3, 2, &found));
    expect_failure(diffmm__matrix_find_finite(file, "bad", 3, 2, &found), DIFFMM_ERROR_FORMAT,
                   "tensor 'bad' holds NaN");
    expect_failure(diffmm__matrix_read(file, "bad", 3, 2, copy), DIFFMM_ERROR_FORMAT,
                   "tensor 'bad' holds NaN");
    end();
}
END_TEST

START_TEST(squares_and_sizes_are_checked)
{
    const float negative[] = {0, 1, -0.5f};
    const struct diffmm__tensor tensor = {"negative", DIFFMM__F32, 3, 0, negative, NULL};
    size_t size;
    const struct diffmm__target target = {.data = bytes, .capacity = sizeof bytes, .size = &size};
    struct diffmm__safetensors *small;
    float copy[6];
    begin();
    expect_success(diffmm__matrix_read_squares(file, "vector", 6, 1, copy));
    ck_assert_mem_eq(copy, values, sizeof values);
    expect_failure(diffmm__matrix_read_squares(file, "bad", 3, 2, copy), DIFFMM_ERROR_FORMAT,
                   "'bad' holds NaN");
    expect_success(diffmm__matrix_check_sizes(file, 5, 3)); /* 18 floats */
    expect_failure(diffmm__matrix_check_sizes(file, 6, 3), DIFFMM_ERROR_FORMAT, "84 bytes");
    end();
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm__safetensors_write_target(context, &target, NULL, 0, &tensor, 1));
    expect_success(diffmm__safetensors_open_source(
        context, &(struct diffmm__source){.data = bytes, .size = size}, &small));
    expect_failure(diffmm__matrix_read_squares(small, "negative", 3, 1, copy), DIFFMM_ERROR_FORMAT,
                   "tensor 'negative' is negative at 2");
    diffmm__safetensors_close(small);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {matrices_are_found_in_place_and_copied, another_shape_is_refused,
                                  values_are_checked_where_they_are_wanted_finite,
                                  squares_and_sizes_are_checked};
    return run_tests("matrix", tests, sizeof tests / sizeof *tests) != 0;
}
