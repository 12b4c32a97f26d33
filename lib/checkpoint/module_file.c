/* SPDX-License-Identifier: BSD-2-Clause */
/* A diffusion module's file. Tensors: every parameter P, adam.first.P and adam.second.P. Metadata:
 * format "diffmm-diffusion", version, library, items, options, steps (of Adam) and, where it draws
 * from the streams of a model's modality, that modality's number. */
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/streams.h"
#include "checkpoint/description.h"
#include "checkpoint/model_file.h"
#include "module/module.h"

#define FORMAT "diffmm-diffusion"
#define KIND "a diffusion module"

enum { arrays = 3, name_size = DIFFMM__TENSOR_NAME + 16 };

/* An array of all parameters, and how the names of its tensors begin. */
struct array {
    const char *prefix;
    float *values;
    bool squares; /* never negative */
};

static void list_arrays(const diffmm_diffusion *module, struct array list[arrays])
{
    list[0] = (struct array){"", module->values, false};
    list[1] = (struct array){"adam.first.", module->first_moment, false};
    list[2] = (struct array){"adam.second.", module->second_moment, true};
}

static void name_tensor(const diffmm_diffusion *module, const struct array *array, size_t index,
                        char name[name_size])
{
    snprintf(name, name_size, "%s%s", array->prefix, module->names[index]);
}

static diffmm_status describe(const diffmm_diffusion *module, struct diffmm__description *d)
{
    char steps[24];
    snprintf(steps, sizeof steps, "%llu", (unsigned long long)module->steps);
    diffmm_status status;
    if ((status = diffmm__describe_text(d, "format", FORMAT)) ||
        (status = diffmm__describe_text(d, "version", "1")) ||
        (status = diffmm__describe_text(d, "library", diffmm__version_text().text)) ||
        (status = diffmm__describe_count(d, "items", module->layers.items)) ||
        (status = diffmm__describe_text(d, "steps", steps)) ||
        (status = diffmm__describe_options(d, module->options)))
        return status;
    return module->modality == DIFFMM__NO_MODALITY
               ? DIFFMM_OK
               : diffmm__describe_count(d, "modality", module->modality);
}

struct tensors {
    struct diffmm__arena arena;
    struct diffmm__tensor *list;
    char (*names)[name_size];
    size_t count;
};

/* NaN would be refused when the file is read: it is refused here, while the cause is at hand. */
static diffmm_status add_array(struct tensors *tensors, const diffmm_diffusion *module,
                               const struct array *array)
{
    for (size_t i = 0; i < 2 * module->layers.count; i++) {
        struct diffmm__layer_tensor place = diffmm__layers_tensor(&module->layers, i);
        const float *values = array->values + place.offset;
        char *name = tensors->names[tensors->count];
        name_tensor(module, array, i, name);
        if (!diffmm__all_finite(place.rows * place.columns, values))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "module: '%s' holds NaN or infinity", name);
        tensors->list[tensors->count++] =
            (struct diffmm__tensor){.name = name,
                                    .dtype = DIFFMM__F32,
                                    .rows = place.rows,
                                    .columns = place.columns > 1 ? place.columns : 0,
                                    .data = values};
    }
    return DIFFMM_OK;
}

static diffmm_status put(const diffmm_diffusion *module, struct tensors *tensors,
                         const struct diffmm__target *target)
{
    struct diffmm__description description = {.context = module->context};
    struct array list[arrays];
    size_t most = arrays * 2 * module->layers.count;
    tensors->list = diffmm__arena_take(&tensors->arena, most, sizeof *tensors->list);
    tensors->names = diffmm__arena_take(&tensors->arena, most, sizeof *tensors->names);
    diffmm_status status = tensors->arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    list_arrays(module, list);
    for (size_t a = 0; a < arrays && !status; a++)
        status = add_array(tensors, module, &list[a]);
    if (!status)
        status = describe(module, &description);
    if (!status)
        status = diffmm__safetensors_put(module->context, target, description.list,
                                         description.count, tensors->list, tensors->count);
    diffmm__description_end(&description);
    return status;
}

static diffmm_status save(const diffmm_diffusion *module, const struct diffmm__target *target)
{
    struct tensors tensors = {.arena = diffmm__arena_on(module->context)};
    diffmm_status status = put(module, &tensors, target);
    diffmm__arena_end(&tensors.arena);
    return status;
}

diffmm_status diffmm_diffusion_save(const diffmm_diffusion *module, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !path)
        return diffmm__null(!module ? "module" : "path");
    return save(module, &(struct diffmm__target){.path = path});
}

diffmm_status diffmm_diffusion_save_memory(const diffmm_diffusion *module, void *data,
                                           size_t capacity, size_t *size)
{
    DIFFMM__CALL call = diffmm__call_reads(module);
    if (!module || !size)
        return diffmm__null(!module ? "module" : "size");
    return save(module, &(struct diffmm__target){.data = data, .capacity = capacity, .size = size});
}

/* A whole number from 0 to `most`. */
static diffmm_status read_number(const struct diffmm__safetensors *file, const char *key,
                                 int64_t most, int64_t *out)
{
    const char *text = diffmm__safetensors_metadata(file, key);
    if (!text || !diffmm__read_integer(text, out) || *out < 0 || *out > most)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the metadata's %s is '%s', not a number from 0 to %lld",
                            diffmm__safetensors_path(file), key, text ? text : "", (long long)most);
    return DIFFMM_OK;
}

/* The file has all parameters and moments, before memory for them is asked for. */
static diffmm_status check_size(const struct diffmm__safetensors *file, size_t items,
                                const diffmm_options *options)
{
    const char *path = diffmm__safetensors_path(file);
    struct diffmm__settings settings;
    struct diffmm__layers layers;
    diffmm_status status = diffmm__settings_read(options, &settings);
    if (!status)
        status = diffmm__module_layers(items, &settings, &layers);
    if (status)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message());
    double bytes = (double)arrays * sizeof(float) * (double)layers.size;
    if (bytes > (double)diffmm__safetensors_size(file))
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the settings ask for %.0f bytes of parameters and moments, but "
                            "the file has %zu",
                            path, bytes, diffmm__safetensors_size(file));
    return DIFFMM_OK;
}

static diffmm_status read_array(const struct diffmm__safetensors *file,
                                const diffmm_diffusion *module, const struct array *array)
{
    const char *path = diffmm__safetensors_path(file);
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < 2 * module->layers.count && !status; i++) {
        struct diffmm__layer_tensor place = diffmm__layers_tensor(&module->layers, i);
        float *values = array->values + place.offset;
        char name[name_size];
        name_tensor(module, array, i, name);
        status = diffmm__model_file_matrix(file, path, name, place.rows, place.columns, values);
        for (size_t e = 0; array->squares && !status && e < place.rows * place.columns; e++)
            if (values[e] < 0.0f)
                status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is negative at %zu",
                                      path, name, e);
    }
    return status;
}

static diffmm_status read_arrays(const struct diffmm__safetensors *file,
                                 const diffmm_diffusion *module)
{
    struct array list[arrays];
    diffmm_status status = DIFFMM_OK;
    list_arrays(module, list);
    for (size_t a = 0; a < arrays && !status; a++)
        status = read_array(file, module, &list[a]);
    return status;
}

static diffmm_status read_module(diffmm_context *context, const struct diffmm__safetensors *file,
                                 diffmm_diffusion **out)
{
    int64_t steps = 0, modality = DIFFMM__NO_MODALITY;
    size_t items = 0;
    diffmm_options *options;
    diffmm_diffusion *module = NULL;
    diffmm_status status;
    if ((status = diffmm__read_format(file, FORMAT, KIND)) ||
        (status = diffmm__read_count(file, "items", &items)) ||
        (status = read_number(file, "steps", INT64_MAX, &steps)) ||
        (diffmm__safetensors_metadata(file, "modality") &&
         (status = read_number(file, "modality", DIFFMM__MOST_MODALITIES - 1, &modality))) ||
        (status = diffmm__read_options(context, file, &options)))
        return status;
    status = check_size(file, items, options);
    if (!status)
        status = diffmm__module_allocate(context, items, options, (size_t)modality, &module);
    diffmm_options_destroy(options);
    if (!status)
        status = read_arrays(file, module);
    if (status) {
        diffmm_diffusion_destroy(module);
        return status;
    }
    module->steps = (uint64_t)steps;
    *out = module;
    return DIFFMM_OK;
}

static diffmm_status load(diffmm_context *context, const struct diffmm__source *source,
                          diffmm_diffusion **out)
{
    struct diffmm__safetensors *file;
    diffmm_status status = diffmm__safetensors_get(context, source, &file);
    if (status)
        return status;
    status = read_module(context, file, out);
    diffmm__safetensors_close(file);
    return status;
}

diffmm_status diffmm_diffusion_load(diffmm_context *context, const char *path,
                                    diffmm_diffusion **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__source source;
    diffmm_status status = diffmm__source_path(context, "context", path, out, &source);
    return status ? status : load(context, &source, out);
}

diffmm_status diffmm_diffusion_load_memory(diffmm_context *context, const void *data, size_t size,
                                           diffmm_diffusion **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__source source;
    diffmm_status status = diffmm__source_memory(context, "context", data, size, out, &source);
    return status ? status : load(context, &source, out);
}
