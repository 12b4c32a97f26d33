/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "base/memory.h"
#include "dataset/id.h"
#include "dataset/ids.h"
#include "support/context.h"
#include "support/failure.h"

enum { many = 3000 };

static size_t id_of(size_t i, char id[32])
{
    return (size_t)snprintf(id, 32, "%s%zu", i % 3 ? "user-" : "u", i * 7919);
}

static void fill(struct diffmm__ids *ids)
{
    for (size_t i = 0; i < many; i++) {
        char id[32];
        int32_t number = -1;
        size_t length = id_of(i, id);
        expect_success(diffmm__ids_add(NULL, ids, id, length, &number));
        ck_assert_int_eq(number, (int32_t)i);
        expect_success(diffmm__ids_add(NULL, ids, id, length, &number));
        ck_assert_int_eq(number, (int32_t)i);
    }
}

static void expect_ids(const struct diffmm__ids *ids, size_t known)
{
    for (size_t i = 0; i < many; i++) {
        char id[32];
        size_t length = id_of(i, id);
        ck_assert_int_eq(diffmm__ids_number(ids, id, length), i < known ? (int32_t)i : -1);
        if (i < known)
            ck_assert_mem_eq(diffmm__ids_text(ids, (int32_t)i), id, length + 1);
        id[0] = 'v';
        ck_assert_int_eq(diffmm__ids_number(ids, id, length), -1);
    }
}

START_TEST(numbers_in_order_of_appearance)
{
    struct diffmm__ids ids = {0};
    ck_assert_int_eq(diffmm__ids_number(&ids, "a", 1), -1);
    fill(&ids);
    expect_ids(&ids, many);
    diffmm__ids_truncate(&ids, many + 1);
    expect_ids(&ids, many);
    diffmm__ids_truncate(&ids, 1000);
    expect_ids(&ids, 1000);
    diffmm__ids_end(NULL, &ids);
    ck_assert_ptr_null(ids.text);
}
END_TEST

/* The same ids stand in other places of each table, so that nobody can make them collide; what
 * the table says is the same. */
START_TEST(places_are_secret)
{
    struct diffmm__ids a = {0}, b = {0};
    fill(&a);
    fill(&b);
    ck_assert_uint_eq(a.slot_count, b.slot_count);
    ck_assert(memcmp(a.slots, b.slots, a.slot_count * sizeof *a.slots) != 0);
    ck_assert(memcmp(a.offsets, b.offsets, (many + 1) * sizeof *a.offsets) == 0);
    ck_assert(memcmp(a.text, b.text, (size_t)a.offsets[many]) == 0);
    diffmm__ids_end(NULL, &a);
    diffmm__ids_end(NULL, &b);
}
END_TEST

START_TEST(numbers_go_on_after_some_are_forgotten)
{
    struct diffmm__ids ids = {0};
    char name[16];
    int32_t number;
    ck_assert_int_eq(diffmm__ids_number(&ids, "n0", 2), -1);
    for (int i = 0; i < 1000; i++) {
        int length = snprintf(name, sizeof name, "n%d", i);
        expect_success(diffmm__ids_add(NULL, &ids, name, (size_t)length, &number));
        ck_assert_int_eq(number, i);
    }
    expect_success(diffmm__ids_add(NULL, &ids, "n500", 4, &number));
    ck_assert_int_eq(number, 500);
    diffmm__ids_truncate(&ids, 500);
    ck_assert_int_eq(diffmm__ids_number(&ids, "n500", 4), -1);
    ck_assert_int_eq(diffmm__ids_number(&ids, "n499", 4), 499);
    expect_success(diffmm__ids_add(NULL, &ids, "n777", 4, &number));
    ck_assert_int_eq(number, 500);
    ck_assert_str_eq(diffmm__ids_text(&ids, 500), "n777");
    ck_assert_uint_eq(diffmm__ids_length(&ids, 500), 4);
    diffmm__ids_truncate(&ids, 0);
    expect_success(diffmm__ids_add(NULL, &ids, "x", 1, &number));
    ck_assert_int_eq(number, 0);
    diffmm__ids_end(NULL, &ids);
}
END_TEST

/* Behind those that came, numbers; where one came before, all is as it was. */
START_TEST(completed_by_numbers)
{
    struct diffmm__ids ids = {0};
    int32_t number;
    expect_success(diffmm__ids_add(NULL, &ids, "a", 1, &number));
    expect_success(diffmm__ids_add(NULL, &ids, "3", 1, &number));
    expect_success(diffmm__ids_complete(NULL, &ids, 2, "item"));
    ck_assert_uint_eq(ids.count, 2);
    expect_failure(diffmm__ids_complete(NULL, &ids, 6, "item"), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "item id '3' is given twice, for number 1 and number 3");
    ck_assert_uint_eq(ids.count, 2);
    ck_assert_int_eq(diffmm__ids_number(&ids, "2", 1), -1);
    expect_success(diffmm__ids_complete(NULL, &ids, 3, "item"));
    ck_assert_str_eq(diffmm__ids_text(&ids, 2), "2");
    ck_assert_int_eq(diffmm__ids_number(&ids, "2", 1), 2);
    diffmm__ids_end(NULL, &ids);
}
END_TEST

/* Ids from texts that end with a comma each. */
static diffmm_status ids_of(diffmm_context *context, const char *list, const char *what,
                            struct diffmm__ids *out)
{
    size_t size = strlen(list), count = 0;
    char *text = diffmm__allocate(context, size, 1);
    int64_t *offsets = diffmm__allocate(context, size + 1, sizeof *offsets);
    offsets[0] = 0;
    for (size_t i = 0; i < size; i++) {
        text[i] = list[i] == ',' ? 0 : list[i];
        if (list[i] == ',')
            offsets[++count] = (int64_t)i + 1;
    }
    return diffmm__ids_begin_text(context, count, text, offsets, what, out);
}

START_TEST(ids_are_found)
{
    diffmm_context *context = new_context(0);
    struct diffmm__ids ids;
    int32_t number = -5;
    expect_success(ids_of(context, "u17,\xc3\xa4pfel,0, ,u1,", "user", &ids));
    ck_assert_uint_eq(ids.count, 5);
    const char *wanted[] = {"u17", "\xc3\xa4pfel", "0", " ", "u1"};
    for (int32_t i = 0; i < 5; i++) {
        ck_assert_str_eq(diffmm__ids_text(&ids, i), wanted[i]);
        expect_success(diffmm__ids_find(&ids, wanted[i], "user", &number));
        ck_assert_int_eq(number, i);
    }
    ck_assert_ptr_null(diffmm__ids_text(&ids, 5));
    ck_assert_ptr_null(diffmm__ids_text(&ids, -1));
    expect_failure(diffmm__ids_find(&ids, "u2", "user", &number), DIFFMM_ERROR_NOT_FOUND,
                   "user 'u2'");
    ck_assert_int_eq(number, 4);
    diffmm__ids_end(context, &ids);
    expect_failure(ids_of(context, "u17,,u1,", "user", &ids), DIFFMM_ERROR_FORMAT,
                   "user id 1 is empty");
    expect_failure(ids_of(context, "u17,u\xff,u1,", "user", &ids), DIFFMM_ERROR_FORMAT,
                   "user id 1 is not UTF-8");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(repeated_ids_are_refused)
{
    diffmm_context *context = new_context(0);
    struct diffmm__ids ids;
    expect_failure(ids_of(context, "a,b,a,", "item", &ids), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "item id 'a'");
    diffmm_context_destroy(context);
}
END_TEST

static diffmm_status index_offsets(diffmm_context *context, int64_t first, int64_t second,
                                   int64_t third)
{
    struct diffmm__ids ids;
    char *text = diffmm__allocate(context, 4, 1);
    int64_t *offsets = diffmm__allocate(context, 3, sizeof *offsets);
    memcpy(text, "a\0b\0", 4);
    offsets[0] = first;
    offsets[1] = second;
    offsets[2] = third;
    diffmm_status status = diffmm__ids_begin_text(context, 2, text, offsets, "item", &ids);
    if (!status)
        diffmm__ids_end(context, &ids);
    return status;
}

START_TEST(broken_offsets_are_refused)
{
    diffmm_context *context = new_context(0);
    expect_success(index_offsets(context, 0, 2, 4));
    expect_failure(index_offsets(context, 1, 2, 4), DIFFMM_ERROR_FORMAT, "offset 0");
    expect_failure(index_offsets(context, 0, 3, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    expect_failure(index_offsets(context, 0, 4, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    expect_failure(index_offsets(context, 0, 9, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    expect_failure(index_offsets(context, 0, -9, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    expect_failure(index_offsets(context, 0, 2, 3), DIFFMM_ERROR_FORMAT, "item id 1");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numeric_ids)
{
    diffmm_context *context = new_context(0);
    struct diffmm__ids ids;
    expect_success(diffmm__ids_begin_numeric(context, 1234, &ids));
    ck_assert(ids.numeric);
    int32_t checked[] = {0, 9, 10, 99, 100, 999, 1000, 1233};
    for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
        char text[16];
        int32_t number;
        snprintf(text, sizeof text, "%d", (int)checked[i]);
        ck_assert_str_eq(diffmm__ids_text(&ids, checked[i]), text);
        expect_success(diffmm__ids_find(&ids, text, "item", &number));
        ck_assert_int_eq(number, checked[i]);
    }
    int32_t number;
    const char *wrong[] = {"1234", "-1", "01", "+1", "1 ", "", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_failure(diffmm__ids_find(&ids, wrong[i], "item", &number), DIFFMM_ERROR_NOT_FOUND,
                       wrong[i]);
    diffmm__ids_end(context, &ids);
    expect_success(diffmm__ids_begin_numeric(context, 0, &ids));
    ck_assert_ptr_null(diffmm__ids_text(&ids, 0));
    diffmm__ids_end(context, &ids);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numeric_ids_of_any_count)
{
    static const size_t counts[] = {1, 9, 10, 11, 12, 99, 100, 101, 102, 999, 1000, 1001, 10001};
    diffmm_context *context = new_context(0);
    struct diffmm__ids ids;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char text[16];
        expect_success(diffmm__ids_begin_numeric(context, counts[i], &ids));
        int length = snprintf(text, sizeof text, "%zu", counts[i] - 1);
        ck_assert_str_eq(diffmm__ids_text(&ids, (int32_t)counts[i] - 1), text);
        ck_assert_int_eq(ids.offsets[counts[i]] - ids.offsets[counts[i] - 1], length + 1);
        diffmm__ids_end(context, &ids);
    }
    /* What there is no memory for is refused at once. */
    expect_failure(diffmm__ids_begin_numeric(context, PTRDIFF_MAX / 16, &ids),
                   DIFFMM_ERROR_NO_MEMORY, "address space");
    diffmm_context_destroy(context);
}
END_TEST

/* Only the canonical form of a number is one. */
START_TEST(ids_that_are_numbers)
{
    static const char *const others[] = {"",   "-", "+",   ".",  ".0", "7.5", "7.0x", "0x7",
                                         " 7", "a", "007", "+7", "7.", "7.0", "-0.00"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_int_eq(diffmm__id_number(others[i], strlen(others[i]), 100), -1);
    ck_assert_int_eq(diffmm__id_number("0", 1, 1), 0);
    ck_assert_int_eq(diffmm__id_number("2147483647", 10, SIZE_MAX), INT32_MAX);
    ck_assert_int_eq(diffmm__id_number("2147483648", 10, SIZE_MAX), -1);
    ck_assert_int_eq(diffmm__id_number("7", 1, 7), -1);
    ck_assert_int_eq(diffmm__id_number("07", 2, 100), -1);
    ck_assert_int_eq(diffmm__id_number("-7", 2, 100), -1);
}
END_TEST

START_TEST(ids_of_a_callers_array)
{
    expect_success(diffmm__id_check("\xc3\xa4", "user", 3));
    expect_failure(diffmm__id_check(NULL, "user", 3), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "user[3] is NULL");
    expect_failure(diffmm__id_check("", "user", 3), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "user[3] is empty");
    expect_failure(diffmm__id_check("\xff", "item", 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "item[0] is not UTF-8");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {numbers_in_order_of_appearance,
                                  places_are_secret,
                                  numbers_go_on_after_some_are_forgotten,
                                  completed_by_numbers,
                                  ids_are_found,
                                  repeated_ids_are_refused,
                                  broken_offsets_are_refused,
                                  numeric_ids,
                                  numeric_ids_of_any_count,
                                  ids_that_are_numbers,
                                  ids_of_a_callers_array};
    return run_tests("dataset/ids", tests, sizeof tests / sizeof *tests) != 0;
}
