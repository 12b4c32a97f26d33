/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on a batch, compared with the functions of plain arrays, finite differences, and
 * Adam. */
#include <diffmm/optim.h>

#include "base/random.h"
#include "base/streams.h"
#include "linalg/kernels.h"
#include "linalg/normal.h"
#include "support/differences.h"
#include "support/module_world.h"

static const char *const none[] = {NULL};
static const size_t hidden[] = {9}, two_hidden[] = {6, 9};

static const struct {
    const char *settings[12];
    size_t hidden_count;
    const size_t *hidden;
    int normalize;
} variants[] = {{{NULL}, 1, hidden, 0},
                {{"hidden_sizes", "6,9", NULL}, 2, two_hidden, 0},
                {{"norm", "true", "hidden_sizes", "6,9", NULL}, 2, two_hidden, 1},
                {{"e_loss", "0.7", "batch", "11", NULL}, 1, hidden, 0}};

/* With a batch as large as the option, the same strategy is chosen, and the bits are the same. */
START_TEST(as_with_plain_arrays)
{
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
        for (size_t d = 0; d <= world_d; d += world_d) {
            struct module_world w;
            diffmm_diffusion_losses losses;
            double loss, elbo, msi, e_loss = v == 3 ? 0.7 : 0.1;
            module_world_begin(&w, 2, variants[v].settings);
            w.batch.d = d;
            diffmm_denoiser_shape shape =
                world_shape(variants[v].hidden_count, variants[v].hidden, variants[v].normalize);
            float *want = malloc(2 * w.parameters * sizeof *want), *got = want + w.parameters;
            expect_success(diffmm_denoiser_loss(
                w.context, &shape, diffmm_diffusion_schedule(w.module), module_values(w.module),
                world_users, w.x0, w.t, w.noise, w.dropout_scale, d, w.features, w.embedding,
                e_loss, &loss, &elbo, &msi, want));
            expect_success(diffmm_diffusion_objective(w.module, &w.batch, &losses, got));
            ck_assert(losses.total == loss && losses.elbo == elbo && losses.msi == msi);
            ck_assert(d == 0 ? msi == 0.0 : msi > 0.0);
            ck_assert(memcmp(want, got, w.parameters * sizeof *want) == 0);
            losses = (diffmm_diffusion_losses){0};
            expect_success(diffmm_diffusion_objective(w.module, &w.batch, &losses, NULL));
            ck_assert(losses.total == loss);
            ck_assert_uint_eq(diffmm_diffusion_steps(w.module), 0);
            free(want);
            module_world_end(&w);
        }
}
END_TEST

static double total_of(void *argument)
{
    struct module_world *w = argument;
    diffmm_diffusion_losses losses;
    expect_success(diffmm_diffusion_objective(w->module, &w->batch, &losses, NULL));
    return losses.total;
}

START_TEST(gradients_are_differences)
{
    struct module_world w;
    module_world_begin(&w, 1, (const char *const[]){"hidden_sizes", "6,9", NULL});
    float *gradient = malloc(w.parameters * sizeof *gradient);
    expect_success(diffmm_diffusion_objective(w.module, &w.batch, NULL, gradient));
    for (size_t i = 0, first = 0; i < diffmm_diffusion_parameters(w.module); i++) {
        diffmm_parameter p = {.struct_size = sizeof p};
        expect_success(diffmm_diffusion_parameter_at(w.module, i, &p));
        /* In place, as the differences need it. */
        expect_gradient(p.name, total_of, &w, p.rows * p.columns, (float *)(uintptr_t)p.values,
                        gradient + first, 0.01f, 0.02);
        first += p.rows * p.columns;
    }
    free(gradient);
    module_world_end(&w);
}
END_TEST

/* Three steps against diffmm_adam_step() with the gradients. */
START_TEST(a_step_is_adam)
{
    struct module_world w;
    module_world_begin(&w, 2, none);
    size_t n = w.parameters, bytes = n * sizeof(float);
    float *x = calloc(4 * n, sizeof *x), *gradient = x + n, *first = x + 2 * n, *second = x + 3 * n;
    const diffmm_adam adam = {.struct_size = sizeof adam, .learning_rate = 0.01};
    memcpy(x, module_values(w.module), bytes);
    for (uint64_t step = 1; step <= 3; step++) {
        diffmm_diffusion_losses before, taken;
        expect_success(diffmm_diffusion_objective(w.module, &w.batch, &before, gradient));
        expect_success(diffmm_adam_step(&adam, step, n, x, gradient, first, second));
        expect_success(diffmm_diffusion_step(w.module, &w.batch, &taken));
        ck_assert(before.total == taken.total);
        ck_assert_uint_eq(diffmm_diffusion_steps(w.module), step);
        ck_assert(memcmp(x, module_values(w.module), bytes) == 0);
    }
    free(x);
    module_world_end(&w);
}
END_TEST

/* The module's own draws, made here from their streams. */
static void draw_all(struct module_world *w, uint64_t epoch)
{
    enum { words = 256 };
    uint32_t bits[words];
    for (size_t u = 0; u < world_users; u++) {
        w->t[u] = (int32_t)diffmm__random_below(21, diffmm__stream_time(DIFFMM__NO_MODALITY, epoch),
                                                u, 4);
        diffmm__normal_draws(21, diffmm__stream_noise(DIFFMM__NO_MODALITY, epoch), u, world_items,
                             w->noise + u * world_items);
        diffmm__kernels()->bits(21, diffmm__stream_dropout(DIFFMM__NO_MODALITY, epoch), 4 * u, 4,
                                bits);
        for (size_t i = 0; i < world_items; i++)
            w->dropout_scale[u * world_items + i] = bits[i] >= 0x80000000u ? 2.0f : 0.0f;
    }
}

START_TEST(own_draws_are_those_of_the_streams)
{
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        struct module_world w;
        diffmm_diffusion_losses given, own;
        module_world_begin(&w, 2, none);
        draw_all(&w, epoch);
        float *a = malloc(2 * w.parameters * sizeof *a), *b = a + w.parameters;
        expect_success(diffmm_diffusion_objective(w.module, &w.batch, &given, a));
        w.batch.epoch = epoch;
        w.batch.t = NULL;
        w.batch.noise = w.batch.dropout_scale = NULL;
        expect_success(diffmm_diffusion_objective(w.module, &w.batch, &own, b));
        ck_assert(given.total == own.total);
        ck_assert(memcmp(a, b, w.parameters * sizeof *a) == 0);
        free(a);
        module_world_end(&w);
    }
}
END_TEST

/* A row draws the same whatever batch it is in, and wherever it stands there. */
START_TEST(draws_follow_the_row)
{
    struct module_world w;
    diffmm_diffusion_losses whole, part;
    double sum = 0.0;
    module_world_begin(&w, 1, none);
    w.batch.t = NULL;
    w.batch.noise = w.batch.dropout_scale = NULL;
    expect_success(diffmm_diffusion_objective(w.module, &w.batch, &whole, NULL));
    for (int32_t u = world_users - 1; u >= 0; u--) {
        w.batch.rows = 1;
        w.batch.row_numbers = &u;
        expect_success(diffmm_diffusion_objective(w.module, &w.batch, &part, NULL));
        sum += part.total / world_users;
    }
    expect_close("mean", 0, sum, whole.total, 1e-6 * whole.total);
    module_world_end(&w);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    struct module_world w[2];
    static const int32_t order[] = {4, 2, 9, 0, 7, 7, 10};
    for (size_t i = 0; i < 2; i++) {
        module_world_begin(&w[i], i == 0 ? 1 : 8, none);
        for (uint64_t epoch = 1; epoch <= 5; epoch++) {
            w[i].batch.t = NULL;
            w[i].batch.noise = w[i].batch.dropout_scale = NULL;
            w[i].batch.epoch = epoch;
            w[i].batch.rows = epoch % 2 ? 7 : 0;
            w[i].batch.row_numbers = epoch % 2 ? order : NULL;
            expect_success(diffmm_diffusion_step(w[i].module, &w[i].batch, NULL));
        }
    }
    expect_same_module(w[0].module, w[1].module);
    module_world_end(&w[0]);
    module_world_end(&w[1]);
}
END_TEST

/* What a batch gives does not depend on what was computed before it. */
START_TEST(the_workspace_has_no_memory)
{
    struct module_world w;
    diffmm_diffusion_losses first, again;
    module_world_begin(&w, 1, none);
    static const int32_t few[] = {3, 5};
    diffmm_diffusion_batch small = w.batch;
    small.rows = 2;
    small.row_numbers = few;
    small.d = 0;
    float *a = malloc(2 * w.parameters * sizeof *a), *b = a + w.parameters;
    expect_success(diffmm_diffusion_objective(w.module, &small, &first, a));
    expect_success(diffmm_diffusion_objective(w.module, &w.batch, NULL, b));
    expect_success(diffmm_diffusion_objective(w.module, &small, &again, b));
    ck_assert(first.total == again.total);
    ck_assert(memcmp(a, b, w.parameters * sizeof *a) == 0);
    free(a);
    module_world_end(&w);
}
END_TEST

START_TEST(the_loss_falls)
{
    struct module_world w;
    diffmm_diffusion_losses losses;
    double first = 0.0, last = 0.0;
    module_world_begin(&w, 2, none);
    w.batch.t = NULL;
    w.batch.noise = w.batch.dropout_scale = NULL;
    for (uint64_t epoch = 1; epoch <= 200; epoch++) {
        w.batch.epoch = epoch;
        expect_success(diffmm_diffusion_step(w.module, &w.batch, &losses));
        if (epoch <= 20)
            first += losses.total;
        if (epoch > 180)
            last += losses.total;
    }
    ck_assert_msg(last < 0.5 * first, "from %g to %g", first, last);
    module_world_end(&w);
}
END_TEST

START_TEST(what_is_not_finite_changes_nothing)
{
    struct module_world w;
    diffmm_diffusion_losses losses = {.total = 4.0};
    module_world_begin(&w, 1, none);
    struct module_state before = module_state(w.module);
    float *gradient = malloc(w.parameters * sizeof *gradient);
    fill(w.parameters, 3.0f, gradient);
    w.noise[40] = NAN;
    traps_off(); /* NaN goes through all that is computed */
    expect_failure(diffmm_diffusion_objective(w.module, &w.batch, &losses, gradient),
                   DIFFMM_ERROR_NUMERIC, "ELBO");
    expect_failure(diffmm_diffusion_step(w.module, &w.batch, &losses), DIFFMM_ERROR_NUMERIC,
                   "ELBO");
    w.noise[40] = 0.0f;
    w.features[2] = INFINITY;
    expect_failure(diffmm_diffusion_step(w.module, &w.batch, &losses), DIFFMM_ERROR_NUMERIC, "MSI");
    w.features[2] = 0.0f;
    expect_untouched(w.parameters, gradient, 3.0f);
    ck_assert(losses.total == 4.0);
    struct module_state after = module_state(w.module);
    ck_assert(memcmp(before.data, after.data, before.size) == 0);
    expect_success(diffmm_diffusion_step(w.module, &w.batch, &losses));
    free(before.data);
    free(after.data);
    free(gradient);
    module_world_end(&w);
}
END_TEST

START_TEST(a_gradient_that_overflows_is_named)
{
    struct module_world w;
    traps_off(); /* an overflow is what is tried */
    module_world_begin(&w, 1, none);
    for (size_t i = 0; i < world_items * world_d; i++)
        w.features[i] = 1e18f;
    expect_failure(diffmm_diffusion_step(w.module, &w.batch, NULL), DIFFMM_ERROR_NUMERIC,
                   "the gradient of '");
    module_world_end(&w);
}
END_TEST

START_TEST(no_more_users_than_the_option_batch)
{
    struct module_world w;
    module_world_begin(&w, 1, (const char *const[]){"batch", "10", NULL});
    expect_invalid(diffmm_diffusion_step(w.module, &w.batch, NULL), "batch: rows is 11");
    w.batch.rows = 10;
    expect_success(diffmm_diffusion_step(w.module, &w.batch, NULL));
    module_world_end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {as_with_plain_arrays,
                                  gradients_are_differences,
                                  a_step_is_adam,
                                  own_draws_are_those_of_the_streams,
                                  draws_follow_the_row,
                                  any_number_of_threads_gives_the_same_bits,
                                  the_workspace_has_no_memory,
                                  the_loss_falls,
                                  what_is_not_finite_changes_nothing,
                                  a_gradient_that_overflows_is_named,
                                  no_more_users_than_the_option_batch};
    return run_tests("step", tests, sizeof tests / sizeof *tests) != 0;
}
