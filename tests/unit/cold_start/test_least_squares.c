/* SPDX-License-Identifier: BSD-2-Clause */
#include "cold_start/least_squares.h"

#include <math.h>

#include "support/draws.h"
#include "support/failing.h"

enum { d = 6, items = 80, held = 16, features = 12 };

static float z[items * features], w[features * d], y[items * d];

/* Y = Z W exactly. */
static struct diffmm__least_squares exact_problem(diffmm_context *context)
{
    struct draws draws = {5};
    draw_normals(&draws, items * features, 1.0, z);
    draw_normals(&draws, features * d, 0.5, w);
    for (size_t i = 0; i < items * d; i++) {
        double sum = 0.0;
        for (size_t f = 0; f < features; f++)
            sum += (double)z[i / d * features + f] * (double)w[f * d + i % d];
        y[i] = (float)sum;
    }
    return (struct diffmm__least_squares){.context = context,
                                          .items = items,
                                          .held = held,
                                          .features = features,
                                          .d = d,
                                          .z = z,
                                          .y = y};
}

START_TEST(an_exact_solution_is_found_with_and_without_the_items_held_out)
{
    float map[features * d], held_map[features * d];
    const struct diffmm__least_squares problem = exact_problem(NULL);
    expect_success(diffmm__least_squares_solve(&problem, map, held_map));
    for (size_t i = 0; i < features * d; i++) {
        ck_assert_float_eq_tol(map[i], w[i], 1e-4f);
        ck_assert_float_eq_tol(held_map[i], w[i], 1e-4f);
    }
}
END_TEST

/* With more features than items, least squares would reproduce every row, here from noise. */
START_TEST(more_features_than_items_do_not_overfit)
{
    enum { few = 60, wide = 200 };
    static float x[few * wide], rows[few * d], map[wide * d], held_map[wide * d];
    struct draws draws = {21};
    draw_normals(&draws, few * wide, 1.0, x);
    draw_normals(&draws, few * d, 1.0, rows);
    const struct diffmm__least_squares problem = {
        .items = few, .held = 12, .features = wide, .d = d, .z = x, .y = rows};
    expect_success(diffmm__least_squares_solve(&problem, map, held_map));
    double square = 0.0, left = 0.0;
    for (size_t i = 0; i < few * d; i++) {
        double rest = (double)rows[i];
        for (size_t f = 0; f < wide; f++)
            rest -= (double)x[i / d * wide + f] * (double)map[f * d + i % d];
        square += (double)rows[i] * (double)rows[i];
        left += rest * rest;
    }
    ck_assert_msg(left > 0.5 * square, "%g of %g is left", left, square);
}
END_TEST

static diffmm_status solve(void *context)
{
    static float map[features * d], held_map[features * d];
    const struct diffmm__least_squares problem = exact_problem(context);
    return diffmm__least_squares_solve(&problem, map, held_map);
}

START_TEST(no_memory_is_survived)
{
    expect_survives_no_memory(solve);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {an_exact_solution_is_found_with_and_without_the_items_held_out,
                                  more_features_than_items_do_not_overfit, no_memory_is_survived};
    return run_tests("least_squares", tests, sizeof tests / sizeof *tests) != 0;
}
