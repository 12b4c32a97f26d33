/* SPDX-License-Identifier: BSD-2-Clause */
/* The closed form against sums over what is drawn: its normal equations, and its error among that of
 * other matrices. */
#include "diffusion/linear_denoiser.h"

#include <string.h>

#include "support/close.h"
#include "support/contexts.h"
#include "support/failing.h"
#include "support/oracle_schedule.h"
#include "support/orthonormal_basis.h"
#include "support/run.h"

enum { users = 1300, items = 40, rank = 7, most = users * items };

static float values[items * rank], weights[items + 1], m[rank * rank];
static int64_t pointers[users + 1];
static int32_t of[most];
static double gram[rank][rank], own[rank][rank];

static struct diffmm__basis begin(bool weighted)
{
    struct draws draws = {3};
    int64_t place = 0;
    draw_basis(&draws, items, rank, values);
    for (size_t i = 0; i < items; i++)
        weights[i] = 0.3f + (float)draw_real(&draws);
    weights[items] = 4.0f;
    for (size_t u = 0; u < users; u++) {
        for (int32_t i = 0; i < items; i++)
            if (draw_real(&draws) < ((u + (size_t)i) % 5 == 0 ? 0.4 : 0.05))
                of[place++] = i;
        pointers[u + 1] = place;
    }
    return (struct diffmm__basis){
        .items = items, .rank = rank, .values = values, .weights = weighted ? weights : NULL};
}

/* Z^T Z and D, one entry after the other. */
static void sum_up(bool weighted)
{
    memset(gram, 0, sizeof gram);
    memset(own, 0, sizeof own);
    for (size_t u = 0; u < users; u++) {
        double z[rank] = {0}, n = (double)(pointers[u + 1] - pointers[u]);
        for (int64_t e = pointers[u]; e < pointers[u + 1]; e++) {
            double x = weighted ? (double)weights[of[e]] / sqrt(n + 4.0) : 1.0;
            const float *row = values + (size_t)of[e] * rank;
            for (size_t j = 0; j < rank; j++) {
                z[j] += x * (double)row[j];
                for (size_t k = 0; k < rank; k++)
                    own[j][k] += x * x * (double)row[j] * (double)row[k];
            }
        }
        for (size_t j = 0; j < rank; j++)
            for (size_t k = 0; k < rank; k++)
                gram[j][k] += z[j] * z[k];
    }
}

START_TEST(solves_the_normal_equations)
{
    enum { steps = 5 };
    const double rho = 0.4;
    diffmm_context *contexts[context_count];
    diffmm_schedule *schedule = test_schedule(steps, 1.0, 1);
    struct oracle_schedule exact = test_oracle(steps, 1.0, 1);
    double signal = 0.0, kept = 0.0;
    for (size_t t = 0; t < steps; t++) {
        signal += sqrt(exact.abar[t]) / steps;
        kept += exact.abar[t] / steps;
    }
    contexts_begin(contexts);
    for (int weighted = 0; weighted < 2; weighted++) {
        struct diffmm__basis basis = begin(weighted);
        const struct diffmm__csr train = diffmm__csr_view(users, items, pointers, of, NULL);
        float first[rank * rank];
        sum_up(weighted);
        for (size_t c = 0; c < context_count; c++) {
            expect_success(
                diffmm__linear_denoiser_fit(contexts[c], &basis, &train, schedule, rho, m));
            if (c == 0)
                memcpy(first, m, sizeof m);
            ck_assert_mem_eq(first, m, sizeof m);
        }
        double largest = 0.0;
        for (size_t j = 0; j < rank; j++)
            largest = fmax(largest, gram[j][j]);
        for (size_t j = 0; j < rank; j++)
            for (size_t l = 0; l < rank; l++) {
                double left = 0.0;
                for (size_t k = 0; k < rank; k++) {
                    double a = kept * (gram[j][k] - own[j][k] + own[j][k] / (1 - rho));
                    a += j == k ? users * (1 - kept) / (1 - rho) : 0.0;
                    left += a * (double)m[k * rank + l];
                }
                expect_close("system times M", j * rank + l, left,
                             signal * (gram[j][l] - own[j][l]), 1e-5 * largest);
            }
    }
    contexts_end(contexts);
    diffmm_schedule_destroy(schedule);
}
END_TEST

/* Nobody has touched anything: nothing is predicted. */
START_TEST(no_interactions)
{
    diffmm_schedule *schedule = test_schedule(3, 1.0, 1);
    struct diffmm__basis basis = begin(false);
    static const int64_t none[users + 1];
    const struct diffmm__csr train = diffmm__csr_view(users, items, none, of, NULL);
    fill(rank * rank, 1.0f, m);
    expect_success(diffmm__linear_denoiser_fit(NULL, &basis, &train, schedule, 0.5, m));
    expect_untouched(rank * rank, m, 0.0f);
    diffmm_schedule_destroy(schedule);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {solves_the_normal_equations, no_interactions};
    return run_tests("linear_denoiser", tests, sizeof tests / sizeof *tests);
}
