/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <stdint.h>

#include "base/structs.h"
#include "support/failure.h"

/* A public struct in three versions: the caller has any of them, and the library the second. */
struct first {
    size_t struct_size;
    uint64_t a;
};

struct second {
    size_t struct_size;
    uint64_t a, b;
};

static const size_t second_begin[] = {0, offsetof(struct second, a), offsetof(struct second, b)};
static const struct diffmm__layout second = {sizeof(struct second), sizeof(struct first),
                                             second_begin, 3};

struct third {
    size_t struct_size;
    uint64_t a, b, c;
};

static diffmm_status read(struct second *ours, const void *callers)
{
    return diffmm__struct_read(ours, &second, callers, "query");
}

START_TEST(reads_each_version)
{
    struct second ours = {99, 99, 99};
    expect_success(read(&ours, &(struct first){.struct_size = sizeof(struct first), .a = 1}));
    ck_assert(ours.struct_size == sizeof ours && ours.a == 1 && ours.b == 0);
    expect_success(
        read(&ours, &(struct second){.struct_size = sizeof(struct second), .a = 2, .b = 3}));
    ck_assert(ours.struct_size == sizeof ours && ours.a == 2 && ours.b == 3);
    expect_success(
        read(&ours, &(struct third){.struct_size = sizeof(struct third), .a = 4, .b = 5}));
    ck_assert(ours.struct_size == sizeof ours && ours.a == 4 && ours.b == 5);
    /* 0 is the first version, whatever lies behind. */
    expect_success(read(&ours, &(struct second){.a = 6, .b = 7}));
    ck_assert(ours.struct_size == sizeof ours && ours.a == 6 && ours.b == 0);
    /* The size alone: all defaults. */
    expect_success(read(&ours, &(struct second){.struct_size = sizeof(size_t), .a = 6, .b = 7}));
    ck_assert(ours.struct_size == sizeof ours && ours.a == 0 && ours.b == 0);
}
END_TEST

START_TEST(refuses_what_it_does_not_know)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    struct second ours = {99, 99, 99};
    const uint64_t one_byte = UINT64_C(1) << 56;
    expect_failure(read(&ours, &(struct third){.struct_size = sizeof(struct third), .c = one_byte}),
                   bad, "query: byte 31");
    expect_failure(read(&ours, &(struct third){.struct_size = sizeof(struct third), .c = 1}), bad,
                   "query: byte 24");
    static const size_t sizes[] = {1, 7, 9, 15, 17, 23, 65537, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        expect_failure(read(&ours, &(struct third){.struct_size = sizes[i]}), bad,
                       "query: struct_size is ");
    ck_assert(ours.struct_size == 99 && ours.a == 99 && ours.b == 99);
}
END_TEST

START_TEST(reserved_fields_are_0)
{
    expect_success(diffmm__struct_reserved(0, "query"));
    expect_failure(diffmm__struct_reserved(-3, "query"), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "query: reserved is -3, not 0");
}
END_TEST

static diffmm_status try_write(void *callers)
{
    const struct second ours = {.struct_size = sizeof ours, .a = 1, .b = 2};
    return diffmm__struct_write(callers, &second, &ours, "report");
}

static void write(void *callers)
{
    expect_success(try_write(callers));
}

START_TEST(leaves_an_uninitialised_struct_alone)
{
    static const size_t sizes[] = {1, 7, 9, 15, 17, 23, 65537, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct third callers = {.struct_size = sizes[i], .a = 7, .b = 8, .c = 9};
        expect_failure(try_write(&callers), DIFFMM_ERROR_INVALID_ARGUMENT,
                       "report: struct_size is ");
        ck_assert(callers.a == 7 && callers.b == 8 && callers.c == 9);
    }
}
END_TEST

START_TEST(writes_as_much_as_there_is_room_for)
{
    struct third callers = {.struct_size = sizeof(struct first), .a = 7, .b = 8, .c = 9};
    write(&callers);
    ck_assert(callers.struct_size == sizeof(struct first) && callers.a == 1 && callers.b == 8);
    callers = (struct third){.struct_size = sizeof(struct second), .a = 7, .b = 8, .c = 9};
    write(&callers);
    ck_assert(callers.struct_size == sizeof(struct second) && callers.a == 1 && callers.b == 2);
    ck_assert(callers.c == 9);
    callers = (struct third){.struct_size = sizeof callers, .a = 7, .b = 8, .c = 9};
    write(&callers);
    ck_assert(callers.struct_size == sizeof callers && callers.a == 1 && callers.b == 2);
    ck_assert(callers.c == 9);
    callers = (struct third){.a = 7, .b = 8, .c = 9};
    write(&callers);
    ck_assert(callers.struct_size == 0 && callers.a == 1 && callers.b == 8);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {reads_each_version, refuses_what_it_does_not_know,
                                  reserved_fields_are_0, leaves_an_uninitialised_struct_alone,
                                  writes_as_much_as_there_is_room_for};
    return run_tests("structs", tests, sizeof tests / sizeof *tests) != 0;
}
