/* SPDX-License-Identifier: BSD-2-Clause */
/* A module's parameters by number and by name. */
#include "module/parameter.h"

#include <string.h>

#include "base/handle.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/structs.h"
#include "module/module.h"

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
