/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/spectral_sample.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_schedule.h"
#include "support/orthonormal_basis.h"
#include "support/run.h"

enum { items = 40, rank = 6, users = 3, steps = 4 };

static float values[items * rank];
static const struct diffmm__basis basis = {.items = items, .rank = rank, .values = values};
static const int64_t pointers[] = {0, 5, 5, 8};
static const int32_t of[] = {1, 7, 20, 33, 39, 0, 7, 8}, order[] = {2, 0, 1};
static diffmm_schedule *schedule;
static struct oracle_schedule exact;

static void begin(void)
{
    struct draws draws = {5};
    draw_basis(&draws, items, rank, values);
    schedule = test_schedule(steps, 1.0, 1);
    exact = test_oracle(steps, 1.0, 1);
}

static struct diffmm__denoiser_batch batch_of(const int32_t *t)
{
    return (struct diffmm__denoiser_batch){
        .rows = users,
        .x0 = {.matrix = diffmm__csr_view(users, items, pointers, of, NULL), .row_of = order},
        .t = t,
        .draws = {.seed = 9, .noise_stream = 3, .dropout_stream = 4, .dropout = 0.3},
        .basis = &basis};
}

/* With draws that are given, the row is the formula. */
START_TEST(given_draws)
{
    static const int32_t t[] = {3, 0, 2};
    static float noise[users * rank], kept[users * items];
    struct draws draws = {6};
    begin();
    draw_normals(&draws, users * rank, 1.0, noise);
    draw_mask(&draws, users * items, 0.3, (float)(1 / 0.7), kept);
    struct diffmm__denoiser_batch batch = batch_of(t);
    batch.draws.noise = noise;
    batch.draws.dropout_scale = kept;
    for (size_t b = 0; b < users; b++)
        for (int drops = 0; drops < 2; drops++) {
            double abar = exact.abar[t[b]], want[rank];
            float got[rank];
            for (size_t j = 0; j < rank; j++) {
                want[j] = sqrt((1 - abar) / (drops ? 0.7 : 1.0)) * (double)noise[b * rank + j];
                for (int64_t e = pointers[order[b]]; e < pointers[order[b] + 1]; e++)
                    want[j] += sqrt(abar) * (double)values[(size_t)of[e] * rank + j] *
                               (drops ? (double)kept[b * items + (size_t)of[e]] : 1.0);
            }
            diffmm__spectral_sample_row(schedule, &basis, &batch, b, drops != 0, got);
            expect_near("z_t", rank, got, want, 1e-5);
        }
    diffmm_schedule_destroy(schedule);
}
END_TEST

/* Over many epochs, the mean of z_t is sqrt(abar) z0, and its covariance that of dropped-out items
 * and noise:  abar rho / (1 - rho) sum_i B_i B_i^T + (1 - abar) / (1 - rho) I. */
START_TEST(drawn_moments)
{
    enum { many = 40000 };
    static const int32_t t[] = {3, 3, 3};
    double mean[rank] = {0}, square[rank][rank] = {{0}}, z0[rank] = {0};
    double abar, rho = 0.3;
    begin();
    abar = exact.abar[3];
    struct diffmm__denoiser_batch batch = batch_of(t);
    for (uint64_t epoch = 0; epoch < many; epoch++) {
        float z[rank];
        batch.draws.noise_stream = 2 * epoch;
        batch.draws.dropout_stream = 2 * epoch + 1;
        diffmm__spectral_sample_row(schedule, &basis, &batch, 1, true, z);
        for (size_t j = 0; j < rank; j++) {
            mean[j] += (double)z[j] / many;
            for (size_t k = 0; k < rank; k++)
                square[j][k] += (double)z[j] * (double)z[k] / many;
        }
    }
    for (size_t e = 0; e < 5; e++)
        for (size_t j = 0; j < rank; j++)
            z0[j] += (double)values[(size_t)of[e] * rank + j];
    for (size_t j = 0; j < rank; j++) {
        expect_close("mean", j, mean[j], sqrt(abar) * z0[j], 0.01);
        for (size_t k = 0; k < rank; k++) {
            double want = j == k ? (1 - abar) / (1 - rho) : 0.0;
            for (size_t e = 0; e < 5; e++)
                want += abar * rho / (1 - rho) * (double)values[(size_t)of[e] * rank + j] *
                        (double)values[(size_t)of[e] * rank + k];
            expect_close("covariance", j * rank + k, square[j][k] - mean[j] * mean[k], want, 0.01);
        }
    }
    diffmm_schedule_destroy(schedule);
}
END_TEST

/* A draw depends on the user's row, not on the place in the batch, nor on threads; and rows are of
 * length 1 where the shape says so. */
START_TEST(fills_the_input)
{
    static const int32_t t[] = {3, 0, 2}, swapped_t[] = {0, 3, 2}, swapped[] = {0, 2, 1};
    static const size_t hidden[] = {4};
    diffmm_context *contexts[context_count];
    begin();
    contexts_begin(contexts);
    for (int32_t normalize = 0; normalize < 2; normalize++)
        for (size_t c = 0; c < context_count; c++) {
            const diffmm_denoiser_shape shape = {.struct_size = sizeof shape,
                                                 .items = rank,
                                                 .time_size = 2,
                                                 .hidden_count = 1,
                                                 .hidden_sizes = hidden,
                                                 .normalize = normalize};
            struct diffmm__layers layers;
            struct diffmm__denoiser_pass pass;
            struct diffmm__arena arena = diffmm__arena_on(contexts[c]);
            expect_success(diffmm__layers_read(&shape, &layers));
            diffmm__denoiser_pass_take(&arena, &layers, users, DIFFMM__PASS_FORWARD, &pass);
            struct diffmm__denoiser_batch batch = batch_of(t);
            float first[2][rank], length = 0.0f;
            diffmm__spectral_sample_input(&pass, schedule, &basis, &batch);
            for (size_t b = 0; b < 2; b++)
                memcpy(first[b], pass.input + b * (rank + 2), sizeof first[b]);
            batch.x0.row_of = swapped;
            batch.t = swapped_t;
            diffmm__spectral_sample_input(&pass, schedule, &basis, &batch);
            ck_assert_mem_eq(first[0], pass.input + (rank + 2), sizeof first[0]);
            ck_assert_mem_eq(first[1], pass.input, sizeof first[1]);
            for (size_t j = 0; j < rank; j++)
                length += first[0][j] * first[0][j];
            ck_assert(!normalize || fabsf(length - 1.0f) < 1e-5f);
            diffmm__arena_end(&arena);
        }
    contexts_end(contexts);
    diffmm_schedule_destroy(schedule);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {given_draws, drawn_moments, fills_the_input};
    return run_tests("spectral_sample", tests, sizeof tests / sizeof *tests);
}
