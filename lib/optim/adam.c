/* SPDX-License-Identifier: BSD-2-Clause */
/* Adam (Kingma and Ba 2015, algorithm 1):
 *
 *     m <- beta1 m + (1 - beta1) g,
 *     v <- beta2 v + (1 - beta2) g^2,
 *     x <- x - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon);
 *
 * with decoupled weight decay (AdamW: Loshchilov and Hutter 2019, algorithm 2) before it:
 *
 *     x <- (1 - lr * weight_decay) x.
 */
#include "optim/adam.h"

#include <math.h>

#include "base/numbers.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"

static const diffmm_adam defaults = {
    .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

static struct diffmm__adam_coefficients factors(const diffmm_adam *adam, uint64_t step)
{
    double t = (double)step;
    return (struct diffmm__adam_coefficients){
        .beta1 = (float)adam->beta1,
        .rest1 = (float)(1.0 - adam->beta1),
        .beta2 = (float)adam->beta2,
        .rest2 = (float)(1.0 - adam->beta2),
        .step_size = (float)(adam->learning_rate / (1.0 - pow(adam->beta1, t))),
        .correction2 = (float)(1.0 / sqrt(1.0 - pow(adam->beta2, t))),
        .epsilon = (float)adam->epsilon};
}

struct step {
    struct diffmm__adam_coefficients factors;
    float *parameter;
    const float *gradient;
    float *first_moment, *second_moment;
};

static void step_range(void *argument, size_t begin, size_t end)
{
    const struct step *s = argument;
    diffmm__kernels()->adam(end - begin, &s->factors, s->parameter + begin, s->gradient + begin,
                            s->first_moment + begin, s->second_moment + begin);
}

struct diffmm__adam_coefficients diffmm__adam_factors(double learning_rate, uint64_t step)
{
    diffmm_adam adam = defaults;
    adam.learning_rate = learning_rate;
    return factors(&adam, step);
}

void diffmm__adam_step(const diffmm_context *context, double learning_rate, uint64_t step,
                       size_t count, float *parameter, const float *gradient, float *first_moment,
                       float *second_moment)
{
    struct step s = {.factors = diffmm__adam_factors(learning_rate, step),
                     .parameter = parameter,
                     .gradient = gradient,
                     .first_moment = first_moment,
                     .second_moment = second_moment};
    diffmm__parallel_ranges(context, count, 16384, step_range, &s);
}

struct decay {
    float factor;
    float *parameter;
};

static void decay_range(void *argument, size_t begin, size_t end)
{
    const struct decay *d = argument;
    for (size_t i = begin; i < end; i++)
        d->parameter[i] *= d->factor;
}

void diffmm__adam_decay(const diffmm_context *context, double learning_rate, double weight_decay,
                        size_t count, float *parameter)
{
    struct decay d = {.factor = (float)(1.0 - learning_rate * weight_decay),
                      .parameter = parameter};
    if (weight_decay > 0.0)
        diffmm__parallel_ranges(context, count, 16384, decay_range, &d);
}

/* The given value, or the default where it is 0. It must lie in [0, limit). */
static diffmm_status choose(double given, double standard, double limit, const char *name,
                            double *out)
{
    if (!diffmm__within(given, 0.0, limit))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "adam: %s is negative, not finite, or "
                            "too large",
                            name);
    *out = given > 0.0 ? given : standard;
    return DIFFMM_OK;
}

/* Whether rate * decay < 1, where neither is negative and the product may exceed all numbers. */
static bool keeps_sign(double rate, double decay)
{
    return rate <= 1.0 ? rate * decay < 1.0 : decay < 1.0 / rate;
}

diffmm_status diffmm_adam_step(const diffmm_adam *adam, uint64_t step, size_t count,
                               float *parameter, const float *gradient, float *first_moment,
                               float *second_moment)
{
    diffmm_adam given = {0}, used = {0};
    diffmm_status status;
    if (adam && (status = diffmm__struct_read(&given, &diffmm__layout_adam, adam, "adam")))
        return status;
    if ((status = choose(given.learning_rate, defaults.learning_rate, HUGE_VAL, "learning_rate",
                         &used.learning_rate)) ||
        (status = choose(given.beta1, defaults.beta1, 1.0, "beta1", &used.beta1)) ||
        (status = choose(given.beta2, defaults.beta2, 1.0, "beta2", &used.beta2)) ||
        (status = choose(given.epsilon, defaults.epsilon, HUGE_VAL, "epsilon", &used.epsilon)))
        return status;
    if (!diffmm__within(given.weight_decay, 0.0, HUGE_VAL) ||
        !keeps_sign(used.learning_rate, given.weight_decay))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "adam: weight_decay is negative, not finite, or not below 1 when "
                            "multiplied by learning_rate");
    if (step == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "step is 0; the first step is 1");
    if (count > 0 && (!parameter || !gradient || !first_moment || !second_moment))
        return diffmm__null(!parameter      ? "parameter"
                            : !gradient     ? "gradient"
                            : !first_moment ? "first_moment"
                                            : "second_moment");
    if ((status = diffmm__size_check_array("count", count, "columns", 1, sizeof *parameter)))
        return status;
    struct diffmm__adam_coefficients f = factors(&used, step);
    diffmm__adam_decay(NULL, used.learning_rate, given.weight_decay, count, parameter);
    diffmm__kernels()->adam(count, &f, parameter, gradient, first_moment, second_moment);
    return DIFFMM_OK;
}
