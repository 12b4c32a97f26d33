/* SPDX-License-Identifier: BSD-2-Clause */
/* The objective as training calls it: sparse rows of a larger matrix, draws from streams. */
#include "diffusion/objective.h"

#include <stdatomic.h>

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_loss.h"

enum { users = 90, steps = 5, most_items = 150 };

struct setting {
    struct denoiser denoiser;
    struct loss_batch batch; /* what the oracle is told; rows of it are batch rows */
    struct oracle_schedule exact_schedule;
    diffmm_schedule *schedule;
    struct diffmm__layers layers;
    struct diffmm__draws draws;
    int64_t pointers[users + 1];
    int32_t items[users * most_items], row_of[users];
    float *gradient;
    enum diffmm__objective_way way;
};

/* `rows` users in a shuffled order; all of them have some items but user 3. */
static void begin(struct setting *s, size_t rows, size_t items, size_t hidden, size_t d,
                  int normalize, double dropout)
{
    struct draws draws = {rows};
    int64_t count = 0;
    denoiser_begin(&s->denoiser, items, 6, 1, &hidden, normalize, 3);
    loss_batch_begin(&s->batch, rows, items, d, steps, 0.4, 8);
    s->exact_schedule = test_oracle(steps, 1.0, 1);
    s->schedule = test_schedule(steps, 1.0, 1);
    expect_success(diffmm__layers(&s->denoiser.shape, &s->layers));
    s->draws = (struct diffmm__draws){
        .seed = 4, .noise_stream = 9, .dropout_stream = 10, .dropout = dropout};
    s->pointers[0] = 0;
    for (size_t u = 0; u < users; u++) {
        s->row_of[u] = (int32_t)((u * 37 + 5) % users);
        for (size_t i = 0; i < items && u != 3; i++)
            if (draw_real(&draws) < 0.15)
                s->items[count++] = (int32_t)i;
        s->pointers[u + 1] = count;
    }
    s->gradient = malloc(s->denoiser.size * sizeof(float));
    fill(s->denoiser.size, NAN, s->gradient);
}

static void end(struct setting *s)
{
    denoiser_end(&s->denoiser);
    loss_batch_end(&s->batch);
    diffmm_schedule_destroy(s->schedule);
    free(s->gradient);
}

static struct diffmm__batch_rows rows_of(const struct setting *s)
{
    return (struct diffmm__batch_rows){
        .pointers = s->pointers, .items = s->items, .row_of = s->row_of};
}

/* Mean losses of the batch, by one way of computing them; gradients into s->gradient. */
static diffmm_status objective(diffmm_context *context, const struct setting *s,
                               enum diffmm__objective_way way,
                               struct diffmm__denoiser_losses *losses)
{
    struct diffmm__objective objective;
    struct diffmm__batch_rows x0 = rows_of(s);
    struct diffmm__msi msi = {.d = s->batch.d,
                              .features = s->batch.features,
                              .item_embedding = s->batch.embedding,
                              .weight = s->batch.e_loss};
    diffmm_status status = diffmm__objective_create(context, &s->layers, s->batch.rows, s->batch.d,
                                                    (size_t)s->pointers[users], way, &objective);
    if (status)
        return status;
    struct diffmm__gradient gradient = {.values = s->gradient};
    *losses = diffmm__objective(&objective, s->schedule, s->denoiser.parameters, s->batch.rows, &x0,
                                s->batch.t, &s->draws, &msi, &gradient);
    diffmm__objective_end(&objective);
    return DIFFMM_OK;
}

static const enum diffmm__objective_way ways[] = {DIFFMM__OBJECTIVE_DIRECT, DIFFMM__OBJECTIVE_GRAM};

/* Tell the oracle what was drawn: x0 dense, the streams' noise and dropout factors. */
static void expose_draws(struct setting *s)
{
    size_t items = s->batch.items, stride = items + s->denoiser.shape.time_size;
    struct diffmm__batch_rows x0 = rows_of(s);
    memset(s->batch.x0, 0, s->batch.rows * items * sizeof(float));
    fill(s->batch.rows * items, 1.0f, s->batch.noise);
    /* Dropout of ones: noise of ones on no signal, times the factors. */
    struct diffmm__draws ones = s->draws;
    struct diffmm__layers plain = s->layers;
    struct diffmm__pass pass;
    int64_t none[users + 1] = {0};
    struct diffmm__batch_rows empty = {.pointers = none, .items = s->items, .row_of = s->row_of};
    ones.noise = s->batch.noise;
    plain.normalize = false;
    expect_success(diffmm__pass_create(NULL, &plain, s->batch.rows, DIFFMM__PASS_FORWARD, &pass));
    diffmm__corrupt(&pass, s->schedule, &empty, s->batch.rows, s->batch.t, &ones);
    for (size_t b = 0; b < s->batch.rows; b++) {
        float spread = (float)sqrt(1.0 - s->exact_schedule.abar[s->batch.t[b]]);
        for (size_t i = 0; i < items; i++)
            s->batch.dropout_scale[b * items + i] = pass.input[b * stride + i] / spread;
        diffmm__draw_noise(&s->draws, (uint64_t)s->row_of[b], items, s->batch.noise + b * items);
        diffmm__batch_row_add(&x0, b, 1.0f, s->batch.x0 + b * items);
    }
    diffmm__pass_end(&pass);
}

/* Losses and gradients by one way equal the oracle's. */
static void expect_way(struct setting *s, enum diffmm__objective_way way,
                       const struct oracle_losses *want, const double *want_gradient)
{
    struct diffmm__denoiser_losses got = {0};
    expect_success(objective(NULL, s, way, &got));
    expect_close("elbo", way, got.elbo, want->elbo, 5e-6 * want->elbo);
    expect_close("msi", way, got.msi, want->msi, 5e-6 * want->msi);
    for (size_t p = 0; p < 6; p++) {
        char name[64];
        size_t rows, columns, offset;
        expect_success(
            diffmm_denoiser_parameter(&s->denoiser.shape, p, name, &rows, &columns, &offset));
        expect_near(name, rows * columns, s->gradient + offset, want_gradient + offset, 2e-5);
    }
}

static void expect_exact(struct setting *s)
{
    double *want_gradient = malloc(s->denoiser.size * sizeof *want_gradient);
    expose_draws(s);
    struct oracle_losses want =
        oracle_denoiser_loss(&s->denoiser, &s->exact_schedule, &s->batch,
                             s->draws.dropout > 0.0 ? s->batch.dropout_scale : NULL, want_gradient);
    for (size_t w = 0; w < 2; w++)
        expect_way(s, ways[w], &want, want_gradient);
    free(want_gradient);
}

START_TEST(equals_the_formulas_whatever_the_shape)
{
    static const struct {
        size_t rows, items, hidden, d;
        int normalize;
        double dropout;
    } shapes[] = {{1, 7, 3, 2, 0, 0.0},         {5, 40, 9, 0, 0, 0.5},
                  {users, 149, 12, 16, 0, 0.5}, {users, 60, 31, 7, 1, 0.3},
                  {4, 150, 80, 33, 0, 0.5},     {70, 101, 64, 5, 1, 0.0}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        static struct setting s;
        begin(&s, shapes[i].rows, shapes[i].items, shapes[i].hidden, shapes[i].d,
              shapes[i].normalize, shapes[i].dropout);
        expect_exact(&s);
        end(&s);
    }
}
END_TEST

/* Two halves of a batch have its losses, weighted by their sizes: no draw depends on the batch. */
START_TEST(a_batch_is_the_mean_of_its_parts)
{
    static struct setting s;
    struct diffmm__denoiser_losses whole, half[2];
    begin(&s, 60, 100, 10, 8, 0, 0.5);
    expect_success(objective(NULL, &s, DIFFMM__OBJECTIVE_CHEAPEST, &whole));
    float *gradient = malloc(s.denoiser.size * sizeof *gradient);
    double *sum = calloc(s.denoiser.size, sizeof *sum);
    memcpy(gradient, s.gradient, s.denoiser.size * sizeof *gradient);
    s.batch.rows = 30;
    for (size_t h = 0; h < 2; h++) {
        expect_success(objective(NULL, &s, DIFFMM__OBJECTIVE_CHEAPEST, &half[h]));
        for (size_t i = 0; i < s.denoiser.size; i++)
            sum[i] += 0.5 * (double)s.gradient[i];
        memmove(s.row_of, s.row_of + 30, 30 * sizeof *s.row_of);
        memmove(s.batch.t, s.batch.t + 30, 30 * sizeof *s.batch.t);
    }
    expect_close("elbo", 0, whole.elbo, 0.5 * (half[0].elbo + half[1].elbo), 1e-6 * whole.elbo);
    expect_close("msi", 0, whole.msi, 0.5 * (half[0].msi + half[1].msi), 1e-6 * whole.msi);
    expect_near("gradient", s.denoiser.size, gradient, sum, 5e-6);
    free(gradient);
    free(sum);
    end(&s);
}
END_TEST

/* The cheaper way is taken, and what is planned is what is allocated. */
START_TEST(the_way_is_chosen_by_counting)
{
    static const struct {
        size_t rows, items, hidden;
        bool gram;
    } shapes[] = {{1024, 6710, 1000, true}, {100, 6710, 1000, false}, {1024, 6710, 4000, false}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        diffmm_denoiser_shape shape = {.items = shapes[i].items,
                                       .time_size = 10,
                                       .hidden_count = 1,
                                       .hidden_sizes = &shapes[i].hidden};
        struct diffmm__layers layers;
        struct diffmm__objective plan;
        expect_success(diffmm__layers(&shape, &layers));
        diffmm__objective_plan(&layers, shapes[i].rows, 64, DIFFMM__OBJECTIVE_CHEAPEST, &plan);
        ck_assert(plan.gram == shapes[i].gram);
        double taken = diffmm__objective_flops(&plan, shapes[i].rows);
        double direct = diffmm__objective_direct_flops(&plan, shapes[i].rows);
        ck_assert(plan.gram ? taken < direct : taken == direct);
    }
}
END_TEST

static void count_taken(void *argument, size_t first, size_t rows, size_t columns, size_t stride,
                        const float *gradient)
{
    (void)first, (void)stride, (void)gradient;
    atomic_fetch_add((atomic_size_t *)argument, rows * columns);
}

/* Nothing is taken, and so no parameter changes, where a loss is not finite. */
START_TEST(no_step_on_a_loss_that_is_not_finite)
{
    traps_off(); /* a feature is infinite */
    for (size_t w = 0; w < 2; w++)
        for (size_t broken = 0; broken < 2; broken++) {
            static struct setting s;
            struct diffmm__objective objective;
            struct diffmm__gradient gradient;
            atomic_size_t taken = 0;
            begin(&s, 20, 40, 9, 4, 0, 0.5);
            struct diffmm__batch_rows x0 = rows_of(&s);
            struct diffmm__msi msi = {.d = 4,
                                      .features = s.batch.features,
                                      .item_embedding = s.batch.embedding,
                                      .weight = 0.1};
            if (broken)
                s.batch.features[17] = INFINITY;
            expect_success(diffmm__objective_create(
                NULL, &s.layers, 20, 4, (size_t)s.pointers[users], ways[w], &objective));
            expect_success(diffmm__gradient_tiles(NULL, &s.layers, &objective.arena, &gradient));
            gradient.take = count_taken;
            gradient.argument = &taken;
            struct diffmm__denoiser_losses losses =
                diffmm__objective(&objective, s.schedule, s.denoiser.parameters, 20, &x0, s.batch.t,
                                  &s.draws, &msi, &gradient);
            ck_assert(broken ? !isfinite(losses.msi) : isfinite(losses.msi));
            ck_assert_uint_eq(taken, broken ? 0 : s.denoiser.size);
            diffmm__objective_end(&objective);
            end(&s);
        }
}
END_TEST

static void objective_of_much(diffmm_context *context, void *argument, void *out)
{
    struct setting *s = argument;
    struct diffmm__denoiser_losses losses;
    expect_success(objective(context, s, s->way, &losses));
    double both[] = {losses.elbo, losses.msi};
    memcpy(out, both, sizeof both);
    memcpy((char *)out + sizeof both, s->gradient, s->denoiser.size * sizeof(float));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    static const size_t hidden[] = {40, 130};
    for (size_t k = 0; k < 2; k++) {
        static struct setting s;
        begin(&s, users, most_items, hidden[k], 64, 0, 0.5);
        s.way = ways[k];
        expect_same_bits(2 * sizeof(double) + s.denoiser.size * sizeof(float), objective_of_much,
                         &s);
        end(&s);
    }
}
END_TEST

static struct {
    diffmm_context *context;
    struct setting setting;
} short_of_memory;

static diffmm_status objective_once(void *argument)
{
    struct diffmm__denoiser_losses losses;
    (void)argument;
    return objective(short_of_memory.context, &short_of_memory.setting, short_of_memory.setting.way,
                     &losses);
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    begin(&short_of_memory.setting, 5, 20, 6, 3, 0, 0.5);
    for (size_t w = 0; w < 2; w++) {
        short_of_memory.setting.way = ways[w];
        ck_assert_uint_gt(fail_each_allocation(&failing, objective_once, NULL), 0);
    }
    end(&short_of_memory.setting);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        equals_the_formulas_whatever_the_shape, a_batch_is_the_mean_of_its_parts,
        the_way_is_chosen_by_counting,          no_step_on_a_loss_that_is_not_finite,
        the_same_bits_on_any_number_of_threads, out_of_memory};
    return run_tests("objective", tests, sizeof tests / sizeof *tests) != 0;
}
