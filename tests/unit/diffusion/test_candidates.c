/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/candidates.h"

#include "support/contexts.h"
#include "support/run.h"

enum { items = 6, rank = 2 };

static const float values[items * rank] = {0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51};
static const struct diffmm__basis basis = {.items = items, .rank = rank, .values = values};

/* Distinct items, ascending, with their rows; and those of before are forgotten. */
START_TEST(distinct_items_ascending)
{
    static const struct diffmm__ranked first[] = {{4, 0}, {1, 0}, {4, 0}, {0, 0}},
                                       second[] = {{5, 0}};
    struct diffmm__candidates candidates;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    diffmm__candidates_take(&arena, items, rank, 4, &candidates);
    ck_assert(!arena.failed);
    diffmm__candidates_choose(&candidates, &basis, first, 4);
    static const int32_t want[] = {0, 1, 4};
    ck_assert_uint_eq(candidates.count, 3);
    ck_assert_mem_eq(candidates.items, want, sizeof want);
    for (size_t c = 0; c < 3; c++)
        ck_assert_mem_eq(candidates.rows + c * rank, values + want[c] * rank, rank * sizeof(float));
    for (size_t i = 0; i < items; i++)
        ck_assert_int_eq(candidates.chosen[i], i == 0 || i == 1 || i == 4);
    diffmm__candidates_choose(&candidates, &basis, second, 1);
    ck_assert_uint_eq(candidates.count, 1);
    ck_assert(candidates.items[0] == 5 && candidates.chosen[5] && !candidates.chosen[4]);
    diffmm__candidates_choose(&candidates, &basis, NULL, 0);
    ck_assert_uint_eq(candidates.count, 0);
    diffmm__arena_end(&arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {distinct_items_ascending};
    return run_tests("candidates", tests, 1);
}
