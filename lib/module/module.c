/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: how it is laid out, and what it gives. */
#include "module/module.h"

#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "options/options.h"

diffmm_status diffmm__module_layers(size_t items, const struct diffmm__settings *settings,
                                    struct diffmm__layers *out)
{
    size_t rank = settings->denoiser_rank < items ? settings->denoiser_rank : items;
    diffmm_denoiser_shape shape = {.items = settings->spectral ? rank : items,
                                   .time_size = settings->time_size,
                                   .hidden_count = settings->hidden_count,
                                   .hidden_sizes = settings->hidden_sizes,
                                   .normalize = settings->normalize};
    diffmm_status status = diffmm__layers_read(&shape, out);
    if (!status && settings->spectral)
        diffmm__layers_set_basis(out, items);
    if (!status)
        out->linear = settings->spectral && settings->denoiser_linear;
    return status;
}

size_t diffmm__module_constants_count(void)
{
    return 3;
}

struct diffmm__module_constant diffmm__module_constant_at(const diffmm_diffusion *module,
                                                          size_t index)
{
    size_t items = module->items, rank = module->basis.rank;
    const struct diffmm__module_constant all[] = {{"basis", items, rank, module->basis_values},
                                                  {"weights", items + 1, 1, module->weights},
                                                  {"linear", rank, rank, module->linear}};
    return all[index];
}

const struct diffmm__basis *diffmm__module_basis(const diffmm_diffusion *module)
{
    return module->basis_values ? &module->basis : NULL;
}

struct diffmm__sampling diffmm__module_sampling(const struct diffmm__settings *settings)
{
    return (struct diffmm__sampling){.sampling_steps = settings->sampling_steps,
                                     .sampling_noise = settings->sampling_noise};
}

struct diffmm__draws diffmm__module_draws(const diffmm_diffusion *module, uint64_t epoch)
{
    return (struct diffmm__draws){.seed = module->settings.seed,
                                  .time_stream = diffmm__stream_time(module->modality, epoch),
                                  .noise_stream = diffmm__stream_noise(module->modality, epoch),
                                  .dropout_stream = diffmm__stream_dropout(module->modality, epoch),
                                  .dropout = module->settings.dropout};
}

struct diffmm__draws diffmm__module_pass_draws(const diffmm_diffusion *module, uint64_t epoch,
                                               size_t pass)
{
    struct diffmm__draws draws = diffmm__module_draws(module, epoch);
    draws.time_stream = diffmm__stream_pass(draws.time_stream, pass);
    draws.noise_stream = diffmm__stream_pass(draws.noise_stream, pass);
    draws.dropout_stream = diffmm__stream_pass(draws.dropout_stream, pass);
    return draws;
}

struct diffmm__draws diffmm__module_reverse_draws(const diffmm_diffusion *module, uint64_t epoch)
{
    return (struct diffmm__draws){.seed = module->settings.seed,
                                  .noise_stream =
                                      diffmm__stream_reverse_noise(module->modality, epoch)};
}

static void lay_out(diffmm_diffusion *module)
{
    struct diffmm__arena *arena = &module->arena;
    size_t size = module->layers.size;
    module->names = diffmm__arena_take(arena, 2 * module->layers.count, sizeof *module->names);
    module->values = diffmm__arena_take(arena, size, sizeof(float));
    module->first_moment = diffmm__arena_take_zero(arena, size, sizeof(float));
    module->second_moment = diffmm__arena_take_zero(arena, size, sizeof(float));
    size_t items = module->layers.basis_items, rank = module->layers.items;
    if (items == 0)
        return;
    module->basis_values = diffmm__arena_take_zero(arena, items * rank, sizeof(float));
    if (module->settings.rows_normalized)
        module->weights = diffmm__arena_take_zero(arena, items + 1, sizeof(float));
    if (module->settings.denoiser_linear)
        module->linear = diffmm__arena_take_zero(arena, rank * rank, sizeof(float));
}

size_t diffmm__module_bytes(const struct diffmm__layers *layers,
                            const struct diffmm__settings *settings)
{
    enum { small_blocks = 8 << 10 }; /* options and handles */
    diffmm_diffusion measured = {
        .settings = *settings, .layers = *layers, .arena = diffmm__arena_measure()};
    lay_out(&measured);
    size_t arrays = diffmm__size_sum(measured.arena.bytes, diffmm__schedule_bytes(settings->steps));
    return diffmm__size_sum(arrays, diffmm__allocation_bytes(1, sizeof measured) + small_blocks);
}

/* Everything but the values of parameters. */
static diffmm_status assemble(diffmm_diffusion *module, size_t items, const diffmm_options *options)
{
    const struct diffmm__settings *s = &module->settings;
    diffmm_status status;
    if ((status = diffmm__options_copy(module->context, options, &module->options)) ||
        (status = diffmm__settings_read(module->options, &module->settings)) ||
        (status = diffmm__module_layers(items, s, &module->layers)) ||
        (status = diffmm_schedule_create(module->context, s->steps, s->noise_scale, s->noise_min,
                                         s->noise_max, s->beta_fixed, &module->schedule)))
        return status;
    module->arena = diffmm__arena_on(module->context);
    lay_out(module);
    if (module->arena.failed)
        return DIFFMM_ERROR_NO_MEMORY;
    module->items = items;
    if (module->basis_values)
        module->basis = (struct diffmm__basis){.items = items,
                                               .rank = module->layers.items,
                                               .values = module->basis_values,
                                               .weights = module->weights,
                                               .linear = module->linear};
    for (size_t i = 0; i < 2 * module->layers.count; i++) {
        struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&module->layers, i);
        memcpy(module->names[i], tensor.name, sizeof module->names[i]);
    }
    return DIFFMM_OK;
}

static void end_module(void *object)
{
    diffmm_diffusion *module = object;
    diffmm_context *context = module->context;
    diffmm__module_workspace_end(&module->workspace);
    diffmm__arena_end(&module->arena);
    diffmm_schedule_destroy(module->schedule);
    diffmm_options_destroy(module->options);
    diffmm__release(context, module);
    diffmm__context_release(context);
}

diffmm_status diffmm__module_allocate(diffmm_context *context, size_t items,
                                      const diffmm_options *options, size_t modality,
                                      diffmm_diffusion **out)
{
    diffmm_diffusion *module = diffmm__allocate_zero(context, 1, sizeof *module);
    if (!module)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__handle_begin(module, end_module);
    module->context = diffmm__context_retain(context);
    module->modality = modality;
    diffmm_status status = assemble(module, items, options);
    if (status) {
        diffmm_diffusion_destroy(module);
        return status;
    }
    *out = module;
    return DIFFMM_OK;
}

/* What the layers add to a linear prediction is nothing before they have learnt. */
static void clear_last_layer(const diffmm_diffusion *module)
{
    const struct diffmm__layer *last = &module->layers.layer[module->layers.count - 1];
    memset(module->values + last->weight, 0,
           (last->inputs + 1) * last->outputs * sizeof *module->values);
}

diffmm_status diffmm__module_create(diffmm_context *context, size_t items,
                                    const diffmm_options *options, size_t modality,
                                    diffmm_diffusion **out)
{
    diffmm_diffusion *module;
    diffmm_status status = diffmm__module_allocate(context, items, options, modality, &module);
    if (status)
        return status;
    diffmm__layers_initialize(&module->layers, module->settings.seed,
                              diffmm__stream_denoiser(modality), module->values);
    if (module->linear)
        clear_last_layer(module);
    *out = module;
    return DIFFMM_OK;
}

void diffmm_diffusion_destroy(diffmm_diffusion *module)
{
    diffmm__handle_release(module);
}

size_t diffmm_diffusion_items(const diffmm_diffusion *module)
{
    return module ? module->items : 0;
}

const float *diffmm_diffusion_basis(const diffmm_diffusion *module, size_t *rank)
{
    if (rank)
        *rank = module && module->basis_values ? module->basis.rank : 0;
    return module ? module->basis_values : NULL;
}

uint64_t diffmm_diffusion_steps(const diffmm_diffusion *module)
{
    return module ? module->steps : 0;
}

const diffmm_schedule *diffmm_diffusion_schedule(const diffmm_diffusion *module)
{
    return module ? module->schedule : NULL;
}

const diffmm_options *diffmm_diffusion_options(const diffmm_diffusion *module)
{
    return module ? module->options : NULL;
}
