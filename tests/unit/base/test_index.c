/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "base/index.h"
#include "support/failing.h"

enum { most = 5000 };

static char names[most][8];

static void name_all(void)
{
    for (size_t i = 0; i < most; i++)
        snprintf(names[i], sizeof *names, "n%zu", i);
}

START_TEST(names_are_found)
{
    struct diffmm__index index = {0};
    size_t number = 7;
    name_all();
    ck_assert(!diffmm__index_find(&index, "n0", &number));
    for (size_t i = 0; i < most; i++) {
        ck_assert(!diffmm__index_find(&index, names[i], &number));
        expect_success(diffmm__index_add(&index, names[i], 3 * i));
    }
    ck_assert_uint_eq(index.count, most);
    for (size_t i = 0; i < most; i++) {
        char copy[8];
        memcpy(copy, names[i], sizeof copy);
        ck_assert(diffmm__index_find(&index, copy, &number));
        ck_assert_uint_eq(number, 3 * i);
    }
    ck_assert(!diffmm__index_find(&index, "", &number));
    ck_assert(!diffmm__index_find(&index, "n5000", &number));
    diffmm__index_end(&index);
    ck_assert(!diffmm__index_find(&index, "n0", &number));
    diffmm__index_end(&index);
}
END_TEST

/* A failed addition leaves the index as it was. */
START_TEST(without_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    struct diffmm__index index = {.context = context};
    name_all();
    failing.onwards = true;
    for (size_t i = 0; i < 100; i++) {
        size_t number;
        failing.fail = failing.count + 1;
        diffmm_status status = diffmm__index_add(&index, names[i], i);
        failing.fail = 0;
        if (status) {
            expect_failure(status, DIFFMM_ERROR_NO_MEMORY, "no memory");
            ck_assert(!diffmm__index_find(&index, names[i], &number));
            expect_success(diffmm__index_add(&index, names[i], i));
        }
        for (size_t j = 0; j <= i; j++)
            ck_assert(diffmm__index_find(&index, names[j], &number) && number == j);
    }
    diffmm__index_end(&index);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names_are_found, without_memory};
    return run_tests("base/index", tests, sizeof tests / sizeof *tests) != 0;
}
