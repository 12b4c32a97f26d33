/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/q_sample.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/oracle_denoiser.h"

enum { users = 40, items = 333, e = 3, steps = 4, stride = items + e };

static const size_t hidden[] = {4};
static int64_t pointers[users + 1];
static int32_t row_items[users * items];
static float values[users * items];
static diffmm_schedule *schedule;
static struct diffmm__denoiser_pass pass;
static struct diffmm__arena arena;

/* Interactions of all users: user u has about one item in five, user 7 none. */
static void begin(diffmm_context *context, int normalize, int weighted,
                  struct diffmm__batch_rows *x0)
{
    diffmm_denoiser_shape shape = {.items = items,
                                   .time_size = e,
                                   .hidden_count = 1,
                                   .hidden_sizes = hidden,
                                   .normalize = normalize};
    struct draws draws = {1};
    struct diffmm__layers layers;
    int64_t count = 0;
    for (size_t u = 0; u < users; u++) {
        for (size_t i = 0; i < items && u != 7; i++)
            if (draw_real(&draws) < 0.2) {
                values[count] = (float)draw_normal(&draws);
                row_items[count++] = (int32_t)i;
            }
        pointers[u + 1] = count;
    }
    *x0 = (struct diffmm__batch_rows){
        .matrix = diffmm__csr_view(users, items, pointers, row_items, weighted ? values : NULL)};
    schedule = test_schedule(steps, 3.0, 0);
    expect_success(diffmm__layers_read(&shape, &layers));
    arena = diffmm__arena_on(context);
    diffmm__denoiser_pass_take(&arena, &layers, users, DIFFMM__PASS_FORWARD, &pass);
    ck_assert(!arena.failed);
}

static void end(void)
{
    diffmm__arena_end(&arena);
    diffmm_schedule_destroy(schedule);
}

/* The input of `rows` users. */
static void make_input(const struct diffmm__batch_rows *x0, size_t rows, const int32_t *t,
                       const struct diffmm__draws *draws)
{
    struct diffmm__denoiser_batch batch = {.rows = rows, .x0 = *x0, .t = t, .draws = *draws};
    diffmm__q_sample_input(&pass, schedule, &batch);
}

/* User u's interactions as a dense row. */
static void dense_row(const struct diffmm__batch_rows *x0, size_t u, double *out)
{
    memset(out, 0, items * sizeof *out);
    for (int64_t k = pointers[u]; k < pointers[u + 1]; k++)
        out[row_items[k]] = x0->matrix.values ? (double)values[k] : 1.0;
}

START_TEST(given_draws_enter_by_the_formula)
{
    static float noise[users * items], scale[users * items];
    static double dense[items];
    struct draws draws = {2};
    draw_normals(&draws, users * items, 1.0, noise);
    draw_mask(&draws, users * items, 0.5, 2.0f, scale);
    int32_t t[users];
    draw_numbers(&draws, users, steps, t);
    struct oracle_schedule exact = test_oracle(steps, 3.0, 0);
    for (int flags = 0; flags < 8; flags++) {
        struct diffmm__batch_rows x0;
        int32_t row_of[users];
        bool normalize = flags & 1, dropout = flags & 4;
        begin(NULL, normalize, flags & 2, &x0);
        for (size_t b = 0; b < users; b++)
            row_of[b] = (int32_t)(users - 1 - b);
        x0.row_of = flags & 2 ? row_of : NULL;
        fill(users * stride, NAN, pass.input);
        struct diffmm__draws given = {.noise = noise, .dropout_scale = dropout ? scale : NULL};
        make_input(&x0, users, t, &given);
        for (size_t b = 0; b < users; b++) {
            double abar = exact.abar[t[b]], square = 0.0;
            dense_row(&x0, diffmm__batch_rows_row(&x0, b), dense);
            for (size_t i = 0; i < items; i++) {
                dense[i] = sqrt(abar) * dense[i] + sqrt(1.0 - abar) * (double)noise[b * items + i];
                square += dense[i] * dense[i];
            }
            for (size_t i = 0; i < items; i++) {
                double want = dense[i] / (normalize ? sqrt(square) : 1.0) *
                              (dropout ? (double)scale[b * items + i] : 1.0);
                expect_close("input", b * items + i, (double)pass.input[b * stride + i], want,
                             1e-6);
            }
        }
        end();
    }
}
END_TEST

/* Rows must not share draws at an offset: neighbouring rows' values, `lag` items apart, have no
 * correlation beyond five standard deviations. */
static void expect_no_overlap(const float *rows, size_t row_stride, double mean, double deviation)
{
    for (size_t lag = 0; lag < items; lag += 64) {
        double product = 0.0, pairs = (double)((users - 1) * (items - lag));
        for (size_t u = 0; u + 1 < users; u++)
            for (size_t i = lag; i < items; i++)
                product += ((double)rows[u * row_stride + i] - mean) / deviation *
                           ((double)rows[(u + 1) * row_stride + i - lag] - mean) / deviation;
        expect_close("product of rows", lag, product / pairs, 0.0, 5.0 / sqrt(pairs));
    }
}

START_TEST(drawn_noise_is_standard_normal)
{
    enum { count = users * items };
    struct diffmm__draws draws = {.seed = 5, .noise_stream = 77};
    static float noise[count];
    double mean = 0.0, square = 0.0, fourth = 0.0, neighbours = 0.0, n = count;
    for (size_t u = 0; u < users; u++)
        diffmm__draws_noise(&draws, u, items, noise + u * items);
    for (size_t i = 0; i < count; i++) {
        double x = (double)noise[i];
        mean += x / n;
        square += x * x / n;
        fourth += x * x * x * x / n;
        neighbours += i + 1 < count ? x * (double)noise[i + 1] / n : 0.0;
    }
    expect_close("mean", 0, mean, 0.0, 5.0 / sqrt(n));
    expect_close("square", 0, square, 1.0, 5.0 * sqrt(2.0 / n));
    expect_close("fourth", 0, fourth, 3.0, 5.0 * sqrt(96.0 / n));
    expect_close("neighbours", 0, neighbours, 0.0, 5.0 / sqrt(n));
    expect_no_overlap(noise, items, 0.0, 1.0);
}
END_TEST

/* The row of a user in a batch of its own has the bits of `want`. */
static void expect_row(const struct diffmm__batch_rows *x0, const struct diffmm__draws *draws,
                       int32_t user, int32_t t, const float *want)
{
    struct diffmm__batch_rows one = *x0;
    one.row_of = &user;
    fill(stride, NAN, pass.input);
    make_input(&one, 1, &t, draws);
    ck_assert_mem_eq(pass.input, want, items * sizeof *want);
}

START_TEST(draws_depend_on_the_user_not_on_the_batch)
{
    static float all[users * stride], some[users * stride];
    struct diffmm__draws draws = {
        .seed = 5, .noise_stream = 77, .dropout_stream = 78, .dropout = 0.5};
    struct diffmm__batch_rows x0;
    int32_t t[users], row_of[users / 3], t_some[users / 3];
    begin(NULL, 0, 0, &x0);
    for (size_t u = 0; u < users; u++)
        t[u] = (int32_t)(u % steps);
    make_input(&x0, users, t, &draws);
    memcpy(all, pass.input, sizeof all);
    for (size_t b = 0; b < users / 3; b++) {
        row_of[b] = (int32_t)(users - 1 - 3 * b);
        t_some[b] = row_of[b] % steps;
    }
    x0.row_of = row_of;
    make_input(&x0, users / 3, t_some, &draws);
    memcpy(some, pass.input, sizeof some);
    for (size_t b = 0; b < users / 3; b++)
        ck_assert_mem_eq(some + b * stride, all + (size_t)row_of[b] * stride, items * sizeof *all);
    for (int32_t u = 0; u < users; u += 13)
        expect_row(&x0, &draws, u, u % steps, all + u * stride);
    end();
}
END_TEST

START_TEST(noise_is_what_draws_noise_gives)
{
    static float noise[users * items], by_stream[users * stride];
    struct diffmm__draws drawn = {.seed = 5, .noise_stream = 77}, given = {.noise = noise};
    struct diffmm__batch_rows x0;
    const int32_t t[users] = {0, 1, 2, 3, 3, 2, 1, 0};
    begin(NULL, 1, 1, &x0);
    fill(users * stride, 0.0f, pass.input);
    make_input(&x0, users, t, &drawn);
    memcpy(by_stream, pass.input, sizeof by_stream);
    for (size_t u = 0; u < users; u++)
        diffmm__draws_noise(&drawn, u, items, noise + u * items);
    make_input(&x0, users, t, &given);
    ck_assert_mem_eq(pass.input, by_stream, sizeof by_stream);
    end();
}
END_TEST

START_TEST(dropout_rate_and_scale)
{
    static const double rates[] = {0.1, 0.5, 0.8};
    static float whole[users * stride];
    const int32_t t[users] = {0};
    for (size_t r = 0; r < 3; r++) {
        struct diffmm__draws draws = {.seed = 5, .noise_stream = 77, .dropout_stream = 78};
        struct diffmm__batch_rows x0;
        static float mask[users * items];
        double rate = rates[r], dropped = 0.0, n = users * items;
        begin(NULL, 0, 0, &x0);
        make_input(&x0, users, t, &draws);
        memcpy(whole, pass.input, sizeof whole);
        draws.dropout = rate;
        make_input(&x0, users, t, &draws);
        for (size_t b = 0; b < users; b++)
            for (size_t i = 0; i < items; i++) {
                double x = (double)pass.input[b * stride + i];
                double kept = (double)whole[b * stride + i] / (1.0 - rate);
                ck_assert(x == 0.0 || fabs(x - kept) <= 2e-7 * fabs(kept));
                mask[b * items + i] = x == 0.0 ? 1.0f : 0.0f;
                dropped += x == 0.0 ? 1.0 : 0.0;
            }
        expect_close("dropped", r, dropped, rate * n, 5.0 * sqrt(n * rate * (1.0 - rate)));
        expect_no_overlap(mask, items, rate, sqrt(rate * (1.0 - rate)));
        end();
    }
}
END_TEST

START_TEST(streams_differ)
{
    static float first[users * stride];
    struct diffmm__batch_rows x0;
    const int32_t t[users] = {0};
    const struct diffmm__draws draws[] = {
        {.seed = 5, .noise_stream = 1, .dropout_stream = 1, .dropout = 0.5},
        {.seed = 6, .noise_stream = 1, .dropout_stream = 1, .dropout = 0.5},
        {.seed = 5, .noise_stream = 2, .dropout_stream = 1, .dropout = 0.5},
        {.seed = 5, .noise_stream = 1, .dropout_stream = 2, .dropout = 0.5}};
    begin(NULL, 0, 0, &x0);
    make_input(&x0, users, t, &draws[0]);
    memcpy(first, pass.input, sizeof first);
    for (size_t d = 1; d < 4; d++) {
        size_t same_zeros = 0, same = 0;
        make_input(&x0, users, t, &draws[d]);
        for (size_t b = 0; b < users; b++)
            for (size_t i = b * stride; i < b * stride + items; i++) {
                same_zeros += (first[i] == 0.0f) == (pass.input[i] == 0.0f);
                same += first[i] != 0.0f && first[i] == pass.input[i];
            }
        /* Only the masks of one dropout stream and seed agree everywhere; only the noise of one
         * noise stream and seed gives equal values. */
        ck_assert((same_zeros == users * items) == (d == 2));
        ck_assert((same > users * items / 8) == (d == 3));
    }
    end();
}
END_TEST

static void input_of_all(diffmm_context *context, void *argument, void *out)
{
    (void)argument;
    struct diffmm__draws draws = {
        .seed = 5, .noise_stream = 77, .dropout_stream = 78, .dropout = 0.3};
    struct diffmm__batch_rows x0;
    int32_t t[users];
    begin(context, 1, 1, &x0);
    for (size_t u = 0; u < users; u++)
        t[u] = (int32_t)(u % steps);
    fill(users * stride, 0.0f, pass.input);
    make_input(&x0, users, t, &draws);
    memcpy(out, pass.input, users * stride * sizeof(float));
    end();
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    expect_same_bits(users * stride * sizeof(float), input_of_all, NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {given_draws_enter_by_the_formula,
                                  drawn_noise_is_standard_normal,
                                  draws_depend_on_the_user_not_on_the_batch,
                                  noise_is_what_draws_noise_gives,
                                  dropout_rate_and_scale,
                                  streams_differ,
                                  the_same_bits_on_any_number_of_threads};
    return run_tests("q_sample", tests, sizeof tests / sizeof *tests) != 0;
}
