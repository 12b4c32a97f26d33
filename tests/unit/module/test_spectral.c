/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules whose denoiser is spectral: what they learn and give is what the denoiser does in the
 * coordinates of the basis, written over the items. */
#include <math.h>

#include <diffmm/metrics.h>

#include "support/close.h"
#include "support/differences.h"
#include "support/module_world.h"
#include "support/orthonormal_basis.h"

enum { rank = 8, z_size = world_users * rank };

static const size_t hidden[] = {9};

/* A world whose module is spectral; its noise has `rank` columns. */
struct spectral_world {
    struct module_world w;
    float basis[world_items * rank];
};

static void begin_on(struct spectral_world *s, diffmm_context *context, const char *const *list)
{
    struct draws draws = {17};
    module_world_on(&s->w, context, list);
    draw_basis(&draws, world_items, rank, s->basis);
    diffmm_diffusion_destroy(s->w.module);
    expect_success(diffmm_diffusion_create_spectral(context, world_items, rank, s->basis,
                                                    s->w.options, 21, &s->w.module));
    diffmm_denoiser_shape shape = world_shape(1, hidden, 0);
    shape.items = rank;
    s->w.parameters = diffmm_denoiser_size(&shape);
}

static void begin(struct spectral_world *s, size_t threads, const char *const *list)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    begin_on(s, context, list);
}

static const char *const none[] = {NULL};

START_TEST(keeps_its_basis)
{
    struct spectral_world s;
    size_t columns = 99;
    const char *kind;
    int64_t settings_rank;
    begin(&s, 1, none);
    const float *kept = diffmm_diffusion_basis(s.w.module, &columns);
    ck_assert_uint_eq(columns, rank);
    ck_assert(kept != s.basis);
    ck_assert_mem_eq(kept, s.basis, sizeof s.basis);
    ck_assert_ptr_eq(diffmm_diffusion_basis(s.w.module, NULL), kept);
    ck_assert_uint_eq(diffmm_diffusion_items(s.w.module), world_items);
    const diffmm_options *options = diffmm_diffusion_options(s.w.module);
    expect_success(diffmm_options_get(options, "denoiser.kind", &kind));
    ck_assert_str_eq(kind, "spectral");
    expect_success(diffmm_options_get_integer(options, "denoiser.rank", &settings_rank));
    ck_assert_int_eq(settings_rank, rank);
    module_world_end(&s.w);

    struct module_world full;
    module_world_begin(&full, 1, none);
    ck_assert_ptr_null(diffmm_diffusion_basis(full.module, &columns));
    ck_assert_uint_eq(columns, 0);
    ck_assert_ptr_null(diffmm_diffusion_basis(NULL, NULL));
    module_world_end(&full);
}
END_TEST

/* W B^T acts on the items: its entries have the variance of a full denoiser's weights. */
START_TEST(initial_values_count_the_items)
{
    struct spectral_world s;
    diffmm_parameter p = {.struct_size = sizeof p};
    begin(&s, 1, (const char *const[]){"hidden_sizes", "3000", NULL});
    static const char *const names[] = {"encoder.0.weight", "decoder.0.weight"};
    for (size_t i = 0; i < 2; i++) {
        double squares = 0.0, ends = 3000 + world_items + (i == 0 ? 4 : 0);
        expect_success(diffmm_diffusion_parameter(s.w.module, names[i], &p));
        size_t count = p.rows * p.columns;
        for (size_t j = 0; j < count; j++)
            squares += (double)p.values[j] * (double)p.values[j] / (double)count;
        expect_close(names[i], 0, squares, 2.0 / ends, 0.05 * 2.0 / ends);
    }
    module_world_end(&s.w);
}
END_TEST

START_TEST(objective_of_plain_arrays)
{
    for (size_t d = 0; d <= world_d; d += world_d) {
        struct spectral_world s;
        diffmm_diffusion_losses losses;
        double loss, elbo, msi;
        begin(&s, 2, none);
        s.w.batch.d = d;
        diffmm_denoiser_shape shape = world_shape(1, hidden, 0);
        shape.items = rank;
        float *want = malloc(2 * s.w.parameters * sizeof *want), *got = want + s.w.parameters;
        const diffmm_spectral_loss_arguments arguments = {.struct_size = sizeof arguments,
                                                          .shape = &shape,
                                                          .parameters = module_values(s.w.module),
                                                          .items = world_items,
                                                          .basis = s.basis,
                                                          .rows = world_users,
                                                          .x0 = s.w.x0,
                                                          .t = s.w.t,
                                                          .noise = s.w.noise,
                                                          .dropout_scale = s.w.dropout_scale,
                                                          .dropout = 0.5,
                                                          .d = d,
                                                          .features = s.w.features,
                                                          .item_embedding = s.w.embedding,
                                                          .e_loss = 0.1,
                                                          .loss = &loss,
                                                          .elbo = &elbo,
                                                          .msi = &msi,
                                                          .grad_parameters = want};
        expect_success(diffmm_spectral_loss_with(s.w.context, diffmm_diffusion_schedule(s.w.module),
                                                 &arguments));
        expect_success(diffmm_diffusion_objective(s.w.module, &s.w.batch, &losses, got));
        ck_assert(losses.total == loss && losses.elbo == elbo && losses.msi == msi);
        ck_assert_mem_eq(want, got, s.w.parameters * sizeof *want);
        free(want);
        module_world_end(&s.w);
    }
}
END_TEST

static double total_of(void *argument)
{
    struct spectral_world *s = argument;
    diffmm_diffusion_losses losses;
    expect_success(diffmm_diffusion_objective(s->w.module, &s->w.batch, &losses, NULL));
    return losses.total;
}

/* Z B^T, exactly enough. */
static void over_items(const struct spectral_world *s, const double *z, double *x)
{
    for (size_t b = 0; b < world_users; b++)
        for (size_t i = 0; i < world_items; i++) {
            x[b * world_items + i] = 0.0;
            for (size_t j = 0; j < rank; j++)
                x[b * world_items + i] += z[b * rank + j] * (double)s->basis[i * rank + j];
        }
}

static void coordinates(const struct spectral_world *s, const float *x, double *z)
{
    for (size_t b = 0; b < world_users; b++)
        for (size_t j = 0; j < rank; j++) {
            z[b * rank + j] = 0.0;
            for (size_t i = 0; i < world_items; i++)
                z[b * rank + j] += (double)x[b * world_items + i] * (double)s->basis[i * rank + j];
        }
}

static void to_floats(size_t count, const double *from, float *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)from[i];
}

/* The denoiser at steps t, on coordinates. */
static void predict(const struct spectral_world *s, const double *z, const int32_t *t, double *out)
{
    diffmm_denoiser_shape shape = world_shape(1, hidden, 0);
    float in[z_size], hat[z_size];
    shape.items = rank;
    to_floats(z_size, z, in);
    expect_success(diffmm_denoiser_forward(NULL, &shape, module_values(s->w.module), world_users,
                                           in, t, NULL, hat));
    for (size_t i = 0; i < z_size; i++)
        out[i] = (double)hat[i];
}

/* Only what the denoiser is not given counts: the mean over items of the squares of the others. */
START_TEST(only_dropped_entries_count)
{
    struct spectral_world s;
    diffmm_diffusion_losses losses;
    double z[z_size], hat[z_size], x_hat[world_size], want = 0.0;
    begin(&s, 2, (const char *const[]){"denoiser.target", "dropped", NULL});
    s.w.batch.d = 0;
    const diffmm_schedule *schedule = diffmm_diffusion_schedule(s.w.module);
    const double *abar = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_ALPHA_BAR);
    const double *weight = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_ELBO_WEIGHT);
    float dropped[world_size];
    for (size_t i = 0; i < world_size; i++)
        dropped[i] = s.w.x0[i] * s.w.dropout_scale[i];
    coordinates(&s, dropped, z);
    for (size_t i = 0; i < z_size; i++)
        z[i] = sqrt(abar[s.w.t[i / rank]]) * z[i] +
               sqrt((1 - abar[s.w.t[i / rank]]) / 0.5) * (double)s.w.noise[i];
    predict(&s, z, s.w.t, hat);
    over_items(&s, hat, x_hat);
    for (size_t i = 0; i < world_size; i++)
        if (dropped[i] == 0.0f) {
            double error = x_hat[i] - (double)s.w.x0[i];
            want += weight[s.w.t[i / world_items]] * error * error / (double)world_size;
        }
    float *gradient = malloc(s.w.parameters * sizeof *gradient);
    expect_success(diffmm_diffusion_objective(s.w.module, &s.w.batch, &losses, gradient));
    expect_close("elbo", 0, losses.elbo, want, 1e-5 * want);
    /* The world's own module may be written to. */
    float *values = (float *)(uintptr_t)module_values(s.w.module);
    expect_gradient("parameters", total_of, &s, s.w.parameters, values, gradient, 2e-2f, 1e-2);
    free(gradient);
    module_world_end(&s.w);
}
END_TEST

/* Steps on the same draws lower the loss; those of another module with the same seed are the same
 * bits, whatever the threads. */
START_TEST(learns)
{
    struct spectral_world s, other;
    begin(&s, 1, none);
    begin(&other, 3, none);
    double before = total_of(&s);
    for (int step = 0; step < 60; step++) {
        expect_success(diffmm_diffusion_step(s.w.module, &s.w.batch, NULL));
        expect_success(diffmm_diffusion_step(other.w.module, &other.w.batch, NULL));
    }
    ck_assert_msg(total_of(&s) < 0.8 * before, "%g, then %g", before, total_of(&s));
    expect_same_module(s.w.module, other.w.module);
    module_world_end(&s.w);
    module_world_end(&other.w);
}
END_TEST

/* Draws of its own depend on the row alone. */
START_TEST(draws_of_its_own)
{
    struct spectral_world s;
    static const int32_t five[] = {5};
    float all[world_size], one[world_items];
    begin(&s, 2, none);
    s.w.batch.noise = s.w.batch.dropout_scale = NULL;
    s.w.batch.t = NULL;
    expect_success(diffmm_diffusion_corrupt(s.w.module, &s.w.batch, all));
    s.w.batch.rows = 1;
    s.w.batch.row_numbers = five;
    expect_success(diffmm_diffusion_corrupt(s.w.module, &s.w.batch, one));
    for (size_t i = 0; i < world_items; i++)
        expect_close("x_t", i, (double)one[i], (double)all[5 * world_items + i], 1e-6);
    module_world_end(&s.w);
}
END_TEST

START_TEST(corrupts_and_denoises)
{
    struct spectral_world s;
    double z[z_size], hat[z_size], want[world_size];
    float got[world_size];
    begin(&s, 2, none);
    const double *abar =
        diffmm_schedule_values(diffmm_diffusion_schedule(s.w.module), DIFFMM_SCHEDULE_ALPHA_BAR);
    coordinates(&s, s.w.x0, z);
    for (size_t i = 0; i < z_size; i++)
        z[i] = sqrt(abar[s.w.t[i / rank]]) * z[i] +
               sqrt(1 - abar[s.w.t[i / rank]]) * (double)s.w.noise[i];
    over_items(&s, z, want);
    expect_success(diffmm_diffusion_corrupt(s.w.module, &s.w.batch, got));
    expect_near("x_t", world_size, got, want, 1e-6);

    coordinates(&s, s.w.x0, z);
    predict(&s, z, s.w.t, hat);
    over_items(&s, hat, want);
    expect_success(diffmm_diffusion_denoise(s.w.module, world_users, s.w.x0, s.w.t, got));
    expect_near("x_hat", world_size, got, want, 1e-5);
    module_world_end(&s.w);
}
END_TEST

/* The chain in coordinates, from the noised row and with noise at each step. */
START_TEST(reverses)
{
    for (int noisy = 0; noisy < 2; noisy++) {
        struct spectral_world s;
        enum { steps = 4 };
        double z[z_size], hat[z_size], want[world_size];
        float got[world_size], noise[(steps + 1) * z_size];
        struct draws draws = {3};
        begin(&s, 2,
              noisy ? (const char *const[]){"sampling_steps", "3", "sampling_noise", "1", NULL}
                    : none);
        draw_normals(&draws, (steps + 1) * z_size, 1.0, noise);
        s.w.batch.noise = noisy ? noise : NULL;
        const diffmm_schedule *schedule = diffmm_diffusion_schedule(s.w.module);
        const double *abar = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_ALPHA_BAR);
        const double *c1 = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0);
        const double *c2 = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT);
        const double *log_variance =
            diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE);
        coordinates(&s, s.w.x0, z);
        for (size_t i = 0; i < z_size && noisy; i++)
            z[i] = sqrt(abar[2]) * z[i] + sqrt(1 - abar[2]) * (double)noise[i];
        for (int32_t i = steps - 1, block = 1; i >= 0; i--, block++) {
            int32_t t[world_users];
            for (size_t b = 0; b < world_users; b++)
                t[b] = i;
            predict(&s, z, t, hat);
            for (size_t j = 0; j < z_size; j++) {
                z[j] = c1[i] * hat[j] + c2[i] * z[j];
                if (noisy && i > 0)
                    z[j] += exp(0.5 * log_variance[i]) * (double)noise[(size_t)block * z_size + j];
            }
        }
        over_items(&s, z, want);
        expect_success(diffmm_diffusion_reverse(s.w.module, &s.w.batch, got));
        expect_near("x", world_size, got, want, 1e-5);

        enum { count = 6 };
        int32_t items[world_users * count], best[count];
        float scores[world_users * count], best_scores[count];
        size_t found;
        expect_success(diffmm_diffusion_generate(s.w.module, &s.w.batch, count, items, scores));
        for (size_t b = 0; b < world_users; b++) {
            expect_success(diffmm_top_k(world_items, got + b * world_items, 0, NULL, count, best,
                                        best_scores, &found));
            ck_assert_mem_eq(items + b * count, best, sizeof best);
            ck_assert_mem_eq(scores + b * count, best_scores, sizeof best_scores);
        }
        module_world_end(&s.w);
    }
}
END_TEST

START_TEST(copied_and_filed)
{
    struct spectral_world s;
    diffmm_diffusion *copy, *read;
    begin(&s, 2, none);
    expect_success(diffmm_diffusion_step(s.w.module, &s.w.batch, NULL));
    struct module_state state = module_state(s.w.module);
    expect_success(diffmm_diffusion_copy(s.w.module, &copy));
    expect_success(diffmm_diffusion_load_memory(s.w.context, state.data, state.size, &read));
    diffmm_diffusion *const both[] = {copy, read};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_mem_eq(diffmm_diffusion_basis(both[i], NULL), s.basis, sizeof s.basis);
        expect_same_module(both[i], s.w.module);
    }
    expect_success(diffmm_diffusion_step(s.w.module, &s.w.batch, NULL));
    for (size_t i = 0; i < 2; i++) {
        expect_success(diffmm_diffusion_step(both[i], &s.w.batch, NULL));
        expect_same_module(both[i], s.w.module);
        diffmm_diffusion_destroy(both[i]);
    }
    /* A file that ends before its basis asks for no memory. */
    diffmm_diffusion *out = NULL;
    expect_failure(
        diffmm_diffusion_load_memory(s.w.context, state.data, state.size - sizeof s.basis, &out),
        DIFFMM_ERROR_FORMAT, "");
    ck_assert_ptr_null(out);
    free(state.data);
    module_world_end(&s.w);
}
END_TEST

/* New items are scored by their rows of the basis, old ones as before. */
START_TEST(extended_by_new_items)
{
    enum { more = 3, all = world_items + more };
    struct spectral_world s;
    diffmm_diffusion *out, *again;
    float rows[more * rank], before[world_size], after[world_users * all], items[1];
    begin(&s, 2, none);
    for (size_t j = 0; j < rank; j++) {
        rows[j] = s.basis[5 * rank + j]; /* the same as item 5; */
        rows[rank + j] = 0.0f;
        rows[2 * rank + j] = 2.0f * s.basis[9 * rank + j];
    }
    expect_success(diffmm_diffusion_step(s.w.module, &s.w.batch, NULL));
    expect_success(diffmm_diffusion_reverse(s.w.module, &s.w.batch, before));
    expect_success(diffmm_diffusion_extend(s.w.module, more, rows, &out));
    ck_assert_uint_eq(diffmm_diffusion_items(out), all);
    ck_assert_uint_eq(diffmm_diffusion_steps(out), 1);
    expect_success(diffmm_diffusion_reverse(out, &s.w.batch, after));
    for (size_t b = 0; b < world_users; b++) {
        const float *old = before + b * world_items, *new = after + b *all;
        for (size_t i = 0; i < world_items; i++)
            expect_close("old item", i, (double)new[i], (double)old[i], 1e-6);
        expect_close("item like 5", b, (double)new[world_items], (double)old[5], 1e-6);
        ck_assert(new[world_items + 1] == 0.0f);
        expect_close("twice 9", b, (double)new[world_items + 2], 2.0 * (double)old[9], 1e-6);
    }
    struct module_state state = module_state(out);
    expect_success(diffmm_diffusion_load_memory(s.w.context, state.data, state.size, &again));
    expect_same_module(out, again);
    free(state.data);
    diffmm_diffusion_destroy(again);
    diffmm_diffusion_destroy(out);

    out = NULL;
    rows[rank + 4] = INFINITY;
    expect_failure(diffmm_diffusion_extend(s.w.module, more, rows, &out), DIFFMM_ERROR_NUMERIC,
                   "value 4 of new item 1");
    expect_invalid(diffmm_diffusion_extend(s.w.module, 0, rows, &out), "count");
    expect_invalid(diffmm_diffusion_extend(s.w.module, INT32_MAX, rows, &out), "count");
    module_world_end(&s.w);
    struct module_world full;
    module_world_begin(&full, 1, none);
    expect_failure(diffmm_diffusion_extend(full.module, 1, items, &out), DIFFMM_ERROR_STATE,
                   "full");
    ck_assert_ptr_null(out);
    module_world_end(&full);
}
END_TEST

START_TEST(what_cannot_be_made)
{
    struct spectral_world s;
    diffmm_diffusion *out = NULL;
    begin(&s, 1, none);
    diffmm_context *context = s.w.context;
    expect_invalid(diffmm_diffusion_create_spectral(context, world_items, world_items + 1, s.basis,
                                                    NULL, 1, &out),
                   "rank");
    s.basis[3 * rank + 2] += 0.5f;
    expect_invalid(
        diffmm_diffusion_create_spectral(context, world_items, rank, s.basis, NULL, 1, &out),
        "columns");
    s.basis[3 * rank + 2] = NAN;
    expect_failure(
        diffmm_diffusion_create_spectral(context, world_items, rank, s.basis, NULL, 1, &out),
        DIFFMM_ERROR_NUMERIC, "value 26");
    static const char *const of_trainers[][2] = {{"denoiser.rows", "normalized"},
                                                 {"denoiser.linear", "true"}};
    struct draws draws = {17};
    draw_basis(&draws, world_items, rank, s.basis);
    for (size_t i = 0; i < 2; i++) {
        diffmm_options *options = settings(context, none);
        expect_success(diffmm_options_set(options, of_trainers[i][0], of_trainers[i][1]));
        expect_invalid(
            diffmm_diffusion_create_spectral(context, world_items, rank, s.basis, options, 1, &out),
            of_trainers[i][0]);
        diffmm_options_destroy(options);
    }
    expect_success(diffmm_options_set(s.w.options, "denoiser.kind", "spectral"));
    expect_invalid(diffmm_diffusion_create(context, world_items, s.w.options, 1, &out),
                   "diffmm_diffusion_create_spectral()");
    ck_assert_ptr_null(out);
    module_world_end(&s.w);
}
END_TEST

/* The forecast holds for spectral modules, and is smaller than the full one's. */
START_TEST(needs_less)
{
    diffmm_context *context;
    diffmm_options *options;
    diffmm_diffusion_needs full = {.struct_size = sizeof full}, spectral = full;
    expect_success(diffmm_context_create(NULL, &context));
    options = settings(context, none);
    expect_success(diffmm_diffusion_forecast(context, 10000, 5000, 50000, options, &full));
    expect_success(diffmm_options_set(options, "denoiser.kind", "spectral"));
    expect_success(diffmm_diffusion_forecast(context, 10000, 5000, 50000, options, &spectral));
    ck_assert_uint_eq(spectral.parameters, 110 + 1000 * (256 + 10 + 1) + 256 * (1000 + 1));
    ck_assert(spectral.step_flops * 10 < full.step_flops);
    ck_assert_uint_ge(spectral.module_bytes, 4 * (3 * spectral.parameters + 10000 * 256));
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {keeps_its_basis,
                                  initial_values_count_the_items,
                                  objective_of_plain_arrays,
                                  learns,
                                  only_dropped_entries_count,
                                  draws_of_its_own,
                                  corrupts_and_denoises,
                                  reverses,
                                  copied_and_filed,
                                  extended_by_new_items,
                                  what_cannot_be_made,
                                  needs_less};
    return run_tests("spectral", tests, sizeof tests / sizeof *tests);
}
