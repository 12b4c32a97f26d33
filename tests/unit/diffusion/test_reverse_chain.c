/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/reverse_chain.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_denoiser.h"

enum { most_items = 40 };

static const size_t hidden[] = {8, 11};

struct setting {
    struct denoiser denoiser;
    diffmm_schedule *schedule;
    struct oracle_schedule exact_schedule;
    size_t rows, size, sampling_steps;
    int sampling_noise;
    float *x0, *noise, *x;
};

static void begin(struct setting *s, size_t rows, size_t items, size_t hidden_count, int normalize,
                  size_t steps, int beta_fixed)
{
    struct draws draws = {steps + items};
    denoiser_begin(&s->denoiser, items, 5, hidden_count, hidden, normalize, 2);
    s->schedule = test_schedule(steps, 2.0, beta_fixed);
    s->exact_schedule = test_oracle(steps, 2.0, beta_fixed);
    s->rows = rows;
    s->size = rows * items;
    s->sampling_steps = 0;
    s->sampling_noise = 0;
    s->x0 = malloc((steps + 3) * s->size * sizeof(float));
    s->x = s->x0 + s->size;
    s->noise = s->x + s->size;
    draw_mask(&draws, s->size, 0.7, 1.0f, s->x0);
    if (rows > 1)
        memset(s->x0 + items, 0, items * sizeof(float));
    draw_normals(&draws, (steps + 1) * s->size, 1.0, s->noise);
    fill(s->size, NAN, s->x);
}

static void end(struct setting *s)
{
    denoiser_end(&s->denoiser);
    diffmm_schedule_destroy(s->schedule);
    free(s->x0);
}

static diffmm_status reverse(diffmm_context *context, const struct setting *s, float *x)
{
    bool noise = s->sampling_steps > 0 || s->sampling_noise;
    return diffmm_reverse_chain(context, &s->denoiser.shape, s->schedule, s->denoiser.parameters,
                                s->rows, s->x0, s->sampling_steps, s->sampling_noise,
                                noise ? s->noise : NULL, x);
}

/* One user's chain, in double. */
static void exact_chain(const struct setting *s, size_t b, double *x)
{
    size_t items = s->denoiser.shape.items;
    const float *noise = s->noise + b * items, *x0 = s->x0 + b * items;
    double abar = s->sampling_steps > 0 ? s->exact_schedule.abar[s->sampling_steps - 1] : 1.0;
    for (size_t i = 0; i < items; i++)
        x[i] =
            sqrt(abar) * (double)x0[i] + (abar < 1.0 ? sqrt(1.0 - abar) * (double)noise[i] : 0.0);
    if (s->sampling_steps > 0)
        noise += s->size;
    oracle_chain(&s->denoiser, &s->exact_schedule, s->sampling_noise ? noise : NULL, s->size, x);
}

static void expect_exact(const struct setting *s, const float *x)
{
    size_t items = s->denoiser.shape.items;
    double want[most_items];
    for (size_t b = 0; b < s->rows; b++) {
        exact_chain(s, b, want);
        expect_near("x", items, x + b * items, want, 2e-5);
    }
}

START_TEST(equals_the_chain_of_each_user)
{
    static const size_t steps[] = {1, 2, 5};
    for (size_t k = 0; k < 3; k++)
        for (int flags = 0; flags < 8; flags++) {
            struct setting s;
            begin(&s, 5, 37, flags & 1 ? 2 : 1, flags & 2, steps[k], flags & 4);
            for (s.sampling_steps = 0; s.sampling_steps <= steps[k]; s.sampling_steps++)
                for (s.sampling_noise = 0; s.sampling_noise < 2; s.sampling_noise++) {
                    expect_success(reverse(NULL, &s, s.x));
                    expect_exact(&s, s.x);
                }
            end(&s);
        }
}
END_TEST

START_TEST(noise_of_the_last_step_is_not_used)
{
    struct setting s;
    begin(&s, 3, 10, 1, 0, 2, 1);
    s.sampling_noise = 1;
    float again[30];
    expect_success(reverse(NULL, &s, s.x));
    fill(s.size, NAN, s.noise + s.size);
    expect_success(reverse(NULL, &s, again));
    ck_assert_mem_eq(s.x, again, sizeof again);
    end(&s);
}
END_TEST

START_TEST(no_users)
{
    struct setting s;
    begin(&s, 2, 10, 1, 0, 2, 1);
    s.rows = 0;
    fill(s.size, 7.0f, s.x);
    expect_success(reverse(NULL, &s, s.x));
    expect_untouched(s.size, s.x, 7.0f);
    end(&s);
}
END_TEST

/* Rows of a larger sparse matrix, and noise from streams: block s is that of stream + (s << 32). */
START_TEST(drawn_noise_is_that_of_the_users_rows)
{
    enum { users = 9, rows = 4, items = 30, steps = 3 };
    static const int32_t row_of[rows] = {8, 0, 5, 3};
    struct setting s;
    int64_t pointers[users + 1] = {0};
    int32_t row_items[users * items];
    begin(&s, rows, items, 1, 0, steps, 0);
    s.sampling_steps = 2;
    s.sampling_noise = 1;
    memset(s.x0, 0, s.size * sizeof *s.x0);
    for (size_t u = 0; u < users; u++) {
        pointers[u + 1] = pointers[u] + (int64_t)u;
        for (size_t i = 0; i < u; i++)
            row_items[(size_t)pointers[u] + i] = (int32_t)(3 * i + u % 3);
    }
    struct diffmm__batch_rows x0 = {
        .matrix = diffmm__csr_view(users, items, pointers, row_items, NULL), .row_of = row_of};
    struct diffmm__draws draws = {.seed = 3, .noise_stream = 12};
    for (size_t b = 0; b < rows; b++) {
        diffmm__batch_rows_add(&x0, b, 1.0f, s.x0 + b * items);
        for (size_t block = 0; block <= steps; block++) {
            struct diffmm__draws of_block = draws;
            of_block.noise_stream += (uint64_t)block << 32;
            diffmm__draws_noise(&of_block, (uint64_t)row_of[b], items,
                                s.noise + block * s.size + b * items);
        }
    }
    struct diffmm__layers layers;
    struct diffmm__denoiser_pass pass;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    const struct diffmm__denoiser_batch batch = {.rows = rows, .x0 = x0, .draws = draws};
    const struct diffmm__sampling sampling = {.sampling_steps = 2, .sampling_noise = true};
    expect_success(diffmm__layers_read(&s.denoiser.shape, &layers));
    diffmm__denoiser_pass_take(&arena, &layers, rows, DIFFMM__PASS_FORWARD, &pass);
    ck_assert(!arena.failed);
    diffmm__reverse_chain_run(&pass, s.schedule, s.denoiser.parameters, &sampling, &batch, s.x);
    expect_exact(&s, s.x);
    diffmm__arena_end(&arena);
    end(&s);
}
END_TEST

static void reverse_much(diffmm_context *context, void *argument, void *out)
{
    expect_success(reverse(context, argument, out));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    struct setting s;
    begin(&s, 150, 1100, 2, 1, 3, 1);
    s.sampling_steps = 3;
    s.sampling_noise = 1;
    expect_same_bits(s.size * sizeof(float), reverse_much, &s);
    end(&s);
}
END_TEST

START_TEST(bad_input)
{
    struct setting s;
    begin(&s, 2, 10, 1, 0, 3, 1);
    const diffmm_denoiser_shape *shape = &s.denoiser.shape;
    const float *p = s.denoiser.parameters;
    fill(s.size, 7.0f, s.x);
    expect_invalid(diffmm_reverse_chain(NULL, NULL, s.schedule, p, 2, s.x0, 0, 0, NULL, s.x),
                   "shape is NULL");
    expect_invalid(diffmm_reverse_chain(NULL, shape, NULL, p, 2, s.x0, 0, 0, NULL, s.x),
                   "schedule is NULL");
    expect_invalid(diffmm_reverse_chain(NULL, shape, s.schedule, NULL, 2, s.x0, 0, 0, NULL, s.x),
                   "parameters is NULL");
    expect_invalid(diffmm_reverse_chain(NULL, shape, s.schedule, p, 2, NULL, 0, 0, NULL, s.x),
                   "x0 is NULL");
    expect_invalid(diffmm_reverse_chain(NULL, shape, s.schedule, p, 2, s.x0, 0, 0, NULL, NULL),
                   "x is NULL");
    expect_invalid(diffmm_reverse_chain(NULL, shape, s.schedule, p, 2, s.x0, 4, 0, s.noise, s.x),
                   "sampling_steps is 4");
    expect_invalid(diffmm_reverse_chain(NULL, shape, s.schedule, p, 2, s.x0, 1, 0, NULL, s.x),
                   "noise is NULL");
    expect_invalid(diffmm_reverse_chain(NULL, shape, s.schedule, p, 2, s.x0, 0, 1, NULL, s.x),
                   "noise is NULL");
    expect_untouched(s.size, s.x, 7.0f);
    end(&s);
}
END_TEST

static struct {
    diffmm_context *context;
    struct setting setting;
} short_of_memory;

static diffmm_status reverse_once(void *argument)
{
    (void)argument;
    struct setting *s = &short_of_memory.setting;
    fill(s->size, 7.0f, s->x);
    diffmm_status status = reverse(short_of_memory.context, s, s->x);
    if (status)
        expect_untouched(s->size, s->x, 7.0f);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    begin(&short_of_memory.setting, 3, 10, 1, 0, 2, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, reverse_once, NULL), 0);
    end(&short_of_memory.setting);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_chain_of_each_user,
                                  noise_of_the_last_step_is_not_used,
                                  no_users,
                                  drawn_noise_is_that_of_the_users_rows,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  out_of_memory};
    return run_tests("reverse_chain", tests, sizeof tests / sizeof *tests) != 0;
}
