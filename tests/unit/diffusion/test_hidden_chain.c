/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/hidden_chain.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_denoiser.h"

enum { users = 30, most_items = 60, rows = 12 };

struct setting {
    struct denoiser denoiser;
    struct diffmm__layers layers;
    diffmm_schedule *schedule;
    struct oracle_schedule exact_schedule;
    int64_t pointers[users + 1];
    int32_t row_items[users * most_items], row_of[rows];
    float values[users * most_items];
    struct diffmm__batch_rows x0;
};

static void begin(struct setting *s, size_t items, size_t hidden, size_t steps, int beta_fixed)
{
    struct draws draws = {items + hidden};
    int64_t count = 0;
    denoiser_begin(&s->denoiser, items, 5, 1, &hidden, 0, steps);
    expect_success(diffmm__layers_read(&s->denoiser.shape, &s->layers));
    s->schedule = test_schedule(steps, 2.0, beta_fixed);
    s->exact_schedule = test_oracle(steps, 2.0, beta_fixed);
    s->pointers[0] = 0;
    for (size_t u = 0; u < users; u++) {
        for (size_t i = 0; i < items && u != 4; i++)
            if (draw_real(&draws) < 0.2) {
                s->values[count] = (float)draw_normal(&draws);
                s->row_items[count++] = (int32_t)i;
            }
        s->pointers[u + 1] = count;
    }
    for (size_t b = 0; b < rows; b++)
        s->row_of[b] = (int32_t)((b * 11 + 4) % users);
    s->x0 = (struct diffmm__batch_rows){
        .matrix = diffmm__csr_view(users, s->layers.items, s->pointers, s->row_items, NULL),
        .row_of = s->row_of};
}

static void end(struct setting *s)
{
    denoiser_end(&s->denoiser);
    diffmm_schedule_destroy(s->schedule);
}

/* The final x of a chain that has run: x0_factor x0 + sum W_out^T + bias_factor b_out. */
static void final_x(const struct setting *s, const struct diffmm__hidden_chain *chain, size_t b,
                    double *x)
{
    const struct diffmm__layer *out = &s->layers.layer[2];
    float dense[most_items] = {0};
    diffmm__batch_rows_add(&s->x0, b, 1.0f, dense);
    for (size_t i = 0; i < out->outputs; i++) {
        x[i] = (double)chain->x0_factor * (double)dense[i] +
               (double)chain->bias_factor * s->denoiser.exact[out->bias + i];
        for (size_t j = 0; j < out->inputs; j++)
            x[i] += (double)chain->sum[b * out->inputs + j] *
                    s->denoiser.exact[out->weight + i * out->inputs + j];
    }
}

/* Compares the hidden chain with the naive one, and with the chain in double. */
static void expect_agreement(const struct setting *s, struct diffmm__hidden_chain *chain)
{
    size_t items = s->layers.items;
    struct diffmm__denoiser_pass pass;
    const struct diffmm__sampling sampling = {0};
    const struct diffmm__denoiser_batch batch = {.rows = rows, .x0 = s->x0};
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    static float naive[rows * most_items];
    diffmm__denoiser_pass_take(&arena, &s->layers, rows, DIFFMM__PASS_FORWARD, &pass);
    ck_assert(!arena.failed);
    diffmm__reverse_chain_run(&pass, s->schedule, s->denoiser.parameters, &sampling, &batch, naive);
    diffmm__arena_end(&arena);
    diffmm__hidden_chain_run(chain, rows, &s->x0);
    for (size_t b = 0; b < rows; b++) {
        double hidden[most_items], exact[most_items] = {0};
        float dense[most_items] = {0};
        diffmm__batch_rows_add(&s->x0, b, 1.0f, dense);
        for (size_t i = 0; i < items; i++)
            exact[i] = (double)dense[i];
        oracle_chain(&s->denoiser, &s->exact_schedule, NULL, 0, exact);
        final_x(s, chain, b, hidden);
        double tolerance = 2e-5 * largest_of(items, exact);
        for (size_t i = 0; i < items; i++) {
            expect_close("hidden", i, hidden[i], exact[i], tolerance);
            expect_close("naive", i, (double)naive[b * items + i], exact[i], tolerance);
        }
    }
}

static void take(struct diffmm__arena *arena, const struct setting *s,
                 struct diffmm__hidden_chain *chain)
{
    diffmm__hidden_chain_take(arena, &s->layers, diffmm_schedule_steps(s->schedule), rows, chain);
    ck_assert(!arena->failed);
}

static void expect_chain(const struct setting *s)
{
    struct diffmm__hidden_chain chain;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    take(&arena, s, &chain);
    diffmm__hidden_chain_prepare(&chain, s->schedule, s->denoiser.parameters);
    expect_agreement(s, &chain);
    diffmm__arena_end(&arena);
}

START_TEST(agrees_with_the_naive_chain)
{
    static const size_t steps[] = {1, 2, 5}, hidden[] = {1, 7, 20};
    for (size_t k = 0; k < 3; k++)
        for (size_t h = 0; h < 3; h++)
            for (int flags = 0; flags < 4; flags++) {
                static struct setting s;
                begin(&s, 41 + h, hidden[h], steps[k], flags & 1);
                if (flags & 2)
                    s.x0.matrix.values = s.values;
                expect_chain(&s);
                end(&s);
            }
}
END_TEST

/* With the posterior's own coefficients, the result depends on the last x_hat alone. With others,
 * it depends on every step and on x0, and must be right too. */
START_TEST(any_coefficients)
{
    static struct setting s;
    begin(&s, 37, 9, 4, 1);
    s.x0.matrix.values = s.values;
    for (size_t i = 0; i < 4; i++) {
        double c1 = 0.7 - 0.1 * (double)i, c2 = 0.5 + 0.1 * (double)i;
        s.schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i] = s.exact_schedule.c1[i] = c1;
        s.schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT][i] = s.exact_schedule.c2[i] = c2;
    }
    expect_chain(&s);
    end(&s);
}
END_TEST

START_TEST(prepared_anew_for_other_parameters)
{
    static struct setting s;
    struct draws draws = {77};
    struct diffmm__hidden_chain chain;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    begin(&s, 37, 9, 3, 1);
    take(&arena, &s, &chain);
    for (size_t round = 0; round < 2; round++) {
        diffmm__hidden_chain_prepare(&chain, s.schedule, s.denoiser.parameters);
        expect_agreement(&s, &chain);
        draw_normals(&draws, s.denoiser.size, 0.3, s.denoiser.parameters);
        for (size_t i = 0; i < s.denoiser.size; i++)
            s.denoiser.exact[i] = (double)s.denoiser.parameters[i];
    }
    diffmm__arena_end(&arena);
    end(&s);
}
END_TEST

START_TEST(possible_only_where_the_algebra_holds)
{
    const struct diffmm__layers usual = {.hidden_count = 1};
    const struct diffmm__layers deep = {.hidden_count = 2};
    const struct diffmm__layers normal = {.hidden_count = 1, .normalize = true};
    const struct diffmm__sampling plain = {0}, steps = {.sampling_steps = 1};
    const struct diffmm__sampling noise = {.sampling_noise = true};
    ck_assert(diffmm__hidden_chain_possible(&usual, &plain));
    ck_assert(!diffmm__hidden_chain_possible(&deep, &plain));
    ck_assert(!diffmm__hidden_chain_possible(&normal, &plain));
    ck_assert(!diffmm__hidden_chain_possible(&usual, &steps));
    ck_assert(!diffmm__hidden_chain_possible(&usual, &noise));
}
END_TEST

/* W_in W_out once, then G a for all steps but the last, and one product with W_out. */
START_TEST(flops)
{
    static struct setting s;
    begin(&s, 40, 10, 2, 1);
    ck_assert(diffmm__hidden_chain_flops(&s.layers, 1, 100) == 2e3 * 4 + 2e3 * 40);
    ck_assert(diffmm__hidden_chain_flops(&s.layers, 5, 100) == 2e3 * 4 + 2e4 * 4 + 2e3 * 40);
    end(&s);
}
END_TEST

enum { wide_items = 1500, wide_hidden = 90, wide_rows = 70 };

static void run_much(diffmm_context *context, void *argument, void *out)
{
    const struct denoiser *denoiser = argument;
    static int64_t pointers[wide_rows + 1];
    static int32_t row_items[wide_rows * 3];
    for (size_t b = 0; b < wide_rows; b++) {
        pointers[b + 1] = (int64_t)(3 * b + 3);
        for (size_t i = 0; i < 3; i++)
            row_items[3 * b + i] = (int32_t)((b * 17 + i * 400) % wide_items);
    }
    struct diffmm__batch_rows x0 = {
        .matrix = diffmm__csr_view(wide_rows, wide_items, pointers, row_items, NULL)};
    struct diffmm__layers layers;
    struct diffmm__hidden_chain chain;
    diffmm_schedule *schedule = test_schedule(3, 1.0, 0);
    expect_success(diffmm__layers_read(&denoiser->shape, &layers));
    struct diffmm__arena arena = diffmm__arena_on(context);
    diffmm__hidden_chain_take(&arena, &layers, 3, wide_rows, &chain);
    ck_assert(!arena.failed);
    diffmm__hidden_chain_prepare(&chain, schedule, denoiser->parameters);
    diffmm__hidden_chain_run(&chain, wide_rows, &x0);
    memcpy(out, chain.sum, wide_rows * wide_hidden * sizeof(float));
    diffmm__arena_end(&arena);
    diffmm_schedule_destroy(schedule);
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    struct denoiser denoiser;
    denoiser_begin(&denoiser, wide_items, 10, 1, &(size_t){wide_hidden}, 0, 1);
    expect_same_bits(wide_rows * wide_hidden * sizeof(float), run_much, &denoiser);
    denoiser_end(&denoiser);
}
END_TEST

static struct {
    diffmm_context *context;
    struct setting setting;
} short_of_memory;

static diffmm_status take_once(void *argument)
{
    struct diffmm__hidden_chain chain;
    const struct setting *s = &short_of_memory.setting;
    struct diffmm__arena arena = diffmm__arena_on(short_of_memory.context);
    (void)argument;
    diffmm__hidden_chain_take(&arena, &s->layers, 3, rows, &chain);
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    diffmm__arena_end(&arena);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 1);
    begin(&short_of_memory.setting, 20, 6, 3, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, take_once, NULL), 0);
    end(&short_of_memory.setting);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {agrees_with_the_naive_chain,
                                  any_coefficients,
                                  prepared_anew_for_other_parameters,
                                  possible_only_where_the_algebra_holds,
                                  flops,
                                  the_same_bits_on_any_number_of_threads,
                                  out_of_memory};
    return run_tests("hidden_chain", tests, sizeof tests / sizeof *tests) != 0;
}
