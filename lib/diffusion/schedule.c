/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/schedule.h"

#include <float.h>
#include <math.h>

#include "base/check.h"
#include "base/context.h"
#include "base/handle.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"

static void fill_betas(size_t steps, double first, double last, int beta_fixed, double *beta)
{
    double abar_before = 1.0;
    for (size_t i = 0; i < steps; i++) {
        double v = steps > 1 ? first + (last - first) * (double)i / (double)(steps - 1) : first;
        double abar = 1.0 - v;
        beta[i] = i == 0 ? 1.0 - abar : fmin(1.0 - abar / abar_before, 0.999);
        abar_before = abar;
    }
    if (beta_fixed)
        beta[0] = 1e-4;
}

static void fill_posterior(diffmm_schedule *s)
{
    const double *beta = s->values[DIFFMM_SCHEDULE_BETA];
    double *abar = s->values[DIFFMM_SCHEDULE_ALPHA_BAR];
    double *variance = s->values[DIFFMM_SCHEDULE_POSTERIOR_VARIANCE];
    double *log_variance = s->values[DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE];
    double before = 1.0, snr_before = 0.0;
    for (size_t i = 0; i < s->steps; i++) {
        abar[i] = before * (1.0 - beta[i]);
        double rest = 1.0 - abar[i], rest_before = 1.0 - before, snr = abar[i] / rest;
        variance[i] = beta[i] * rest_before / rest;
        s->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0][i] = beta[i] * sqrt(before) / rest;
        s->values[DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT][i] = rest_before * sqrt(1.0 - beta[i]) / rest;
        s->values[DIFFMM_SCHEDULE_ELBO_WEIGHT][i] = i == 0 ? 1.0 : snr_before - snr;
        before = abar[i];
        snr_before = snr;
    }
    for (size_t i = 0; i < s->steps; i++) {
        double clipped = variance[i == 0 && s->steps > 1 ? 1 : i];
        log_variance[i] = clipped > 0 ? log(clipped) : -HUGE_VAL; /* log(0) would divide by 0 */
    }
}

/* Of positive numbers; infinite beyond the largest double, without raising an overflow. */
static double product(double a, double b)
{
    return a > 1.0 && b > DBL_MAX / a ? HUGE_VAL : a * b;
}

/* Each by itself first: the product of two negative numbers is positive. */
static diffmm_status check_noise(double scale, double least, double most)
{
    static const char range[] = "(variances run from noise_scale * noise_min to noise_scale * "
                                "noise_max)";
    const char *const names[] = {"noise_scale", "noise_min", "noise_max"};
    const double values[] = {scale, least, most};
    char text[DIFFMM__REAL_TEXT], other[DIFFMM__REAL_TEXT];
    for (size_t i = 0; i < 3; i++)
        if (!isgreater(values[i], 0.0) || isinf(values[i]))
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s is %s, not above 0 and finite %s", names[i],
                                diffmm__real_text(values[i], text), range);
    if (least > most)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "noise_min is %s, above noise_max, which is %s %s",
                            diffmm__real_text(least, text), diffmm__real_text(most, other), range);
    /* A variance that 1 - v rounds away is no noise at all, and makes the posterior 0 / 0. */
    double first = product(scale, least), last = product(scale, most);
    if (!(1.0 - first < 1.0 && last < 1.0))
        return diffmm__fail(
            DIFFMM_ERROR_INVALID_ARGUMENT,
            "noise_scale * noise_min and noise_scale * noise_max are %s and %s, not "
            "both above 1e-16 and below 1",
            diffmm__real_text(first, text), diffmm__real_text(last, other));
    return DIFFMM_OK;
}

static void lay_out(diffmm_schedule *schedule, size_t steps)
{
    double *values =
        diffmm__arena_take(&schedule->arena, steps * DIFFMM__SCHEDULE_QUANTITIES, sizeof *values);
    schedule->steps = steps;
    for (size_t q = 0; q < DIFFMM__SCHEDULE_QUANTITIES && values; q++)
        schedule->values[q] = values + q * steps;
}

size_t diffmm__schedule_bytes(size_t steps)
{
    diffmm_schedule measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, steps);
    return measured.arena.bytes;
}

static void end_schedule(void *object)
{
    diffmm_schedule *schedule = object;
    diffmm_context *context = schedule->context;
    diffmm__arena_end(&schedule->arena);
    diffmm__release(context, schedule);
    diffmm__context_release(context);
}

diffmm_status diffmm_schedule_create(diffmm_context *context, size_t steps, double noise_scale,
                                     double noise_min, double noise_max, int beta_fixed,
                                     diffmm_schedule **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!out)
        return diffmm__null("out");
    if (steps == 0 || steps > 1 << 20)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "steps is %zu, not 1 to 2^20", steps);
    diffmm_status status = check_noise(noise_scale, noise_min, noise_max);
    if (status)
        return status;
    double first = noise_scale * noise_min, last = noise_scale * noise_max;
    diffmm_schedule *schedule = diffmm__allocate_zero(context, 1, sizeof *schedule);
    if (!schedule)
        return DIFFMM_ERROR_NO_MEMORY;
    schedule->arena = diffmm__arena_on(context);
    lay_out(schedule, steps);
    if (schedule->arena.failed) {
        diffmm__arena_end(&schedule->arena);
        diffmm__release(context, schedule);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    diffmm__handle_begin(schedule, end_schedule);
    schedule->context = diffmm__context_retain(context);
    fill_betas(steps, first, last, beta_fixed, schedule->values[DIFFMM_SCHEDULE_BETA]);
    fill_posterior(schedule);
    *out = schedule;
    return DIFFMM_OK;
}

void diffmm_schedule_destroy(diffmm_schedule *schedule)
{
    diffmm__handle_release(schedule);
}

size_t diffmm_schedule_steps(const diffmm_schedule *schedule)
{
    return schedule ? schedule->steps : 0;
}

const double *diffmm_schedule_values(const diffmm_schedule *schedule,
                                     diffmm_schedule_quantity quantity)
{
    if (!schedule || (int)quantity < 0 || (int)quantity >= DIFFMM__SCHEDULE_QUANTITIES)
        return NULL;
    return schedule->values[quantity];
}

float diffmm__schedule_signal(const diffmm_schedule *schedule, size_t t)
{
    return (float)sqrt(schedule->values[DIFFMM_SCHEDULE_ALPHA_BAR][t]);
}

float diffmm__schedule_noise(const diffmm_schedule *schedule, size_t t)
{
    return (float)sqrt(1.0 - schedule->values[DIFFMM_SCHEDULE_ALPHA_BAR][t]);
}

diffmm_status diffmm__schedule_check_steps(const diffmm_schedule *schedule, size_t rows,
                                           const int32_t *t)
{
    for (size_t b = 0; b < rows; b++)
        if (t[b] < 0 || (size_t)t[b] >= schedule->steps)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "t[%zu] is %d, but the schedule has %zu steps", b, t[b],
                                schedule->steps);
    return DIFFMM_OK;
}
