/* SPDX-License-Identifier: BSD-2-Clause */
/* Models and training. */
#include "faults.h"
#include "support/failure.h"
#include "support/settings.h"

static void unsealed_inputs(struct fault_world *world)
{
    fault_make_loaded(world, fault_load);
}

static diffmm_status create_model(struct fault_world *world)
{
    return diffmm_model_create(world->dataset, world->options, &world->out.model);
}

static void new_model_bits(struct fault_world *world)
{
    fault_hash_model(world->out.model);
}

static diffmm_status forward(struct fault_world *world)
{
    return diffmm_model_forward(world->model);
}

static diffmm_status view(struct fault_world *world)
{
    return diffmm_model_view(world->model, "text", world->out.values);
}

static diffmm_status objective(struct fault_world *world)
{
    static const int32_t user[] = {0, 1}, positive[] = {0, 1}, negative[] = {3, 2};
    return diffmm_model_objective(world->model, 2, user, positive, negative, &world->out.losses);
}

static void model_bits(struct fault_world *world)
{
    fault_hash(&world->out, sizeof world->out);
    fault_hash_model(world->model);
}

static diffmm_status forecast(struct fault_world *world)
{
    diffmm_forecast out = {.struct_size = sizeof out};
    diffmm_status status = diffmm_trainer_forecast(world->dataset, world->options, &out);
    if (!status)
        world->out.forecast = out;
    return status;
}

static diffmm_status forecast_peer(struct fault_world *world)
{
    diffmm_forecast out = {.struct_size = sizeof out};
    diffmm_status status = diffmm_trainer_forecast_peer(world->dataset, world->options, 1, 2, &out);
    if (!status)
        world->out.forecast = out;
    return status;
}

static void forecast_bits(struct fault_world *world)
{
    fault_hash(&world->out.forecast, sizeof world->out.forecast);
}

/* Times differ from call to call: a call that has succeeded has seen each phase. */
static diffmm_status measure(struct fault_world *world)
{
    diffmm_seconds out = {0};
    diffmm_status status = diffmm_trainer_measure(world->dataset, world->options, 1e-6, &out);
    if (!status)
        world->out.seen =
            out.denoise > 0 && out.generate > 0 && out.recommend > 0 && out.evaluate > 0;
    return status;
}

static void measure_bits(struct fault_world *world)
{
    fault_hash(&world->out.seen, sizeof world->out.seen);
}

static diffmm_status create_trainer(struct fault_world *world)
{
    return diffmm_trainer_create(world->dataset, world->options, &world->out.trainer);
}

static void new_trainer_bits(struct fault_world *world)
{
    expect_success(diffmm_trainer_epoch(world->out.trainer, NULL));
    fault_hash_model(diffmm_trainer_model(world->out.trainer));
}

static void make_trainer(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static void make_trainer_keeping_all_edges(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_options_set(world->options, "keep_rate", "1"));
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static void make_trainer_without_diffusion(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_options_set(world->options, "diffusion.enabled", "false"));
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static void make_blended_inputs(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_options_set(world->options, "denoiser.kind", "spectral"));
    expect_success(diffmm_options_set(world->options, "diffusion.blend", "0.5"));
}

static void make_inputs_with_draws(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_options_set(world->options, "contrastive.negatives", "3"));
}

static void make_trainer_with_draws(struct fault_world *world)
{
    make_inputs_with_draws(world);
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static void make_trainer_with_blend(struct fault_world *world)
{
    make_blended_inputs(world);
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

/* One epoch was trained, so that a best one can be restored and a second be trained. */
static void make_trained(struct fault_world *world)
{
    make_trainer(world);
    expect_success(diffmm_trainer_epoch(world->trainer, NULL));
}

static diffmm_status epoch(struct fault_world *world)
{
    diffmm_report report = {.struct_size = sizeof report};
    diffmm_status status = diffmm_trainer_epoch(world->trainer, &report);
    if (!status)
        world->out.report = report;
    return status;
}

static diffmm_status fit(struct fault_world *world)
{
    return diffmm_trainer_fit(world->trainer, NULL, NULL);
}

static diffmm_status create_final(struct fault_world *world)
{
    return diffmm_trainer_create_final(world->trainer, &world->out.trainer);
}

static diffmm_status fit_final(struct fault_world *world)
{
    return diffmm_trainer_fit_final(world->trainer, NULL, NULL, &world->out.trainer);
}

static void final_bits(struct fault_world *world)
{
    fault_hash_trainer(world->out.trainer);
}

static diffmm_status restore_best(struct fault_world *world)
{
    return diffmm_trainer_restore_best(world->trainer);
}

/* The other peer agrees with everything. */
static int exchange(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                    size_t receive_bytes, void *user_data)
{
    (void)to, (void)send, (void)send_bytes, (void)from, (void)user_data;
    if (receive)
        memset(receive, 0, receive_bytes);
    return 0;
}

static diffmm_status join(struct fault_world *world)
{
    return diffmm_trainer_join(
        world->trainer,
        &(diffmm_peers){.struct_size = sizeof(diffmm_peers), .size = 2, .exchange = exchange});
}

/* Without that peer, who would not train. */
static void joined_bits(struct fault_world *world)
{
    expect_success(diffmm_trainer_join(world->trainer, NULL));
    expect_success(diffmm_trainer_epoch(world->trainer, NULL));
    fault_hash_trainer(world->trainer);
}

static void trainer_bits(struct fault_world *world)
{
    fault_hash_trainer(world->trainer);
}

const struct fault_case fault_model_cases[] = {
    {"diffmm_model_create", fault_make_inputs, create_model, new_model_bits, fault_end_model},
    {"diffmm_model_create from what is not sealed", unsealed_inputs, create_model, new_model_bits,
     fault_end_model},
    {"diffmm_model_forward", fault_make_model, forward, model_bits, NULL},
    {"diffmm_model_view", fault_make_model, view, model_bits, NULL},
    {"diffmm_model_objective", fault_make_model, objective, model_bits, NULL},
    {"diffmm_trainer_forecast", unsealed_inputs, forecast, forecast_bits, NULL},
    {"diffmm_trainer_forecast_peer", unsealed_inputs, forecast_peer, forecast_bits, NULL},
    {"diffmm_trainer_measure", unsealed_inputs, measure, measure_bits, NULL},
    {"diffmm_trainer_create", fault_make_inputs, create_trainer, new_trainer_bits,
     fault_end_trainer},
    {"diffmm_trainer_create from what is not sealed", unsealed_inputs, create_trainer,
     new_trainer_bits, fault_end_trainer},
    {"diffmm_trainer_create with a blend", make_blended_inputs, create_trainer, new_trainer_bits,
     fault_end_trainer},
    {"diffmm_trainer_epoch with a blend", make_trainer_with_blend, epoch, trainer_bits, NULL},
    {"diffmm_trainer_create with drawn nodes", make_inputs_with_draws, create_trainer,
     new_trainer_bits, fault_end_trainer},
    {"diffmm_trainer_epoch with drawn nodes", make_trainer_with_draws, epoch, trainer_bits, NULL},
    {"diffmm_trainer_epoch", make_trainer, epoch, trainer_bits, NULL},
    {"diffmm_trainer_epoch keeping all edges", make_trainer_keeping_all_edges, epoch, trainer_bits,
     NULL},
    {"diffmm_trainer_epoch without diffusion", make_trainer_without_diffusion, epoch, trainer_bits,
     NULL},
    {"diffmm_trainer_epoch the second", make_trained, epoch, trainer_bits, NULL},
    {"diffmm_trainer_fit", make_trainer, fit, trainer_bits, NULL},
    {"diffmm_trainer_create_final", make_trained, create_final, new_trainer_bits,
     fault_end_trainer},
    {"diffmm_trainer_fit_final", make_trained, fit_final, final_bits, fault_end_trainer},
    {"diffmm_trainer_restore_best", make_trained, restore_best, trainer_bits, NULL},
    {"diffmm_trainer_join", make_trained, join, joined_bits, NULL},
    {.name = NULL}};
