/* SPDX-License-Identifier: BSD-2-Clause */
#include "optim/adam.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/draws.h"

enum { most = 100 };

/* What one parameter and its moments should be. */
struct exact {
    double parameter, first, second;
};

/* Kingma and Ba's algorithm 1, as it stands there, after the weight decay of AdamW. */
static void exact_step(const diffmm_adam *adam, double step, double gradient, struct exact *x)
{
    x->first = adam->beta1 * x->first + (1.0 - adam->beta1) * gradient;
    x->second = adam->beta2 * x->second + (1.0 - adam->beta2) * gradient * gradient;
    double first = x->first / (1.0 - pow(adam->beta1, step));
    double second = x->second / (1.0 - pow(adam->beta2, step));
    x->parameter *= 1.0 - adam->learning_rate * adam->weight_decay;
    x->parameter -= adam->learning_rate * first / (sqrt(second) + adam->epsilon);
}

/* `count` parameters over some steps, with `given` settings, which mean `used`. */
static void expect_steps(const diffmm_adam *given, const diffmm_adam *used, size_t count)
{
    float parameter[most], gradient[most], first[most] = {0}, second[most] = {0};
    struct exact exact[most] = {{0}};
    struct draws draws = {count + 1};
    draw_normals(&draws, count, 1.0, parameter);
    for (size_t i = 0; i < count; i++)
        exact[i].parameter = (double)parameter[i];
    for (size_t step = 1; step <= 20; step++) {
        draw_normals(&draws, count, 0.1, gradient);
        expect_success(diffmm_adam_step(given, step, count, parameter, gradient, first, second));
        for (size_t i = 0; i < count; i++) {
            exact_step(used, (double)step, (double)gradient[i], &exact[i]);
            /* A step is at most some learning rates long; 1 - beta2 loses digits in float. */
            double roundings = used->weight_decay > 0 ? 3 : 1; /* the factor's, and its product's */
            double tolerance = (double)step * (2e-5 * used->learning_rate + roundings * 1.2e-7);
            expect_close("parameter", i, (double)parameter[i], exact[i].parameter, tolerance);
            expect_close("first_moment", i, (double)first[i], exact[i].first, 1e-7);
            expect_close("second_moment", i, (double)second[i], exact[i].second,
                         3e-5 * exact[i].second);
        }
    }
}

static const diffmm_adam standard = {
    .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

START_TEST(equals_the_algorithm)
{
    static const size_t counts[] = {0, 1, 15, 16, 17, most};
    const diffmm_adam other = {.learning_rate = 0.05, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.01};
    diffmm_adam decaying = other, slow = {.struct_size = sizeof slow, .weight_decay = 0.3},
                slow_used = standard;
    decaying.struct_size = sizeof decaying;
    decaying.weight_decay = 2.5;
    slow_used.weight_decay = 0.3;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        expect_steps(NULL, &standard, counts[c]);
        expect_steps(&other, &other, counts[c]);
        expect_steps(&decaying, &decaying, counts[c]);
        expect_steps(&slow, &slow_used, counts[c]);
    }
}
END_TEST

START_TEST(zero_in_a_field_is_its_default)
{
    const diffmm_adam nothing = {0}, sized = {.struct_size = sizeof sized};
    const diffmm_adam rate = {.learning_rate = 0.1}, epsilon = {.epsilon = 0.5};
    diffmm_adam rate_used = standard, epsilon_used = standard;
    rate_used.learning_rate = 0.1;
    epsilon_used.epsilon = 0.5;
    expect_steps(&nothing, &standard, 5);
    expect_steps(&sized, &standard, 5);
    expect_steps(&rate, &rate_used, 5);
    expect_steps(&epsilon, &epsilon_used, 5);
}
END_TEST

/* A struct of the first version ends before weight_decay. */
START_TEST(a_smaller_struct_has_no_weight_decay)
{
    diffmm_adam older = {.struct_size = offsetof(diffmm_adam, weight_decay), .weight_decay = 0.3};
    expect_steps(&older, &standard, 5);
    older.struct_size = 0;
    expect_steps(&older, &standard, 5);
}
END_TEST

START_TEST(a_larger_struct_with_a_zero_tail_is_known)
{
    struct {
        diffmm_adam adam;
        double later;
    } larger = {.adam = {.struct_size = sizeof larger, .learning_rate = 0.1}};
    float parameter = 1, gradient = 1, first = 0, second = 0;
    expect_success(diffmm_adam_step(&larger.adam, 1, 1, &parameter, &gradient, &first, &second));
    expect_close("parameter", 0, (double)parameter, 0.9, 1e-5);
    larger.later = 1;
    expect_invalid(diffmm_adam_step(&larger.adam, 1, 1, &parameter, &gradient, &first, &second),
                   "adam");
}
END_TEST

START_TEST(the_first_step_is_one_learning_rate_against_the_gradient)
{
    float parameter[] = {5, 5, 5, 5}, first[4] = {0}, second[4] = {0};
    const float gradient[] = {1e-3f, -3, 250, 0};
    const double want[] = {4.999, 5.001, 4.999, 5};
    expect_success(diffmm_adam_step(NULL, 1, 4, parameter, gradient, first, second));
    for (size_t i = 0; i < 4; i++)
        expect_close("parameter", i, (double)parameter[i], want[i], 5e-7);
    ck_assert(parameter[3] == 5.0f);
}
END_TEST

enum { many = 50000 };

static void step_much(diffmm_context *context, void *argument, void *out)
{
    const float *start = argument;
    float *values = out;
    memcpy(values, start, 4 * many * sizeof *values);
    for (uint64_t step = 1; step <= 2; step++) {
        diffmm__adam_decay(context, 0.01, 0.7, many, values);
        diffmm__adam_step(context, 0.01, step, many, values, values + many, values + 2 * many,
                          values + 3 * many);
    }
}

START_TEST(the_same_bits_on_any_number_of_threads_and_in_public)
{
    static float start[4 * many], threaded[4 * many];
    struct draws draws = {1};
    draw_normals(&draws, 2 * many, 1.0, start);
    expect_same_bits(sizeof start, step_much, start);
    step_much(NULL, start, threaded);
    const diffmm_adam adam = {
        .struct_size = sizeof adam, .learning_rate = 0.01, .weight_decay = 0.7};
    for (uint64_t step = 1; step <= 2; step++)
        expect_success(diffmm_adam_step(&adam, step, many, start, start + many, start + 2 * many,
                                        start + 3 * many));
    ck_assert_mem_eq(threaded, start, sizeof start);
}
END_TEST

START_TEST(bad_input)
{
    float p[2] = {1, 1}, m[2] = {1, 1}, v[2] = {1, 1};
    const float g[2] = {1, 1};
    expect_invalid(diffmm_adam_step(NULL, 1, 2, NULL, g, m, v), "parameter is NULL");
    expect_invalid(diffmm_adam_step(NULL, 1, 2, p, NULL, m, v), "gradient is NULL");
    expect_invalid(diffmm_adam_step(NULL, 1, 2, p, g, NULL, v), "first_moment is NULL");
    expect_invalid(diffmm_adam_step(NULL, 1, 2, p, g, m, NULL), "second_moment is NULL");
    expect_invalid(diffmm_adam_step(NULL, 0, 2, p, g, m, v), "step is 0");
    const double bad[] = {-0.1, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_invalid(diffmm_adam_step(&(diffmm_adam){.learning_rate = bad[i]}, 1, 2, p, g, m, v),
                       "learning_rate");
        expect_invalid(diffmm_adam_step(&(diffmm_adam){.beta1 = bad[i]}, 1, 2, p, g, m, v),
                       "beta1");
        expect_invalid(diffmm_adam_step(&(diffmm_adam){.beta2 = bad[i]}, 1, 2, p, g, m, v),
                       "beta2");
        expect_invalid(diffmm_adam_step(&(diffmm_adam){.epsilon = bad[i]}, 1, 2, p, g, m, v),
                       "epsilon");
        const diffmm_adam decay = {.struct_size = sizeof decay, .weight_decay = bad[i]};
        expect_invalid(diffmm_adam_step(&decay, 1, 2, p, g, m, v), "weight_decay");
    }
    const diffmm_adam all = {.struct_size = sizeof all, .learning_rate = 0.5, .weight_decay = 2};
    expect_invalid(diffmm_adam_step(&all, 1, 2, p, g, m, v), "weight_decay");
    expect_invalid(diffmm_adam_step(&(diffmm_adam){.beta1 = 1.0}, 1, 2, p, g, m, v), "beta1");
    expect_invalid(diffmm_adam_step(&(diffmm_adam){.beta2 = 1.0}, 1, 2, p, g, m, v), "beta2");
    expect_invalid(diffmm_adam_step(&(diffmm_adam){.struct_size = 3}, 1, 2, p, g, m, v),
                   "struct_size is 3");
    expect_untouched(2, p, 1.0f);
    expect_untouched(2, m, 1.0f);
    expect_untouched(2, v, 1.0f);
    expect_success(diffmm_adam_step(NULL, 1, 0, NULL, NULL, NULL, NULL));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_algorithm,
                                  zero_in_a_field_is_its_default,
                                  a_smaller_struct_has_no_weight_decay,
                                  a_larger_struct_with_a_zero_tail_is_known,
                                  the_first_step_is_one_learning_rate_against_the_gradient,
                                  the_same_bits_on_any_number_of_threads_and_in_public,
                                  bad_input};
    return run_tests("adam", tests, sizeof tests / sizeof *tests) != 0;
}
