/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/generate_neighbors.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_denoiser.h"

struct setting {
    struct denoiser denoiser;
    struct diffmm__layers layers;
    diffmm_schedule *schedule;
    struct oracle_schedule exact_schedule;
    size_t rows, count;
    int64_t *pointers;
    int32_t *row_items, *generated;
};

/* Users with a few items each, user 1 with none. */
static void begin(struct setting *s, size_t rows, size_t items, size_t hidden_count,
                  const size_t *hidden, int normalize, size_t steps, int beta_fixed, size_t count)
{
    struct draws draws = {items};
    enum { most_each = 6 };
    denoiser_begin(&s->denoiser, items, 4, hidden_count, hidden, normalize, 3);
    expect_success(diffmm__layers_read(&s->denoiser.shape, &s->layers));
    s->schedule = test_schedule(steps, 2.0, beta_fixed);
    s->exact_schedule = test_oracle(steps, 2.0, beta_fixed);
    s->rows = rows;
    s->count = count;
    s->pointers = malloc((rows + 1) * sizeof *s->pointers);
    s->row_items = malloc(rows * most_each * sizeof *s->row_items);
    s->generated = malloc(rows * count * sizeof *s->generated);
    size_t place = 0;
    s->pointers[0] = 0;
    for (size_t u = 0; u < rows; u++) {
        size_t each = u == 1 ? 0 : 1 + draw_below(&draws, most_each), item = 0;
        for (size_t i = 0; i < each; i++) {
            item += 1 + draw_below(&draws, items / most_each);
            if (item <= items)
                s->row_items[place++] = (int32_t)(item - 1);
        }
        s->pointers[u + 1] = (int64_t)place;
    }
}

static void end(struct setting *s)
{
    denoiser_end(&s->denoiser);
    diffmm_schedule_destroy(s->schedule);
    free(s->pointers);
    free(s->row_items);
    free(s->generated);
}

static diffmm_status generate(diffmm_context *context, const struct setting *s, int32_t *items)
{
    return diffmm_generate_neighbors(context, &s->denoiser.shape, s->schedule,
                                     s->denoiser.parameters, s->rows, s->pointers, s->row_items,
                                     s->count, items);
}

/* Entries `got` of x are in order the largest, unless they are closer than `rounding`. */
static void expect_largest(size_t items, const double *x, size_t count, const int32_t *got,
                           double rounding)
{
    bool *taken = calloc(items, sizeof *taken);
    for (size_t r = 0; r < count; r++) {
        size_t best = items;
        for (size_t i = 0; i < items; i++)
            if (!taken[i] && (best == items || x[i] > x[best]))
                best = i;
        ck_assert(got[r] >= 0 && (size_t)got[r] < items && !taken[got[r]]);
        ck_assert_msg(x[got[r]] >= x[best] - rounding,
                      "rank %zu is item %d with %.9g, not item %zu with %.9g", r, got[r], x[got[r]],
                      best, x[best]);
        taken[got[r]] = true;
    }
    free(taken);
}

static void expect_exact(const struct setting *s, size_t every)
{
    size_t items = s->denoiser.shape.items;
    double *x = malloc(items * sizeof *x);
    for (size_t u = 0; u < s->rows; u += every) {
        for (size_t i = 0; i < items; i++)
            x[i] = 0.0;
        for (int64_t e = s->pointers[u]; e < s->pointers[u + 1]; e++)
            x[s->row_items[e]] = 1.0;
        oracle_chain(&s->denoiser, &s->exact_schedule, NULL, 0, x);
        expect_largest(items, x, s->count, s->generated + u * s->count,
                       4e-5 * largest_of(items, x));
    }
    free(x);
}

static const size_t small[] = {6}, two[] = {5, 9};

/* Few users: the naive strategy. More users than hidden units: the hidden space. */
START_TEST(equals_the_chain_of_each_user)
{
    static const size_t steps[] = {1, 2, 5};
    for (size_t k = 0; k < 3; k++)
        for (int beta_fixed = 0; beta_fixed < 2; beta_fixed++)
            for (int way = 0; way < 4; way++) {
                struct setting s;
                begin(&s, way == 0 ? 3 : 25, 37, way == 3 ? 2 : 1, way == 3 ? two : small, way == 2,
                      steps[k], beta_fixed, 5);
                expect_success(generate(NULL, &s, s.generated));
                expect_exact(&s, 1);
                end(&s);
            }
}
END_TEST

START_TEST(more_users_than_a_block)
{
    for (int normalize = 0; normalize < 2; normalize++) {
        struct setting s;
        begin(&s, normalize ? 700 : 2500, 31, 1, small, normalize, 2, 1, 3);
        expect_success(generate(NULL, &s, s.generated));
        expect_exact(&s, 9);
        end(&s);
    }
}
END_TEST

START_TEST(more_items_than_a_tile)
{
    struct setting s;
    begin(&s, 40, 4500, 1, small, 0, 3, 0, 7);
    expect_success(generate(NULL, &s, s.generated));
    expect_exact(&s, 5);
    end(&s);
}
END_TEST

/* With the posterior's own coefficients, the factor of x0 in the result is 0. With others it is
 * not, and x0 must be added in every tile of items. */
START_TEST(any_coefficients)
{
    struct setting s;
    begin(&s, 40, 4500, 1, small, 0, 2, 1, 7);
    for (size_t i = 0; i < 2; i++) {
        s.schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i] = s.exact_schedule.c1[i] = 0.4;
        s.schedule->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT][i] = s.exact_schedule.c2[i] = 0.9;
    }
    expect_success(generate(NULL, &s, s.generated));
    expect_exact(&s, 3);
    /* Items in any order give the same: rows that ascend are only searched faster. */
    int32_t *ascending = malloc(s.rows * s.count * sizeof *ascending);
    memcpy(ascending, s.generated, s.rows * s.count * sizeof *ascending);
    for (size_t u = 0; u < s.rows; u++)
        for (int64_t e = s.pointers[u], last = s.pointers[u + 1] - 1; e < last; e++, last--) {
            int32_t kept = s.row_items[e];
            s.row_items[e] = s.row_items[last];
            s.row_items[last] = kept;
        }
    expect_success(generate(NULL, &s, s.generated));
    ck_assert_mem_eq(ascending, s.generated, s.rows * s.count * sizeof *ascending);
    free(ascending);
    end(&s);
}
END_TEST

static struct diffmm__generator *generator_of(const struct setting *s, diffmm_context *context,
                                              size_t users, const struct diffmm__sampling *sampling,
                                              struct diffmm__generation *plan)
{
    struct diffmm__generator *generator;
    diffmm__generation_plan(&s->layers, diffmm_schedule_steps(s->schedule), sampling, users,
                            s->count, plan);
    expect_success(diffmm__generator_create(context, plan, &generator));
    diffmm__generator_prepare(generator, s->schedule, s->denoiser.parameters, NULL);
    return generator;
}

/* The strategy is chosen for a number of users: the same few users, generated as part of many
 * (hidden space) and for themselves (naive), have the same neighbours where ranks are apart. */
START_TEST(both_strategies_give_the_same_neighbours)
{
    for (int beta_fixed = 0; beta_fixed < 2; beta_fixed++) {
        struct setting s;
        enum { few = 10, items = 150, count = 4 };
        int32_t by_hidden[few * count], by_naive[few * count];
        float x[few * items], dense[few * items] = {0};
        size_t alike = 0;
        static const size_t hidden[] = {50};
        begin(&s, few, items, 1, hidden, 0, 5, beta_fixed, count);
        const struct diffmm__sampling plain = {0};
        const struct diffmm__denoiser_batch batch = {
            .rows = few,
            .x0 = {.matrix = diffmm__csr_view(few, items, s.pointers, s.row_items, NULL)}};
        struct diffmm__generation plan, alone;
        struct diffmm__generator *many = generator_of(&s, NULL, 100000, &plain, &plan);
        struct diffmm__generator *self = generator_of(&s, NULL, 1, &plain, &alone);
        ck_assert(plan.hidden && !alone.hidden);
        ck_assert(diffmm__generation_flops(&plan) < diffmm__generation_naive_flops(&plan));
        ck_assert(diffmm__generation_flops(&alone) == diffmm__generation_naive_flops(&alone));
        ck_assert_uint_ge(plan.block, few);
        ck_assert_uint_eq(alone.block, 1);
        diffmm__generator_run(many, &batch, 0, few, by_hidden, NULL);
        for (size_t u = 0; u < few; u++) {
            diffmm__generator_run(self, &batch, u, 1, by_naive + u * count, NULL);
            diffmm__batch_rows_add(&batch.x0, u, 1.0f, dense + u * items);
        }
        expect_success(diffmm_reverse_chain(NULL, &s.denoiser.shape, s.schedule,
                                            s.denoiser.parameters, few, dense, 0, 0, NULL, x));
        for (size_t r = 0; r < few * count; r++) {
            const float *row = x + r / count * items;
            float gap = INFINITY;
            for (int32_t i = 0; i < items; i++)
                if (i != by_naive[r])
                    gap = fminf(gap, fabsf(row[i] - row[by_naive[r]]));
            if (gap > 1e-4f) {
                ck_assert_int_eq(by_hidden[r], by_naive[r]);
                alike++;
            }
        }
        ck_assert_uint_gt(alike, few * count / 2);
        diffmm__generator_destroy(many);
        diffmm__generator_destroy(self);
        end(&s);
    }
}
END_TEST

START_TEST(ties_go_to_the_lower_item)
{
    for (int normalize = 0; normalize < 2; normalize++) {
        struct setting s;
        begin(&s, 20, 2100, 1, small, normalize, 2, 1, 6);
        memset(s.denoiser.parameters, 0, s.denoiser.size * sizeof(float));
        s.denoiser.parameters[s.denoiser.size - 3] = 1.0f; /* the bias of the last but two */
        expect_success(generate(NULL, &s, s.generated));
        for (size_t u = 0; u < s.rows; u++) {
            ck_assert_int_eq(s.generated[u * 6], 2097);
            for (int32_t r = 1; r < 6; r++)
                ck_assert_int_eq(s.generated[u * 6 + (size_t)r], r - 1);
        }
        end(&s);
    }
}
END_TEST

START_TEST(all_items)
{
    struct setting s;
    begin(&s, 9, 12, 1, small, 0, 2, 1, 12);
    expect_success(generate(NULL, &s, s.generated));
    expect_exact(&s, 1);
    s.rows = 0;
    expect_success(generate(NULL, &s, s.generated));
    end(&s);
}
END_TEST

/* Rows may be a part of a larger matrix. */
START_TEST(rows_from_the_middle)
{
    struct setting s;
    int32_t part[3 * 5];
    begin(&s, 25, 37, 1, small, 0, 2, 1, 5);
    expect_success(generate(NULL, &s, s.generated));
    expect_success(diffmm_generate_neighbors(NULL, &s.denoiser.shape, s.schedule,
                                             s.denoiser.parameters, 3, s.pointers + 10, s.row_items,
                                             5, part));
    ck_assert_mem_eq(part, s.generated + 10 * 5, sizeof part);
    end(&s);
}
END_TEST

START_TEST(noise_is_drawn_for_users_not_for_blocks)
{
    struct setting s;
    const struct diffmm__sampling sampling = {.sampling_steps = 2, .sampling_noise = true};
    int32_t one[3];
    begin(&s, 30, 60, 1, small, 0, 2, 1, 3);
    struct diffmm__denoiser_batch batch = {
        .rows = 30,
        .x0 = {.matrix = diffmm__csr_view(30, 60, s.pointers, s.row_items, NULL)},
        .draws = {.seed = 5, .noise_stream = 8}};
    struct diffmm__denoiser_batch other = batch;
    other.draws.seed = 6;
    struct diffmm__generation plan;
    struct diffmm__generator *generator = generator_of(&s, NULL, 30, &sampling, &plan);
    diffmm__generator_run(generator, &batch, 0, 30, s.generated, NULL);
    size_t changed = 0;
    for (size_t u = 0; u < 30; u += 7) {
        diffmm__generator_run(generator, &batch, u, 1, one, NULL);
        ck_assert_mem_eq(one, s.generated + 3 * u, sizeof one);
        diffmm__generator_run(generator, &other, u, 1, one, NULL);
        changed += memcmp(one, s.generated + 3 * u, sizeof one) != 0;
    }
    ck_assert_uint_gt(changed, 0);
    diffmm__generator_destroy(generator);
    diffmm__generator_destroy(NULL);
    end(&s);
}
END_TEST

START_TEST(no_number_is_no_neighbour)
{
    traps_off(); /* parameters are NaN */
    for (int normalize = 0; normalize < 2; normalize++) {
        struct setting s;
        begin(&s, 20, 30, 1, small, normalize, 2, 1, 2);
        s.denoiser.parameters[s.denoiser.size - 1] = NAN; /* the bias of the last item */
        expect_success(generate(NULL, &s, s.generated));
        for (size_t k = 0; k < s.rows * 2; k++)
            ck_assert_int_lt(s.generated[k], 29);
        for (size_t i = 0; i < s.denoiser.size; i++)
            s.denoiser.parameters[i] = NAN;
        expect_success(generate(NULL, &s, s.generated));
        for (size_t k = 0; k < s.rows * 2; k++)
            ck_assert_int_eq(s.generated[k], -1);
        end(&s);
    }
}
END_TEST

static void generate_much(diffmm_context *context, void *argument, void *out)
{
    expect_success(generate(context, argument, out));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    static const size_t hidden[] = {40};
    for (int normalize = 0; normalize < 2; normalize++) {
        struct setting s;
        begin(&s, 300, 1500, 1, hidden, normalize, 3, 1, 10);
        expect_same_bits(s.rows * s.count * sizeof(int32_t), generate_much, &s);
        end(&s);
    }
}
END_TEST

/* The arguments of a good call: tests change one of them in a copy. */
struct call {
    const diffmm_denoiser_shape *shape;
    const diffmm_schedule *schedule;
    const float *parameters;
    size_t rows;
    const int64_t *pointers;
    const int32_t *row_items;
    size_t count;
};

static void expect_call_invalid(struct call c, const char *part)
{
    int32_t out[4] = {7, 7, 7, 7};
    expect_invalid(diffmm_generate_neighbors(NULL, c.shape, c.schedule, c.parameters, c.rows,
                                             c.pointers, c.row_items, c.count, out),
                   part);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(out[i], 7);
}

START_TEST(bad_input)
{
    struct setting s;
    static const int64_t good[] = {0, 1, 3}, falling[] = {0, 2, 1}, negative[] = {-1, 1, 3};
    static const int32_t items[] = {1, 0, 4}, high[] = {1, 0, 5}, low[] = {1, -1, 4};
    begin(&s, 2, 5, 1, small, 0, 2, 1, 2);
    const struct call fine = {
        &s.denoiser.shape, s.schedule, s.denoiser.parameters, 2, good, items, 2};
    struct call c;
    c = fine, c.shape = NULL, expect_call_invalid(c, "shape is NULL");
    c = fine, c.schedule = NULL, expect_call_invalid(c, "schedule is NULL");
    c = fine, c.parameters = NULL, expect_call_invalid(c, "parameters is NULL");
    c = fine, c.pointers = NULL, expect_call_invalid(c, "row_pointers is NULL");
    c = fine, c.row_items = NULL, expect_call_invalid(c, "row_items is NULL");
    c = fine, c.rows = SIZE_MAX, expect_call_invalid(c, "rows");
    c = fine, c.count = 0, expect_call_invalid(c, "count is 0");
    c = fine, c.count = 6, expect_call_invalid(c, "count is 6");
    c = fine, c.pointers = falling, expect_call_invalid(c, "row_pointers[1] is");
    c = fine, c.pointers = negative, expect_call_invalid(c, "row_pointers[0]");
    c = fine, c.row_items = high, expect_call_invalid(c, "row_items[2] is 5");
    c = fine, c.row_items = low, expect_call_invalid(c, "row_items[1] is -1");
    expect_invalid(
        diffmm_generate_neighbors(NULL, c.shape, c.schedule, c.parameters, 2, good, items, 2, NULL),
        "items_out is NULL");
    end(&s);
}
END_TEST

static struct {
    diffmm_context *context;
    struct setting setting;
} short_of_memory;

static diffmm_status generate_once(void *argument)
{
    (void)argument;
    struct setting *s = &short_of_memory.setting;
    for (size_t k = 0; k < s->rows * s->count; k++)
        s->generated[k] = 7;
    diffmm_status status = generate(short_of_memory.context, s, s->generated);
    for (size_t k = 0; k < s->rows * s->count && status; k++)
        ck_assert_int_eq(s->generated[k], 7);
    return status;
}

START_TEST(out_of_memory)
{
    for (int normalize = 0; normalize < 2; normalize++) {
        struct failing failing = {0};
        short_of_memory.context = failing_context(&failing, 2);
        begin(&short_of_memory.setting, 20, 12, 1, small, normalize, 2, 1, 3);
        ck_assert_uint_gt(fail_each_allocation(&failing, generate_once, NULL), 0);
        end(&short_of_memory.setting);
        diffmm_context_destroy(short_of_memory.context);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_chain_of_each_user,
                                  more_users_than_a_block,
                                  more_items_than_a_tile,
                                  any_coefficients,
                                  both_strategies_give_the_same_neighbours,
                                  ties_go_to_the_lower_item,
                                  all_items,
                                  rows_from_the_middle,
                                  noise_is_drawn_for_users_not_for_blocks,
                                  no_number_is_no_neighbour,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  out_of_memory};
    return run_tests("generate_neighbors", tests, sizeof tests / sizeof *tests) != 0;
}
