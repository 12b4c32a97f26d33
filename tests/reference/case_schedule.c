/* SPDX-License-Identifier: BSD-2-Clause */
/* schedule_*: every quantity of a noise schedule. */
#include "cases.h"
#include "layers.h"

void case_schedule(struct reference *reference)
{
    static const struct {
        const char *name;
        diffmm_schedule_quantity quantity;
    } quantities[] = {
        {"betas", DIFFMM_SCHEDULE_BETA},
        {"alphas_cumprod", DIFFMM_SCHEDULE_ALPHA_BAR},
        {"posterior_variance", DIFFMM_SCHEDULE_POSTERIOR_VARIANCE},
        {"posterior_log_variance_clipped", DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE},
        {"posterior_mean_coef1", DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0},
        {"posterior_mean_coef2", DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT},
        {"snr_weight", DIFFMM_SCHEDULE_ELBO_WEIGHT},
    };
    diffmm_schedule *schedule = schedule_read(reference);
    size_t steps = diffmm_schedule_steps(schedule);
    for (size_t i = 0; i < sizeof quantities / sizeof quantities[0]; i++)
        expect_doubles(reference, reference_array(reference, "%s", quantities[i].name), steps, 1,
                       diffmm_schedule_values(schedule, quantities[i].quantity));
    diffmm_schedule_destroy(schedule);
}
