/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include "base/memory.h"
#include "support/failing.h"

static void expect_message(const char *part)
{
    ck_assert_msg(strstr(diffmm_error_message(), part), "no '%s' in '%s'", part,
                  diffmm_error_message());
}

START_TEST(blocks_are_aligned)
{
    struct failing failing = {0};
    diffmm_context *const contexts[] = {NULL, failing_context(&failing, 1)};
    for (size_t c = 0; c < 2; c++) {
        unsigned char *blocks[200];
        for (size_t i = 0; i < 200; i++) {
            blocks[i] = diffmm__allocate(contexts[c], i, 3);
            ck_assert_ptr_nonnull(blocks[i]);
            ck_assert_uint_eq((uintptr_t)blocks[i] % 64, 0);
            /* At least one byte. */
            memset(blocks[i], (int)i, i ? i * 3 : 1);
        }
        for (size_t i = 0; i < 200; i++) {
            ck_assert(blocks[i][0] == i && (i == 0 || blocks[i][i * 3 - 1] == i));
            diffmm__release(contexts[c], blocks[i]);
        }
        diffmm__release(contexts[c], NULL);
    }
    diffmm_context_destroy(contexts[1]);
}
END_TEST

/* A host whose memory is not zero and only just aligned. */
static void *dirty_allocate(size_t size, void *user_data)
{
    char *memory = malloc(size + 16);
    if (!memory)
        return NULL;
    memset(memory, 0xAB, size + 16);
    size_t *shift = user_data;
    return memory + *shift;
}

static void dirty_release(void *pointer, void *user_data)
{
    size_t *shift = user_data;
    free((char *)pointer - *shift);
}

START_TEST(zero_blocks_are_zero)
{
    static const size_t shifts[] = {0, 16};
    for (size_t s = 0; s < 2; s++) {
        size_t shift = shifts[s];
        diffmm_context *context;
        const diffmm_context_settings settings = {.threads = 2,
                                                  .allocate = dirty_allocate,
                                                  .release = dirty_release,
                                                  .allocator_data = &shift};
        expect_success(diffmm_context_create(&settings, &context));
        struct diffmm__arena arena = diffmm__arena_on(context);
        for (size_t n = 0; n < 100; n++) {
            unsigned char *block = diffmm__allocate_zero(context, n, 7);
            unsigned char *taken = diffmm__arena_take_zero(&arena, 7, n);
            ck_assert(block && taken);
            ck_assert_uint_eq((uintptr_t)block % 64, 0);
            ck_assert_uint_eq((uintptr_t)taken % 64, 0);
            for (size_t i = 0; i < 7 * n; i++)
                ck_assert(block[i] == 0 && taken[i] == 0);
            diffmm__release(context, block);
        }
        diffmm__arena_end(&arena);
        diffmm_context_destroy(context);
    }
}
END_TEST

START_TEST(sizes_that_overflow)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    size_t before = failing.count;
    static const size_t sizes[][2] = {{SIZE_MAX, 2},    {SIZE_MAX / 2, 3}, {(size_t)1 << 62, 4},
                                      {SIZE_MAX, 1},    {PTRDIFF_MAX, 1},  {PTRDIFF_MAX - 100, 1},
                                      {1, SIZE_MAX - 8}};
    struct diffmm__arena arena = diffmm__arena_on(context);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_ptr_null(diffmm__allocate(context, sizes[i][0], sizes[i][1]));
        expect_message("exceed the address space");
        ck_assert_ptr_null(diffmm__allocate_zero(context, sizes[i][0], sizes[i][1]));
    }
    /* The host is not even asked. */
    ck_assert_uint_eq(failing.count, before);
    ck_assert_ptr_null(diffmm__arena_take_zero(&arena, SIZE_MAX, 2));
    ck_assert(arena.failed);
    diffmm__arena_end(&arena);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(failure_names_the_size)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    failing.onwards = true;
    failing.fail = failing.count + 1;
    ck_assert_ptr_null(diffmm__allocate(context, 12, 10));
    expect_message("120 bytes");
    ck_assert_ptr_null(diffmm__copy_text(context, "text"));
    expect_message("5 bytes");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(arrays_grow)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    size_t before = failing.count;
    int *values = NULL;
    size_t capacity = 0;
    for (size_t used = 0; used < 5000; used++) {
        expect_success(diffmm__grow(context, &values, &capacity, used, used + 1, sizeof *values));
        ck_assert_uint_gt(capacity, used);
        values[used] = (int)used;
    }
    /* It doubles. */
    ck_assert_uint_le(failing.count - before, 12);
    for (size_t i = 0; i < 5000; i++)
        ck_assert_int_eq(values[i], (int)i);
    expect_success(diffmm__grow(context, &values, &capacity, 5000, 100000, sizeof *values));
    ck_assert_uint_ge(capacity, 100000);
    values[99999] = 1;

    /* Where there is no memory the array is as it was. */
    int *const same = values;
    const size_t capacity_before = capacity;
    failing.fail = failing.count + 1;
    ck_assert_int_eq(diffmm__grow(context, &values, &capacity, 5000, capacity + 1, sizeof *values),
                     DIFFMM_ERROR_NO_MEMORY);
    ck_assert_int_eq(diffmm__grow(context, &values, &capacity, 5000, SIZE_MAX, sizeof *values),
                     DIFFMM_ERROR_NO_MEMORY);
    ck_assert(values == same && capacity == capacity_before && values[4999] == 4999);
    diffmm__release(context, values);
    diffmm_context_destroy(context);
}
END_TEST

/* Those of more than 16 MB grow by a quarter. */
START_TEST(large_arrays_grow_less)
{
    enum { large = 1 << 24 };
    char *values = NULL;
    size_t capacity = 0;
    expect_success(diffmm__grow(NULL, &values, &capacity, 0, large, 1));
    ck_assert_uint_eq(capacity, large);
    values[large - 1] = 'x';
    expect_success(diffmm__grow(NULL, &values, &capacity, large, large + 1, 1));
    ck_assert_uint_eq(capacity, large + large / 4);
    ck_assert_int_eq(values[large - 1], 'x');
    diffmm__release(NULL, values);
}
END_TEST

START_TEST(texts_are_copied)
{
    char text[] = "some text";
    char *copy = diffmm__copy_text(NULL, text), *empty = diffmm__copy_text(NULL, "");
    text[0] = 'S';
    ck_assert_str_eq(copy, "some text");
    ck_assert_str_eq(empty, "");
    diffmm__release(NULL, copy);
    diffmm__release(NULL, empty);
}
END_TEST

static diffmm_status use_arena(void *argument)
{
    diffmm_context *context = argument;
    struct diffmm__arena arena = diffmm__arena_on(context);
    unsigned char *blocks[20];
    bool failed = false;
    for (size_t i = 0; i < 20; i++) {
        blocks[i] = diffmm__arena_take(&arena, 100, i + 1);
        failed = failed || !blocks[i];
        /* Those after a failed one fail too. */
        ck_assert(failed == arena.failed && failed == !blocks[i]);
        if (!failed)
            memset(blocks[i], (int)i, 100 * (i + 1));
    }
    for (size_t i = 0; i < 20 && blocks[i]; i++)
        ck_assert(blocks[i][0] == i && blocks[i][100 * (i + 1) - 1] == i);
    diffmm__arena_end(&arena);
    return failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

START_TEST(arenas_fail_whole_and_end_whole)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    ck_assert_uint_ge(fail_each_allocation(&failing, use_arena, context), 40);
    expect_success(use_arena(NULL));
    diffmm_context_destroy(context);
}
END_TEST

static size_t asked;

static void *asking_allocate(size_t size, void *user_data)
{
    (void)user_data;
    asked += size;
    return malloc(size);
}

static void asking_release(void *pointer, void *user_data)
{
    (void)user_data;
    free(pointer);
}

static void lay_out(struct diffmm__arena *arena)
{
    diffmm__arena_take(arena, 1000, 8);
    diffmm__arena_take_zero(arena, 3, 5);
    diffmm__arena_take(arena, 0, 4);
}

START_TEST(what_is_measured_is_what_is_taken)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1,
                                                                    .allocate = asking_allocate,
                                                                    .release = asking_release},
                                         &context));
    struct diffmm__arena measured = diffmm__arena_measure(), taken = diffmm__arena_on(context);
    lay_out(&measured);
    ck_assert(!measured.failed);
    asked = 0;
    lay_out(&taken);
    ck_assert_uint_eq(measured.bytes, asked);
    asked = 0;
    diffmm__release(context, diffmm__allocate(context, 7, 9));
    ck_assert_uint_eq(diffmm__allocation_bytes(7, 9), asked);
    ck_assert_ptr_null(diffmm__arena_take(&measured, SIZE_MAX, 2)); /* nothing wraps around */
    ck_assert_uint_eq(measured.bytes, SIZE_MAX);
    ck_assert(!measured.failed);
    diffmm__arena_end(&measured);
    diffmm__arena_end(&taken);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {blocks_are_aligned,
                                  what_is_measured_is_what_is_taken,
                                  zero_blocks_are_zero,
                                  sizes_that_overflow,
                                  failure_names_the_size,
                                  arrays_grow,
                                  large_arrays_grow_less,
                                  texts_are_copied,
                                  arenas_fail_whole_and_end_whole};
    return run_tests("memory", tests, sizeof tests / sizeof *tests) != 0;
}
