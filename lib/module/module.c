/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: how a module is made, copied and taken apart, and what can be read from it. */
#include "module/module.h"

#include <string.h>

#include "base/check.h"
#include "base/context.h"
#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "options/options.h"

diffmm_status diffmm__module_layers(size_t items, const struct diffmm__settings *settings,
                                    struct diffmm__layers *out)
{
    diffmm_denoiser_shape shape = {.items = items,
                                   .time_size = settings->time_size,
                                   .hidden_count = settings->hidden_count,
                                   .hidden_sizes = settings->hidden_sizes,
                                   .normalize = settings->normalize};
    return diffmm__layers(&shape, out);
}

struct diffmm__sampling diffmm__module_sampling(const struct diffmm__settings *settings)
{
    return (struct diffmm__sampling){.sampling_steps = settings->sampling_steps,
                                     .sampling_noise = settings->sampling_noise};
}

static diffmm_status name_tensors(diffmm_diffusion *module)
{
    size_t count = 2 * module->layers.count;
    module->names = diffmm__allocate(module->context, count, sizeof *module->names);
    if (!module->names)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&module->layers, i);
        memcpy(module->names[i], tensor.name, sizeof module->names[i]);
    }
    return DIFFMM_OK;
}

/* Everything but values. */
static diffmm_status assemble(diffmm_diffusion *module, size_t items, const diffmm_options *options)
{
    const struct diffmm__settings *s = &module->settings;
    diffmm_status status;
    if ((status = diffmm__options_copy(module->context, options, &module->options)) ||
        (status = diffmm__settings_read(module->options, &module->settings)) ||
        (status = diffmm__module_layers(items, s, &module->layers)) ||
        (status = diffmm_schedule_create(module->context, s->steps, s->noise_scale, s->noise_min,
                                         s->noise_max, s->beta_fixed, &module->schedule)) ||
        (status = name_tensors(module)))
        return status;
    size_t size = module->layers.size;
    module->values = diffmm__allocate(module->context, size, sizeof(float));
    module->first_moment = diffmm__allocate_zero(module->context, size, sizeof(float));
    module->second_moment = diffmm__allocate_zero(module->context, size, sizeof(float));
    return module->values && module->first_moment && module->second_moment ? DIFFMM_OK
                                                                           : DIFFMM_ERROR_NO_MEMORY;
}

static void end_module(void *object)
{
    diffmm_diffusion *module = object;
    diffmm_context *context = module->context;
    diffmm__module_workspace_end(&module->workspace);
    diffmm__release(context, module->values);
    diffmm__release(context, module->first_moment);
    diffmm__release(context, module->second_moment);
    diffmm__release(context, module->names);
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
    *out = module;
    return DIFFMM_OK;
}

diffmm_status diffmm_diffusion_create(diffmm_context *context, size_t items,
                                      const diffmm_options *options, uint64_t seed,
                                      diffmm_diffusion **out)
{
    DIFFMM__CALL context_call = diffmm__call_reads(context);
    DIFFMM__CALL options_call = diffmm__call_reads(options);
    if (!context || !out)
        return diffmm__null(!context ? "context" : "out");
    if (seed > INT64_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "seed is %llu, not below 2^63",
                            (unsigned long long)seed);
    diffmm_options *seeded = NULL;
    diffmm_status status = diffmm__check_size("items", items, 1, INT32_MAX);
    if (!status)
        status = diffmm__options_copy(context, options, &seeded);
    if (!status)
        status = diffmm_options_set_integer(seeded, "seed", (int64_t)seed);
    if (!status)
        status = diffmm__module_create(context, items, seeded, DIFFMM__NO_MODALITY, out);
    diffmm_options_destroy(seeded);
    return status;
}

diffmm_status diffmm_diffusion_copy(const diffmm_diffusion *module, diffmm_diffusion **out)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !out)
        return diffmm__null(!module ? "module" : "out");
    diffmm_diffusion *copy;
    diffmm_status status = diffmm__module_allocate(module->context, module->layers.items,
                                                   module->options, module->modality, &copy);
    if (status)
        return status;
    size_t bytes = module->layers.size * sizeof(float);
    memcpy(copy->values, module->values, bytes);
    memcpy(copy->first_moment, module->first_moment, bytes);
    memcpy(copy->second_moment, module->second_moment, bytes);
    copy->steps = module->steps;
    *out = copy;
    return DIFFMM_OK;
}

void diffmm_diffusion_destroy(diffmm_diffusion *module)
{
    diffmm__handle_release(module);
}

size_t diffmm_diffusion_items(const diffmm_diffusion *module)
{
    return module ? module->layers.items : 0;
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

size_t diffmm_diffusion_parameters(const diffmm_diffusion *module)
{
    return module ? 2 * module->layers.count : 0;
}

static diffmm_parameter parameter(const diffmm_diffusion *module, size_t index, size_t *offset)
{
    struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&module->layers, index);
    *offset = tensor.offset;
    return (diffmm_parameter){.struct_size = sizeof(diffmm_parameter),
                              .name = module->names[index],
                              .rows = tensor.rows,
                              .columns = tensor.columns,
                              .values = module->values + tensor.offset};
}

diffmm_status diffmm_diffusion_parameter_at(const diffmm_diffusion *module, size_t index,
                                            diffmm_parameter *out)
{
    if (!module || !out)
        return diffmm__null(!module ? "module" : "out");
    size_t count = diffmm_diffusion_parameters(module), offset;
    if (index >= count)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %zu, but the module has %zu parameters", index, count);
    diffmm_parameter found = parameter(module, index, &offset);
    return diffmm__struct_write(out, &diffmm__layout_parameter, &found, "out");
}

static diffmm_status find(const diffmm_diffusion *module, const char *name, diffmm_parameter *out,
                          size_t *offset)
{
    if (!module || !name)
        return diffmm__null(!module ? "module" : "name");
    for (size_t i = 0; i < diffmm_diffusion_parameters(module); i++)
        if (strcmp(module->names[i], name) == 0) {
            *out = parameter(module, i, offset);
            return DIFFMM_OK;
        }
    return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the module has no parameter called '%s'", name);
}

diffmm_status diffmm_diffusion_parameter(const diffmm_diffusion *module, const char *name,
                                         diffmm_parameter *out)
{
    if (!out)
        return diffmm__null("out");
    diffmm_parameter found;
    size_t offset;
    diffmm_status status = find(module, name, &found, &offset);
    return status ? status : diffmm__struct_write(out, &diffmm__layout_parameter, &found, "out");
}

diffmm_status diffmm__parameter_write(const diffmm_parameter *parameter, size_t rows,
                                      size_t columns, const float *values, float *place)
{
    if (rows != parameter->rows || columns != parameter->columns)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "parameter '%s' is %zu x %zu, not %zu x %zu", parameter->name,
                            parameter->rows, parameter->columns, rows, columns);
    size_t bad = diffmm__first_not_finite(rows * columns, values);
    if (bad < rows * columns)
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "parameter '%s': value %zu is not finite",
                            parameter->name, bad);
    memmove(place, values, rows * columns * sizeof *values);
    return DIFFMM_OK;
}

diffmm_status diffmm_diffusion_set_parameter(diffmm_diffusion *module, const char *name,
                                             size_t rows, size_t columns, const float *values)
{
    diffmm_parameter found;
    size_t offset;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, module, "module");
    if (!status && !values)
        status = diffmm__null("values");
    if (!status)
        status = find(module, name, &found, &offset);
    if (status)
        return status;
    return diffmm__parameter_write(&found, rows, columns, values, module->values + offset);
}
