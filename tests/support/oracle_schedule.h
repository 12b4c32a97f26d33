/* SPDX-License-Identifier: BSD-2-Clause */
/* A noise schedule from another side: the posterior of a Gaussian chain by Bayes' rule. */
#ifndef DIFFMM_TESTS_ORACLE_SCHEDULE_H
#define DIFFMM_TESTS_ORACLE_SCHEDULE_H

#include <math.h>
#include <stddef.h>

#include <diffmm/diffusion.h>

#include "failure.h"

enum { ORACLE_MOST_STEPS = 64 };

struct oracle_schedule {
    size_t steps;
    double beta[ORACLE_MOST_STEPS], abar[ORACLE_MOST_STEPS], variance[ORACLE_MOST_STEPS];
    double c1[ORACLE_MOST_STEPS], c2[ORACLE_MOST_STEPS], weight[ORACLE_MOST_STEPS];
};

/* x_{t-1} ~ N(sqrt(abar_{t-1}) x0, 1 - abar_{t-1}) and x_t ~ N(sqrt(1 - beta_t) x_{t-1}, beta_t):
 * precisions add up, means are weighted by them. */
static inline void oracle_posterior(struct oracle_schedule *s, size_t i)
{
    long double alpha = 1.0L - (long double)s->beta[i], before = (long double)s->abar[i - 1];
    long double precision = 1.0L / (1.0L - before) + alpha / (long double)s->beta[i];
    s->variance[i] = (double)(1.0L / precision);
    s->c1[i] = (double)(sqrtl(before) / (1.0L - before) / precision);
    s->c2[i] = (double)(sqrtl(alpha) / (long double)s->beta[i] / precision);
    s->weight[i] =
        (double)(1.0L / (1.0L / before - 1.0L) - 1.0L / (1.0L / (long double)s->abar[i] - 1.0L));
}

static inline struct oracle_schedule oracle_schedule(size_t steps, double scale, double min,
                                                     double max, int beta_fixed)
{
    struct oracle_schedule s = {.steps = steps};
    double v_before = 0.0, product = 1.0;
    for (size_t i = 0; i < steps; i++) {
        double v = scale * (steps > 1 ? min + (max - min) / (double)(steps - 1) * (double)i : min);
        s.beta[i] = fmin((v - v_before) / (1.0 - v_before), 0.999);
        if (i == 0 && beta_fixed)
            s.beta[i] = 1e-4;
        v_before = v;
        s.abar[i] = product *= 1.0 - s.beta[i];
        if (i > 0)
            oracle_posterior(&s, i);
    }
    /* The last step back lands on x0 itself. */
    s.variance[0] = s.c2[0] = 0.0;
    s.c1[0] = s.weight[0] = 1.0;
    return s;
}

/* The authors' noise, or ten times as much. */
static inline diffmm_schedule *test_schedule(size_t steps, double scale, int beta_fixed)
{
    diffmm_schedule *schedule;
    expect_success(diffmm_schedule_create(NULL, steps, scale, 1e-3, 0.2, beta_fixed, &schedule));
    return schedule;
}

static inline struct oracle_schedule test_oracle(size_t steps, double scale, int beta_fixed)
{
    return oracle_schedule(steps, scale, 1e-3, 0.2, beta_fixed);
}

#endif
