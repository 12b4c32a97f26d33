/* SPDX-License-Identifier: BSD-2-Clause */
/* The diffusion module. */
#include "faults.h"
#include "support/failure.h"
#include "support/settings.h"

enum { users = 5, items = 6, d = 2 };

static const int64_t pointers[] = {0, 2, 3, 3, 5, 6};
static const int32_t row_items[] = {0, 5, 1, 2, 3, 4}, t[] = {0, 4};
static const float numbers[items * d] = {0.5f, -0.25f, 1.0f, 0.75f};
static const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                             .users = users,
                                             .row_pointers = pointers,
                                             .row_items = row_items,
                                             .epoch = 2,
                                             .d = d,
                                             .features = numbers,
                                             .item_embedding = numbers};

static void make_options(struct fault_world *world)
{
    fault_make_options(world);
    set_all(world->options, (const char *const[]){"batch", "8", "sampling_steps", "2", NULL});
}

static void make_module(struct fault_world *world)
{
    make_options(world);
    expect_success(
        diffmm_diffusion_create(world->context, items, world->options, 3, &world->module));
}

static void make_module_file(struct fault_world *world)
{
    make_module(world);
    expect_success(diffmm_diffusion_step(world->module, &batch, NULL));
    expect_success(diffmm_diffusion_save(world->module, fault_path(world, "module.safetensors")));
}

static void make_module_bytes(struct fault_world *world)
{
    make_module_file(world);
    fault_read_file(world, "module.safetensors", 1);
}

static void hash_module(const diffmm_diffusion *module)
{
    uint64_t steps = diffmm_diffusion_steps(module);
    fault_hash(&steps, sizeof steps);
    for (size_t i = 0; i < diffmm_diffusion_parameters(module); i++) {
        diffmm_parameter p = {.struct_size = sizeof p};
        expect_success(diffmm_diffusion_parameter_at(module, i, &p));
        fault_hash(p.values, p.rows * p.columns * sizeof *p.values);
    }
}

static void made_bits(struct fault_world *world)
{
    expect_success(diffmm_diffusion_step(world->out.module, &batch, NULL));
    hash_module(world->out.module);
}

static void end_made(struct fault_world *world)
{
    diffmm_diffusion_destroy(world->out.module);
}

static void module_bits(struct fault_world *world)
{
    fault_hash_output(world);
    hash_module(world->module);
}

static void file_bits(struct fault_world *world)
{
    fault_hash_file(fault_path(world, "old.safetensors"));
}

static diffmm_status create(struct fault_world *world)
{
    return diffmm_diffusion_create(world->context, items, world->options, 3, &world->out.module);
}

static diffmm_status create_spectral(struct fault_world *world)
{
    static const float basis[items * 2] = {0.6f, 0.8f, 0.8f, -0.6f};
    return diffmm_diffusion_create_spectral(world->context, items, 2, basis, world->options, 3,
                                            &world->out.module);
}

static void make_spectral_module(struct fault_world *world)
{
    static const float basis[items * 2] = {0.6f, 0.8f, 0.8f, -0.6f};
    make_options(world);
    expect_success(diffmm_diffusion_create_spectral(world->context, items, 2, basis, world->options,
                                                    3, &world->module));
}

static diffmm_status extend(struct fault_world *world)
{
    static const float new_rows[] = {0.5f, 0.25f, -0.5f, 1.0f};
    return diffmm_diffusion_extend(world->module, 2, new_rows, &world->out.module);
}

static void extended_bits(struct fault_world *world)
{
    hash_module(world->out.module);
}

static diffmm_status copy(struct fault_world *world)
{
    return diffmm_diffusion_copy(world->module, &world->out.module);
}

static diffmm_status forecast(struct fault_world *world)
{
    diffmm_diffusion_needs out = {.struct_size = sizeof out};
    diffmm_status status =
        diffmm_diffusion_forecast(world->context, items, users, 6, world->options, &out);
    if (!status)
        world->out.needs = out;
    return status;
}

static diffmm_status step(struct fault_world *world)
{
    return diffmm_diffusion_step(world->module, &batch, &world->out.module_losses);
}

static diffmm_status objective(struct fault_world *world)
{
    return diffmm_diffusion_objective(world->module, &batch, NULL, world->out.values);
}

static diffmm_status corrupt(struct fault_world *world)
{
    return diffmm_diffusion_corrupt(world->module, &batch, world->out.values);
}

static diffmm_status denoise(struct fault_world *world)
{
    return diffmm_diffusion_denoise(world->module, 2, numbers, t, world->out.values);
}

static diffmm_status reverse(struct fault_world *world)
{
    return diffmm_diffusion_reverse(world->module, &batch, world->out.values);
}

static diffmm_status generate(struct fault_world *world)
{
    return diffmm_diffusion_generate(world->module, &batch, 3, world->out.numbers, NULL);
}

static diffmm_status measure(struct fault_world *world)
{
    diffmm_denoiser_measures measures = {.struct_size = sizeof measures};
    diffmm_status status =
        diffmm_diffusion_measure(world->module, &batch, pointers, row_items, 2, &measures);
    if (!status)
        world->out.denoiser_measures = measures;
    return status;
}

static diffmm_status save(struct fault_world *world)
{
    return diffmm_diffusion_save(world->module, fault_path(world, "old.safetensors"));
}

static diffmm_status save_memory(struct fault_world *world)
{
    return diffmm_diffusion_save_memory(world->module, world->out.saved.bytes,
                                        sizeof world->out.saved.bytes, &world->out.saved.size);
}

static diffmm_status load(struct fault_world *world)
{
    return diffmm_diffusion_load(world->context, fault_path(world, "module.safetensors"),
                                 &world->out.module);
}

static diffmm_status load_memory(struct fault_world *world)
{
    return diffmm_diffusion_load_memory(world->context, world->bytes + 1, world->size,
                                        &world->out.module);
}

const struct fault_case fault_module_cases[] = {
    {"diffmm_diffusion_create", make_options, create, made_bits, end_made},
    {"diffmm_diffusion_create_spectral", make_options, create_spectral, made_bits, end_made},
    {"diffmm_diffusion_copy", make_module, copy, made_bits, end_made},
    {"diffmm_diffusion_extend", make_spectral_module, extend, extended_bits, end_made},
    {"diffmm_diffusion_forecast", make_options, forecast, fault_hash_output, NULL},
    {"diffmm_diffusion_step", make_module, step, module_bits, NULL},
    {"diffmm_diffusion_objective", make_module, objective, module_bits, NULL},
    {"diffmm_diffusion_corrupt", make_module, corrupt, fault_hash_output, NULL},
    {"diffmm_diffusion_denoise", make_module, denoise, fault_hash_output, NULL},
    {"diffmm_diffusion_reverse", make_module, reverse, fault_hash_output, NULL},
    {"diffmm_diffusion_generate", make_module, generate, fault_hash_output, NULL},
    {"diffmm_diffusion_measure", make_module, measure, fault_hash_output, NULL},
    {"diffmm_diffusion_save", make_module, save, file_bits, NULL},
    {"diffmm_diffusion_save_memory", make_module, save_memory, fault_hash_output, NULL},
    {"diffmm_diffusion_load", make_module_file, load, made_bits, end_made},
    {"diffmm_diffusion_load_memory", make_module_bytes, load_memory, made_bits, end_made},
    {.name = NULL}};
