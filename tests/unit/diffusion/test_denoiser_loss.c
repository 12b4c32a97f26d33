/* SPDX-License-Identifier: BSD-2-Clause */
/* The loss as training computes it: sparse rows of a larger matrix, draws from streams. */
#include "diffusion/denoiser_loss.h"

#include "diffusion/q_sample.h"
#include "optim/adam.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_loss.h"

enum { users = 90, steps = 5, most_items = 150 };

struct setting {
    struct denoiser denoiser;
    struct loss_batch batch; /* what the oracle reads; its rows are batch rows */
    struct oracle_schedule exact_schedule;
    diffmm_schedule *schedule;
    struct diffmm__layers layers;
    struct diffmm__draws draws;
    int64_t pointers[users + 1];
    int32_t items[users * most_items], row_of[users];
    float *gradient;
    enum diffmm__loss_strategy strategy;
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
    expect_success(diffmm__layers_read(&s->denoiser.shape, &s->layers));
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
        .matrix = diffmm__csr_view(users, s->batch.items, s->pointers, s->items, NULL),
        .row_of = s->row_of};
}

static struct diffmm__denoiser_batch batch_of(const struct setting *s)
{
    return (struct diffmm__denoiser_batch){.rows = s->batch.rows,
                                           .x0 = rows_of(s),
                                           .t = s->batch.t,
                                           .draws = s->draws,
                                           .msi = {.d = s->batch.d,
                                                   .features = s->batch.features,
                                                   .item_embedding = s->batch.embedding,
                                                   .weight = s->batch.e_loss}};
}

static diffmm_status take(struct diffmm__arena *arena, const struct setting *s,
                          enum diffmm__loss_strategy strategy, struct diffmm__denoiser_loss *loss)
{
    struct diffmm__loss_plan plan;
    diffmm__denoiser_loss_plan(&s->layers, s->batch.rows, s->batch.d, strategy, &plan);
    diffmm__denoiser_loss_take(arena, &plan, (size_t)s->pointers[users], loss);
    return arena->failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

/* Mean losses of the batch, by one strategy; gradients into s->gradient. */
static diffmm_status compute(diffmm_context *context, const struct setting *s,
                             enum diffmm__loss_strategy strategy,
                             struct diffmm__denoiser_losses *losses)
{
    struct diffmm__denoiser_loss loss;
    struct diffmm__arena arena = diffmm__arena_on(context);
    diffmm_status status = take(&arena, s, strategy, &loss);
    if (!status) {
        struct diffmm__denoiser_batch batch = batch_of(s);
        struct diffmm__gradient gradient = {.values = s->gradient};
        *losses = diffmm__denoiser_loss_compute(&loss, s->schedule, s->denoiser.parameters, &batch,
                                                &gradient);
    }
    diffmm__arena_end(&arena);
    return status;
}

static const enum diffmm__loss_strategy strategies[] = {DIFFMM__LOSS_DIRECT, DIFFMM__LOSS_GRAM};

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
    struct diffmm__denoiser_pass pass;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    int64_t none[users + 1] = {0};
    ones.noise = s->batch.noise;
    plain.normalize = false;
    struct diffmm__denoiser_batch empty = {
        .rows = s->batch.rows,
        .x0 = {.matrix = diffmm__csr_view(users, s->batch.items, none, s->items, NULL),
               .row_of = s->row_of},
        .t = s->batch.t,
        .draws = ones};
    diffmm__denoiser_pass_take(&arena, &plain, s->batch.rows, DIFFMM__PASS_FORWARD, &pass);
    ck_assert(!arena.failed);
    diffmm__q_sample_input(&pass, s->schedule, &empty);
    for (size_t b = 0; b < s->batch.rows; b++) {
        float spread = (float)sqrt(1.0 - s->exact_schedule.abar[s->batch.t[b]]);
        for (size_t i = 0; i < items; i++)
            s->batch.dropout_scale[b * items + i] = pass.input[b * stride + i] / spread;
        diffmm__draws_noise(&s->draws, (uint64_t)s->row_of[b], items, s->batch.noise + b * items);
        diffmm__batch_rows_add(&x0, b, 1.0f, s->batch.x0 + b * items);
    }
    diffmm__arena_end(&arena);
}

/* Losses and gradients by one strategy equal the oracle's. */
static void expect_strategy(struct setting *s, enum diffmm__loss_strategy strategy,
                            const struct oracle_losses *want, const double *want_gradient)
{
    struct diffmm__denoiser_losses got = {0};
    expect_success(compute(NULL, s, strategy, &got));
    expect_close("elbo", strategy, got.elbo, want->elbo, 5e-6 * want->elbo);
    expect_close("msi", strategy, got.msi, want->msi, 5e-6 * want->msi);
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
        expect_strategy(s, strategies[w], &want, want_gradient);
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
    expect_success(compute(NULL, &s, DIFFMM__LOSS_CHEAPEST, &whole));
    float *gradient = malloc(s.denoiser.size * sizeof *gradient);
    double *sum = calloc(s.denoiser.size, sizeof *sum);
    memcpy(gradient, s.gradient, s.denoiser.size * sizeof *gradient);
    s.batch.rows = 30;
    for (size_t h = 0; h < 2; h++) {
        expect_success(compute(NULL, &s, DIFFMM__LOSS_CHEAPEST, &half[h]));
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

/* The cheaper strategy is taken. */
START_TEST(the_strategy_is_chosen_by_counting)
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
        struct diffmm__loss_plan plan;
        expect_success(diffmm__layers_read(&shape, &layers));
        diffmm__denoiser_loss_plan(&layers, shapes[i].rows, 64, DIFFMM__LOSS_CHEAPEST, &plan);
        ck_assert(plan.gram == shapes[i].gram);
        double taken = diffmm__denoiser_loss_flops(&plan, shapes[i].rows);
        double direct = diffmm__denoiser_loss_naive_flops(&plan, shapes[i].rows);
        ck_assert(plan.gram ? taken < direct : taken == direct);
    }
}
END_TEST

/* A copy of the denoiser's parameters, for a step of Adam. */
struct stepped {
    float *parameters, *first_moment, *second_moment;
    struct diffmm__gradient_step step;
};

static void stepped_begin(const struct setting *s, struct stepped *out)
{
    size_t size = s->denoiser.size;
    out->parameters = malloc(size * sizeof(float));
    out->first_moment = calloc(size, sizeof(float));
    out->second_moment = calloc(size, sizeof(float));
    ck_assert(out->parameters && out->first_moment && out->second_moment);
    memcpy(out->parameters, s->denoiser.parameters, size * sizeof(float));
    out->step = (struct diffmm__gradient_step){.factors = diffmm__adam_factors(1e-3, 1),
                                               .parameters = out->parameters,
                                               .first_moment = out->first_moment,
                                               .second_moment = out->second_moment};
}

static void stepped_end(struct stepped *stepped)
{
    free(stepped->parameters);
    free(stepped->first_moment);
    free(stepped->second_moment);
}

/* Takes a step on the batch's loss, tile by tile. */
static struct diffmm__denoiser_losses
step_once(const struct setting *s, enum diffmm__loss_strategy strategy, struct stepped *stepped)
{
    struct diffmm__denoiser_loss loss;
    struct diffmm__gradient gradient;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    struct diffmm__denoiser_batch batch = batch_of(s);
    expect_success(take(&arena, s, strategy, &loss));
    diffmm__gradient_take(&arena, &s->layers, 1, &gradient);
    ck_assert(!arena.failed);
    gradient.step = stepped->step;
    struct diffmm__denoiser_losses losses =
        diffmm__denoiser_loss_compute(&loss, s->schedule, stepped->parameters, &batch, &gradient);
    diffmm__arena_end(&arena);
    return losses;
}

/* A step taken tile by tile is that taken on the whole gradient, to the bit. */
START_TEST(a_step_is_that_on_the_whole_gradient)
{
    for (size_t w = 0; w < 2; w++) {
        static struct setting s;
        struct stepped whole, tiles;
        struct diffmm__denoiser_losses losses;
        begin(&s, 20, 40, 9, 4, 0, 0.5);
        size_t size = s.denoiser.size;
        stepped_begin(&s, &whole);
        stepped_begin(&s, &tiles);
        expect_success(compute(NULL, &s, strategies[w], &losses));
        diffmm__kernels()->adam(size, &whole.step.factors, whole.parameters, s.gradient,
                                whole.first_moment, whole.second_moment);
        step_once(&s, strategies[w], &tiles);
        ck_assert_mem_eq(tiles.parameters, whole.parameters, size * sizeof(float));
        ck_assert_mem_eq(tiles.first_moment, whole.first_moment, size * sizeof(float));
        ck_assert_mem_eq(tiles.second_moment, whole.second_moment, size * sizeof(float));
        stepped_end(&whole);
        stepped_end(&tiles);
        end(&s);
    }
}
END_TEST

/* No step is taken, and so no parameter changes, where a loss is not finite. */
START_TEST(no_step_on_a_loss_that_is_not_finite)
{
    traps_off(); /* a feature is infinite */
    for (size_t w = 0; w < 2; w++) {
        static struct setting s;
        struct stepped stepped;
        begin(&s, 20, 40, 9, 4, 0, 0.5);
        s.batch.features[17] = INFINITY;
        stepped_begin(&s, &stepped);
        struct diffmm__denoiser_losses losses = step_once(&s, strategies[w], &stepped);
        ck_assert(!isfinite(losses.msi));
        ck_assert_str_eq(diffmm__denoiser_loss_wrong(&losses), "MSI");
        ck_assert_mem_eq(stepped.parameters, s.denoiser.parameters,
                         s.denoiser.size * sizeof(float));
        expect_untouched(s.denoiser.size, stepped.first_moment, 0.0f);
        stepped_end(&stepped);
        end(&s);
    }
}
END_TEST

static void loss_of_much(diffmm_context *context, void *argument, void *out)
{
    struct setting *s = argument;
    struct diffmm__denoiser_losses losses;
    expect_success(compute(context, s, s->strategy, &losses));
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
        s.strategy = strategies[k];
        expect_same_bits(2 * sizeof(double) + s.denoiser.size * sizeof(float), loss_of_much, &s);
        end(&s);
    }
}
END_TEST

static struct {
    diffmm_context *context;
    struct setting setting;
} short_of_memory;

static diffmm_status compute_once(void *argument)
{
    struct diffmm__denoiser_losses losses;
    (void)argument;
    return compute(short_of_memory.context, &short_of_memory.setting,
                   short_of_memory.setting.strategy, &losses);
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    begin(&short_of_memory.setting, 5, 20, 6, 3, 0, 0.5);
    for (size_t w = 0; w < 2; w++) {
        short_of_memory.setting.strategy = strategies[w];
        ck_assert_uint_gt(fail_each_allocation(&failing, compute_once, NULL), 0);
    }
    end(&short_of_memory.setting);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_formulas_whatever_the_shape,
                                  a_batch_is_the_mean_of_its_parts,
                                  the_strategy_is_chosen_by_counting,
                                  a_step_is_that_on_the_whole_gradient,
                                  no_step_on_a_loss_that_is_not_finite,
                                  the_same_bits_on_any_number_of_threads,
                                  out_of_memory};
    return run_tests("denoiser_loss", tests, sizeof tests / sizeof *tests) != 0;
}
