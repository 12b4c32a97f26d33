/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches in which the Gram matrices' formula cancels: users whose x_hat is close to x0, and last
 * layers whose large weights cancel each other. Losses and gradients stay as exact as those made
 * from x_hat itself. */
#include "diffusion/denoiser_loss.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/oracle_loss.h"

enum { rows = 90, items = 300, hidden = 12, d = 5, steps = 5 };

struct setting {
    struct denoiser denoiser;
    struct loss_batch batch;
    struct oracle_schedule exact_schedule;
    diffmm_schedule *schedule;
    float *weight, *bias; /* of the last layer */
    size_t weight_offset;
};

/* Losses and gradients: from x_hat in float, by the strategy the library chooses, by the oracle. */
struct results {
    struct oracle_losses direct, chosen, exact;
    float *direct_gradient, *chosen_gradient;
    double *exact_gradient;
};

/* Every hidden activation of the denoiser is 1 (tanh of 20 rounds to it). */
static void begin(struct setting *s)
{
    size_t sizes[] = {hidden}, parameter_rows, columns, offset;
    char name[64];
    denoiser_begin(&s->denoiser, items, 6, 1, sizes, 0, 3);
    loss_batch_begin(&s->batch, rows, items, d, steps, 0.4, 8);
    s->exact_schedule = test_oracle(steps, 1.0, 1);
    s->schedule = test_schedule(steps, 1.0, 1);
    memset(s->denoiser.parameters, 0, s->denoiser.size * sizeof(float));
    expect_success(
        diffmm_denoiser_parameter(&s->denoiser.shape, 3, name, &parameter_rows, &columns, &offset));
    fill(hidden, 20.0f, s->denoiser.parameters + offset);
    expect_success(diffmm_denoiser_parameter(&s->denoiser.shape, 4, name, &parameter_rows, &columns,
                                             &s->weight_offset));
    s->weight = s->denoiser.parameters + s->weight_offset;
    s->bias = s->weight + (size_t)items * hidden;
    fill((size_t)rows * items, 1.0f, s->batch.x0);
}

static void end(struct setting *s)
{
    denoiser_end(&s->denoiser);
    loss_batch_end(&s->batch);
    diffmm_schedule_destroy(s->schedule);
}

static void results_end(struct results *r)
{
    free(r->direct_gradient);
    free(r->chosen_gradient);
    free(r->exact_gradient);
}

static diffmm_status chosen(diffmm_context *context, const struct setting *s,
                            struct oracle_losses *losses, float *gradient)
{
    const struct loss_batch *b = &s->batch;
    return diffmm_denoiser_loss(context, &s->denoiser.shape, s->schedule, s->denoiser.parameters,
                                rows, b->x0, b->t, b->noise, NULL, d, b->features, b->embedding,
                                b->e_loss, NULL, &losses->elbo, &losses->msi, gradient);
}

/* By the public functions of single terms. */
static void direct(const struct setting *s, struct results *r)
{
    const struct loss_batch *b = &s->batch;
    size_t size = (size_t)rows * items;
    float *x_t = malloc(size * sizeof *x_t), *x_hat = malloc(size * sizeof *x_hat);
    float *elbo = malloc(size * sizeof *elbo), *msi = malloc(size * sizeof *msi);
    expect_success(diffmm_q_sample(s->schedule, rows, items, b->x0, b->t, b->noise, x_t));
    expect_success(diffmm_denoiser_forward(NULL, &s->denoiser.shape, s->denoiser.parameters, rows,
                                           x_t, b->t, NULL, x_hat));
    expect_success(
        diffmm_elbo(s->schedule, rows, items, b->x0, x_hat, b->t, NULL, &r->direct.elbo, elbo));
    expect_success(diffmm_msi(NULL, rows, items, d, b->x0, x_hat, b->features, b->embedding, NULL,
                              &r->direct.msi, msi));
    for (size_t i = 0; i < size; i++)
        elbo[i] += (float)b->e_loss * msi[i];
    expect_success(diffmm_denoiser_backward(NULL, &s->denoiser.shape, s->denoiser.parameters, rows,
                                            x_t, b->t, NULL, elbo, r->direct_gradient));
    free(x_t);
    free(x_hat);
    free(elbo);
    free(msi);
}

static struct results results_of(struct setting *s)
{
    struct results r = {.direct_gradient = malloc(s->denoiser.size * sizeof(float)),
                        .chosen_gradient = malloc(s->denoiser.size * sizeof(float)),
                        .exact_gradient = malloc(s->denoiser.size * sizeof(double))};
    for (size_t i = 0; i < s->denoiser.size; i++)
        s->denoiser.exact[i] = (double)s->denoiser.parameters[i];
    fill(s->denoiser.size, NAN, r.chosen_gradient);
    expect_success(chosen(NULL, s, &r.chosen, r.chosen_gradient));
    direct(s, &r);
    r.exact =
        oracle_denoiser_loss(&s->denoiser, &s->exact_schedule, &s->batch, NULL, r.exact_gradient);
    return r;
}

static double distance(size_t count, const float *got, const double *want)
{
    double squares = 0.0;
    for (size_t i = 0; i < count; i++)
        squares += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
    return sqrt(squares);
}

static double length(size_t count, const double *x)
{
    double squares = 0.0;
    for (size_t i = 0; i < count; i++)
        squares += x[i] * x[i];
    return sqrt(squares);
}

/* The library's choice is within 2e-5 of the oracle, or as near as float arithmetic with x_hat. */
static void expect_exact(struct setting *s)
{
    struct results r = results_of(s);
    double elbo_error = fabs(r.direct.elbo - r.exact.elbo);
    double msi_error = fabs(r.direct.msi - r.exact.msi);
    ck_assert_double_ge(r.chosen.elbo, 0.0);
    expect_close("elbo", 0, r.chosen.elbo, r.exact.elbo, 2e-5 * r.exact.elbo + 2.0 * elbo_error);
    expect_close("msi", 0, r.chosen.msi, r.exact.msi, 2e-5 * r.exact.msi + 2.0 * msi_error);
    size_t size = s->denoiser.size;
    expect_close("gradient's error", 0, distance(size, r.chosen_gradient, r.exact_gradient), 0.0,
                 1e-4 * length(size, r.exact_gradient) +
                     2.0 * distance(size, r.direct_gradient, r.exact_gradient));
    results_end(&r);
}

/* The library chooses the Gram strategy for these tests. */
START_TEST(gram_is_chosen)
{
    static struct setting s;
    struct diffmm__layers layers;
    struct diffmm__loss_plan plan;
    begin(&s);
    expect_success(diffmm__layers_read(&s.denoiser.shape, &layers));
    diffmm__denoiser_loss_plan(&layers, rows, d, DIFFMM__LOSS_CHEAPEST, &plan);
    ck_assert(plan.gram);
    end(&s);
}
END_TEST

/* x_hat is 1 + error for every user and item, by the bias, the weights, or both. */
START_TEST(close_to_what_is_to_be_predicted)
{
    static const double errors[] = {0.0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.125, 0.2, 1.0};
    static const double shares[] = {0.0, 1.0, 0.5, -3.0}; /* the part that the weights give */
    for (size_t k = 0; k < sizeof errors / sizeof *errors; k++)
        for (size_t p = 0; p < sizeof shares / sizeof *shares; p++) {
            static struct setting s;
            begin(&s);
            fill((size_t)items * hidden, (float)(shares[p] / hidden), s.weight);
            fill(items, (float)(1.0 - shares[p] + errors[k]), s.bias);
            expect_exact(&s);
            end(&s);
        }
}
END_TEST

/* Weights that cancel each other exactly: x_hat is the bias, 1.25, while the terms of a S a^T are
 * up to 1e37. (The oracle adds the bias first, and loses it.) */
START_TEST(large_weights_that_cancel)
{
    static const float sizes[] = {0x1p-10f, 1.0f, 0x1p15f, 0x1p30f, 0x1p46f};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        static struct setting s;
        struct oracle_losses losses;
        double want = 0.0;
        begin(&s);
        struct draws draws = {k + 1};
        for (size_t i = 0; i < items; i++) {
            float u = sizes[k] * (float)(1 + i * 389 % 1023), *row = s.weight + i * hidden;
            for (size_t j = 0; j < hidden; j++) {
                size_t other = draw_below(&draws, j + 1);
                row[j] = row[other];
                row[other] = j % 2 ? -u : u;
            }
        }
        fill(items, 1.25f, s.bias);
        for (size_t b = 0; b < rows; b++)
            want += s.exact_schedule.weight[s.batch.t[b]] * 0.25 * 0.25 / rows;
        float *gradient = malloc(s.denoiser.size * sizeof *gradient);
        expect_success(chosen(NULL, &s, &losses, gradient));
        expect_close("elbo", k, losses.elbo, want, 1e-6 * want);
        free(gradient);
        end(&s);
    }
}
END_TEST

/* A batch of which only some users are predicted well, of several sizes of their group. */
START_TEST(some_users_of_a_batch)
{
    static const size_t counts[] = {1, 2, 31, 32, 33, 64, rows - 1};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        static struct setting s;
        struct draws draws = {k + 1};
        begin(&s);
        draw_normals(&draws, (size_t)items * hidden, 1e-3, s.weight);
        fill(items, 0.999f, s.bias);
        /* Users that are not among them have few items; they stand between the others. */
        for (size_t b = 0; b < rows; b++)
            if ((b * 37 + 11) % rows >= counts[k])
                draw_mask(&draws, items, 0.1, 1.0f, s.batch.x0 + b * items);
        expect_exact(&s);
        end(&s);
    }
}
END_TEST

static void losses_and_gradient(diffmm_context *context, void *argument, void *out)
{
    struct setting *s = argument;
    struct oracle_losses losses;
    float *gradient = malloc(s->denoiser.size * sizeof *gradient);
    expect_success(chosen(context, s, &losses, gradient));
    memcpy(out, &losses, sizeof losses);
    memcpy((char *)out + sizeof losses, gradient, s->denoiser.size * sizeof *gradient);
    free(gradient);
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    static struct setting s;
    struct draws draws = {5};
    begin(&s);
    draw_normals(&draws, (size_t)items * hidden, 1e-3, s.weight);
    fill(items, 1.0f, s.bias);
    expect_same_bits(sizeof(struct oracle_losses) + s.denoiser.size * sizeof(float),
                     losses_and_gradient, &s);
    end(&s);
}
END_TEST

/* NaN is NaN, and infinite is infinite, also where everything is computed from x_hat. */
START_TEST(what_is_not_finite_shows)
{
    traps_off(); /* a bias is NaN, then infinite */
    static struct setting s;
    struct oracle_losses losses;
    float *gradient;
    begin(&s);
    gradient = malloc(s.denoiser.size * sizeof *gradient);
    s.bias[7] = NAN;
    expect_success(chosen(NULL, &s, &losses, gradient));
    ck_assert(isnan(losses.elbo));
    s.bias[7] = INFINITY;
    expect_success(chosen(NULL, &s, &losses, gradient));
    ck_assert(!isfinite(losses.elbo));
    free(gradient);
    end(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        gram_is_chosen,        close_to_what_is_to_be_predicted,       large_weights_that_cancel,
        some_users_of_a_batch, the_same_bits_on_any_number_of_threads, what_is_not_finite_shows};
    return run_tests("gram_residual", tests, sizeof tests / sizeof *tests) != 0;
}
