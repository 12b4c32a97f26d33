/* SPDX-License-Identifier: BSD-2-Clause */
/* Creating, reading and copying a module. */
#include <math.h>

#include "support/module_world.h"

static const char *const none[] = {NULL};

START_TEST(initial_values)
{
    static const size_t hidden[] = {6, 9};
    struct module_world w;
    module_world_begin(&w, 1, (const char *const[]){"hidden_sizes", "6,9", NULL});
    diffmm_denoiser_shape shape = world_shape(2, hidden, 0);
    ck_assert_uint_eq(w.parameters, diffmm_denoiser_size(&shape));
    float *want = malloc(w.parameters * sizeof *want);
    expect_success(diffmm_denoiser_initialize(&shape, 21, want));
    ck_assert(memcmp(want, module_values(w.module), w.parameters * sizeof *want) == 0);
    ck_assert_uint_eq(diffmm_diffusion_items(w.module), world_items);
    ck_assert_uint_eq(diffmm_diffusion_steps(w.module), 0);
    ck_assert_uint_eq(diffmm_schedule_steps(diffmm_diffusion_schedule(w.module)), 4);
    int64_t seed;
    expect_success(diffmm_options_get_integer(diffmm_diffusion_options(w.module), "seed", &seed));
    ck_assert_int_eq(seed, 21);
    free(want);
    module_world_end(&w);
}
END_TEST

START_TEST(listed_as_the_shape_says)
{
    static const size_t hidden[] = {6, 9};
    struct module_world w;
    module_world_begin(&w, 1, (const char *const[]){"hidden_sizes", "6,9", NULL});
    diffmm_denoiser_shape shape = world_shape(2, hidden, 0);
    ck_assert_uint_eq(diffmm_diffusion_parameters(w.module), 10);
    for (size_t i = 0; i < 10; i++) {
        char name[64];
        size_t rows, columns, offset;
        diffmm_parameter at = {.struct_size = sizeof at}, called = at;
        expect_success(diffmm_denoiser_parameter(&shape, i, name, &rows, &columns, &offset));
        expect_success(diffmm_diffusion_parameter_at(w.module, i, &at));
        expect_success(diffmm_diffusion_parameter(w.module, name, &called));
        ck_assert_str_eq(at.name, name);
        ck_assert_uint_eq(at.rows, rows);
        ck_assert_uint_eq(at.columns, columns);
        ck_assert_ptr_eq(at.values, module_values(w.module) + offset);
        ck_assert_ptr_null(at.gradient);
        ck_assert_mem_eq(&at, &called, sizeof at);
    }
    module_world_end(&w);
}
END_TEST

START_TEST(parameters_are_set)
{
    struct module_world w;
    module_world_begin(&w, 1, none);
    diffmm_parameter p = {.struct_size = sizeof p};
    float values[9 * world_items];
    for (size_t i = 0; i < 9 * world_items; i++)
        values[i] = (float)i;
    expect_success(
        diffmm_diffusion_set_parameter(w.module, "decoder.0.weight", world_items, 9, values));
    expect_success(diffmm_diffusion_parameter(w.module, "decoder.0.weight", &p));
    ck_assert_mem_eq(p.values, values, sizeof values);
    expect_invalid(
        diffmm_diffusion_set_parameter(w.module, "decoder.0.weight", 9, world_items, values),
        "37 x 9, not 9 x 37");
    values[5] = NAN;
    expect_failure(
        diffmm_diffusion_set_parameter(w.module, "decoder.0.weight", world_items, 9, values),
        DIFFMM_ERROR_NUMERIC, "value 5");
    expect_failure(diffmm_diffusion_set_parameter(w.module, "weight", 1, 1, values),
                   DIFFMM_ERROR_NOT_FOUND, "'weight'");
    ck_assert(p.values[5] == 5.0f);
    module_world_end(&w);
}
END_TEST

START_TEST(a_copy_stands_on_its_own)
{
    struct module_world w;
    diffmm_diffusion *copy;
    module_world_begin(&w, 2, none);
    w.batch.t = NULL;
    w.batch.noise = w.batch.dropout_scale = NULL;
    expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    expect_success(diffmm_diffusion_copy(w.module, &copy));
    expect_same_module(w.module, copy);
    expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    ck_assert_uint_eq(diffmm_diffusion_steps(copy), 1);
    expect_success(diffmm_diffusion_step(copy, &w.batch, NULL));
    expect_same_module(w.module, copy);
    diffmm_diffusion_destroy(w.module);
    w.module = NULL;
    expect_success(diffmm_diffusion_step(copy, &w.batch, NULL));
    ck_assert_uint_eq(diffmm_diffusion_steps(copy), 3);
    diffmm_diffusion_destroy(copy);
    module_world_end(&w);
}
END_TEST

START_TEST(handles_end_in_any_order)
{
    struct module_world w;
    module_world_begin(&w, 2, none);
    diffmm_context_destroy(w.context);
    diffmm_options_destroy(w.options);
    expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    diffmm_diffusion_destroy(w.module);
    diffmm_diffusion_destroy(NULL);
}
END_TEST

START_TEST(what_cannot_be_made)
{
    struct module_world w;
    module_world_begin(&w, 1, none);
    diffmm_diffusion *out = NULL;
    expect_invalid(diffmm_diffusion_create(w.context, 0, NULL, 1, &out), "items is 0");
    expect_invalid(diffmm_diffusion_create(w.context, (size_t)INT32_MAX + 1, NULL, 1, &out),
                   "items is");
    expect_invalid(diffmm_diffusion_create(w.context, 3, NULL, UINT64_MAX, &out), "seed");
    set_all(w.options, (const char *const[]){"sampling_steps", "5", NULL});
    expect_invalid(diffmm_diffusion_create(w.context, 3, w.options, 1, &out), "sampling_steps");
    ck_assert_ptr_null(out);
    module_world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {initial_values,           listed_as_the_shape_says,
                                  parameters_are_set,       a_copy_stands_on_its_own,
                                  handles_end_in_any_order, what_cannot_be_made};
    return run_tests("module", tests, sizeof tests / sizeof *tests) != 0;
}
