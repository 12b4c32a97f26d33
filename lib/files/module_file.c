/* SPDX-License-Identifier: BSD-2-Clause */
/* A diffusion module's file: safetensors. Its tensors are, for every parameter P,
 *
 *     P                the values
 *     adam.first.P     Adam's moments
 *     adam.second.P
 *
 * and, of a spectral denoiser,
 *
 *     basis            the items' rows of its basis
 *     weights          how rows are weighted (diffusion/basis.h), where they are
 *     linear           its linear part, where it has one
 *
 * and its metadata is format, version, library, items, options, steps (of Adam) and, where the
 * module draws from the streams of a model's modality, that modality's number. */
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/streams.h"
#include "files/description.h"
#include "files/load.h"
#include "files/matrix.h"
#include "files/metadata.h"
#include "files/tensor_list.h"
#include "module/module.h"

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

static diffmm_status describe(const diffmm_diffusion *module, struct diffmm__description *d)
{
    char steps[24];
    snprintf(steps, sizeof steps, "%llu", (unsigned long long)module->steps);
    diffmm_status status;
    if ((status = diffmm__description_begin(module->context, DIFFMM__MODULE_FORMAT, d)) ||
        (status = diffmm__description_add_count(d, "items", module->items)) ||
        (status = diffmm__description_add_text(d, "steps", steps)) ||
        (status = diffmm__description_add_options(d, module->options)))
        return status;
    return module->modality == DIFFMM__NO_MODALITY
               ? DIFFMM_OK
               : diffmm__description_add_count(d, "modality", module->modality);
}

static diffmm_status add_array(struct diffmm__tensor_list *list, const diffmm_diffusion *module,
                               const struct array *array)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < 2 * module->layers.count && !status; i++) {
        struct diffmm__layer_tensor place = diffmm__layers_tensor(&module->layers, i);
        status = diffmm__tensor_list_add(
            list, diffmm__tensor_list_name(list, "%s%s", array->prefix, module->names[i]),
            DIFFMM__F32, place.rows, place.columns, array->values + place.offset);
    }
    return status;
}

static diffmm_status put(const diffmm_diffusion *module, const struct diffmm__tensor_list *list,
                         const struct diffmm__target *target)
{
    struct diffmm__description description;
    diffmm_status status = describe(module, &description);
    if (!status)
        status = diffmm__safetensors_write_target(module->context, target, description.list,
                                                  description.count, list->tensors, list->count);
    diffmm__description_end(&description);
    return status;
}

static diffmm_status save(const diffmm_diffusion *module, const struct diffmm__target *target)
{
    struct diffmm__tensor_list list;
    struct array all[arrays];
    diffmm_status status = diffmm__tensor_list_begin(
        module->context, "module",
        arrays * 2 * module->layers.count + diffmm__module_constants_count(), &list);
    list_arrays(module, all);
    for (size_t a = 0; a < arrays && !status; a++)
        status = add_array(&list, module, &all[a]);
    for (size_t i = 0; i < diffmm__module_constants_count() && !status; i++) {
        struct diffmm__module_constant c = diffmm__module_constant_at(module, i);
        if (c.values)
            status =
                diffmm__tensor_list_add(&list, c.name, DIFFMM__F32, c.rows, c.columns, c.values);
    }
    if (!status)
        status = put(module, &list, target);
    diffmm__tensor_list_end(&list);
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

/* The file has room for all parameters and moments: checked before memory is asked for. */
static diffmm_status check_size(const struct diffmm__safetensors *file, size_t items,
                                const diffmm_options *options)
{
    struct diffmm__settings settings;
    struct diffmm__layers layers;
    diffmm_status status = diffmm__settings_read(options, &settings);
    if (!status)
        status = diffmm__module_layers(items, &settings, &layers);
    if (status)
        return diffmm__safetensors_blame(file, status);
    return diffmm__matrix_check_sizes(file, (double)layers.size,
                                      (double)layers.basis_items * (double)layers.items);
}

static diffmm_status read_array(const struct diffmm__safetensors *file,
                                const diffmm_diffusion *module, const struct array *array)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < 2 * module->layers.count && !status; i++) {
        struct diffmm__layer_tensor place = diffmm__layers_tensor(&module->layers, i);
        float *values = array->values + place.offset;
        char name[name_size];
        snprintf(name, sizeof name, "%s%s", array->prefix, module->names[i]);
        status = array->squares
                     ? diffmm__matrix_read_squares(file, name, place.rows, place.columns, values)
                     : diffmm__matrix_read(file, name, place.rows, place.columns, values);
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
    for (size_t i = 0; i < diffmm__module_constants_count() && !status; i++) {
        struct diffmm__module_constant c = diffmm__module_constant_at(module, i);
        if (c.values)
            status = diffmm__matrix_read(file, c.name, c.rows, c.columns, c.values);
    }
    return status;
}

static diffmm_status read_module(struct diffmm__safetensors **opened, void *out)
{
    diffmm_diffusion **result = out;
    const struct diffmm__safetensors *file = *opened;
    int64_t steps = 0, modality = DIFFMM__NO_MODALITY;
    size_t items = 0;
    diffmm_options *options;
    diffmm_diffusion *module = NULL;
    diffmm_status status;
    if ((status =
             diffmm__metadata_check_format(file, DIFFMM__MODULE_FORMAT, DIFFMM__MODULE_KIND)) ||
        (status = diffmm__metadata_count(file, "items", &items)) ||
        (status = read_number(file, "steps", INT64_MAX, &steps)) ||
        (diffmm__safetensors_metadata(file, "modality") &&
         (status = read_number(file, "modality", DIFFMM__MOST_MODALITIES - 1, &modality))) ||
        (status = diffmm__metadata_options(file, &options)))
        return status;
    status = check_size(file, items, options);
    if (!status)
        status = diffmm__module_allocate(diffmm__safetensors_context(file), items, options,
                                         (size_t)modality, &module);
    diffmm_options_destroy(options);
    if (!status)
        status = read_arrays(file, module);
    if (status) {
        diffmm_diffusion_destroy(module);
        return status;
    }
    module->steps = (uint64_t)steps;
    *result = module;
    return DIFFMM_OK;
}

static const struct diffmm__loader loader = {.read = read_module};

diffmm_status diffmm_diffusion_load(diffmm_context *context, const char *path,
                                    diffmm_diffusion **out)
{
    return diffmm__load_path(&loader, context, path, out);
}

diffmm_status diffmm_diffusion_load_memory(diffmm_context *context, const void *data, size_t size,
                                           diffmm_diffusion **out)
{
    return diffmm__load_memory(&loader, context, data, size, out);
}
