/* SPDX-License-Identifier: BSD-2-Clause */
/* The loss as a function of arrays, against the dense terms at x_hat = B z_hat, and its gradient
 * against differences. tests/reference has numbers for it, too. */
#include <diffmm/diffusion.h>

#include "support/contexts.h"
#include "support/differences.h"
#include "support/failing.h"
#include "support/oracle_schedule.h"
#include "support/orthonormal_basis.h"
#include "support/run.h"

enum { rows = 9, items = 33, rank = 7, d = 4, steps = 4 };

static const size_t hidden[] = {6, 5};

struct world {
    diffmm_denoiser_shape shape;
    diffmm_spectral_loss_arguments arguments;
    diffmm_schedule *schedule;
    size_t size;
    float *parameters, *gradient;
    float basis[items * rank], x0[rows * items], noise[rows * rank], kept[rows * items];
    float features[items * d], embedding[items * d];
    int32_t t[rows];
    double loss, elbo, msi;
};

static void begin(struct world *w, int32_t normalize)
{
    struct draws draws = {31};
    *w = (struct world){.shape = {.struct_size = sizeof w->shape,
                                  .items = rank,
                                  .time_size = 5,
                                  .hidden_count = 2,
                                  .hidden_sizes = hidden,
                                  .normalize = normalize}};
    w->size = diffmm_denoiser_size(&w->shape);
    w->parameters = malloc(2 * w->size * sizeof *w->parameters);
    w->gradient = w->parameters + w->size;
    w->schedule = test_schedule(steps, 1.0, 0);
    draw_normals(&draws, w->size, 0.4, w->parameters);
    fill(w->size, NAN, w->gradient);
    draw_basis(&draws, items, rank, w->basis);
    for (size_t i = 0; i < rows * items; i++)
        w->x0[i] = i / items == 4 || draw_real(&draws) < 0.8 ? 0.0f : 0.5f + (float)(i % 3);
    draw_normals(&draws, rows * rank, 1.0, w->noise);
    draw_mask(&draws, rows * items, 0.4, (float)(1 / 0.6), w->kept);
    draw_normals(&draws, items * d, 0.5, w->features);
    draw_normals(&draws, items * d, 0.5, w->embedding);
    draw_numbers(&draws, rows, steps, w->t);
    w->arguments = (diffmm_spectral_loss_arguments){.struct_size = sizeof w->arguments,
                                                    .shape = &w->shape,
                                                    .parameters = w->parameters,
                                                    .items = items,
                                                    .basis = w->basis,
                                                    .rows = rows,
                                                    .x0 = w->x0,
                                                    .t = w->t,
                                                    .noise = w->noise,
                                                    .dropout_scale = w->kept,
                                                    .dropout = 0.4,
                                                    .d = d,
                                                    .features = w->features,
                                                    .item_embedding = w->embedding,
                                                    .e_loss = 0.6,
                                                    .loss = &w->loss,
                                                    .elbo = &w->elbo,
                                                    .msi = &w->msi,
                                                    .grad_parameters = w->gradient};
}

static void end(struct world *w)
{
    diffmm_schedule_destroy(w->schedule);
    free(w->parameters);
}

static double value_of(void *argument)
{
    struct world *w = argument;
    diffmm_spectral_loss_arguments a = w->arguments;
    a.grad_parameters = NULL;
    expect_success(diffmm_spectral_loss_with(NULL, w->schedule, &a));
    return w->loss;
}

START_TEST(gradient_against_differences)
{
    for (int32_t normalize = 0; normalize < 2; normalize++)
        for (size_t columns = 0; columns <= d; columns += d) {
            struct world w;
            begin(&w, normalize);
            w.arguments.d = columns;
            expect_success(diffmm_spectral_loss_with(NULL, w.schedule, &w.arguments));
            ck_assert(columns == 0 ? w.msi == 0.0 : w.msi > 0.0);
            ck_assert(w.loss == w.elbo + 0.6 * w.msi);
            expect_gradient("parameters", value_of, &w, w.size, w.parameters, w.gradient, 1e-2f,
                            4e-3);
            end(&w);
        }
}
END_TEST

/* z_hat from the denoiser on z_t, x_hat dense, and the terms of plain arrays. */
START_TEST(equals_the_dense_terms)
{
    struct world w;
    begin(&w, 0);
    struct oracle_schedule exact = test_oracle(steps, 1.0, 0);
    float z_t[rows * rank], z_hat[rows * rank], x_hat[rows * items];
    for (size_t b = 0; b < rows; b++)
        for (size_t j = 0; j < rank; j++) {
            double abar = exact.abar[w.t[b]], sum = 0.0;
            for (size_t i = 0; i < items; i++)
                sum += (double)w.x0[b * items + i] * (double)w.kept[b * items + i] *
                       (double)w.basis[i * rank + j];
            z_t[b * rank + j] =
                (float)(sqrt(abar) * sum + sqrt((1 - abar) / 0.6) * (double)w.noise[b * rank + j]);
        }
    expect_success(
        diffmm_denoiser_forward(NULL, &w.shape, w.parameters, rows, z_t, w.t, NULL, z_hat));
    for (size_t b = 0; b < rows; b++)
        for (size_t i = 0; i < items; i++) {
            x_hat[b * items + i] = 0.0f;
            for (size_t j = 0; j < rank; j++)
                x_hat[b * items + i] += z_hat[b * rank + j] * w.basis[i * rank + j];
        }
    double elbo, msi;
    expect_success(diffmm_elbo(w.schedule, rows, items, w.x0, x_hat, w.t, NULL, &elbo, NULL));
    expect_success(
        diffmm_msi(NULL, rows, items, d, w.x0, x_hat, w.features, w.embedding, NULL, &msi, NULL));
    expect_success(diffmm_spectral_loss_with(NULL, w.schedule, &w.arguments));
    expect_close("elbo", 0, w.elbo, elbo, 1e-5 * elbo);
    expect_close("msi", 0, w.msi, msi, 1e-5 * msi);
    end(&w);
}
END_TEST

/* Where x0 lies in the basis and z_hat is near it, rounding makes no term negative. */
START_TEST(never_negative)
{
    struct world w;
    begin(&w, 0);
    w.arguments.d = 0;
    for (size_t i = 0; i < items; i++)
        for (size_t j = 0; j < rank; j++)
            w.basis[i * rank + j] = i == j;
    for (size_t i = 0; i < rows * items; i++)
        w.x0[i] = i % items < rank ? 1e3f : 0.0f;
    /* The decoder's last bias alone: z_hat = 1000. */
    fill(w.size, 0.0f, w.parameters);
    fill(rank, 1e3f, w.parameters + w.size - rank);
    expect_success(diffmm_spectral_loss_with(NULL, w.schedule, &w.arguments));
    ck_assert(w.elbo == 0.0);
    end(&w);
}
END_TEST

START_TEST(same_bits_on_any_threads)
{
    diffmm_context *contexts[context_count];
    struct world w;
    begin(&w, 1);
    contexts_begin(contexts);
    float *first = malloc(w.size * sizeof *first);
    for (size_t c = 0; c < context_count; c++) {
        double before = w.loss;
        expect_success(diffmm_spectral_loss_with(contexts[c], w.schedule, &w.arguments));
        ck_assert(c == 0 || before == w.loss);
        if (c == 0)
            memcpy(first, w.gradient, w.size * sizeof *first);
        ck_assert_mem_eq(first, w.gradient, w.size * sizeof *first);
    }
    free(first);
    contexts_end(contexts);
    end(&w);
}
END_TEST

START_TEST(refuses_what_has_no_meaning)
{
    struct world w;
    begin(&w, 0);
    diffmm_spectral_loss_arguments a = w.arguments;
    a.dropout = 1.0;
    expect_invalid(diffmm_spectral_loss_with(NULL, w.schedule, &a), "dropout");
    a = w.arguments;
    a.items = rank - 1;
    expect_invalid(diffmm_spectral_loss_with(NULL, w.schedule, &a), "above the 6 items");
    a = w.arguments;
    a.basis = NULL;
    expect_invalid(diffmm_spectral_loss_with(NULL, w.schedule, &a), "basis");
    a = w.arguments;
    a.features = NULL;
    expect_invalid(diffmm_spectral_loss_with(NULL, w.schedule, &a), "features");
    a = w.arguments;
    a.e_loss = INFINITY;
    expect_invalid(diffmm_spectral_loss_with(NULL, w.schedule, &a), "e_loss");
    w.t[2] = steps;
    expect_invalid(diffmm_spectral_loss_with(NULL, w.schedule, &w.arguments), "t[2]");
    end(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {gradient_against_differences, equals_the_dense_terms,
                                  never_negative, same_bits_on_any_threads,
                                  refuses_what_has_no_meaning};
    return run_tests("spectral_loss", tests, sizeof tests / sizeof *tests);
}
