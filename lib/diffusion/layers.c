/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/layers.h"

#include <math.h>
#include <stdio.h>

#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "linalg/random_fill.h"

static void add_layer(struct diffmm__layers *layers, size_t inputs, size_t outputs)
{
    struct diffmm__layer *layer = &layers->layer[layers->count++];
    *layer = (struct diffmm__layer){.inputs = inputs,
                                    .outputs = outputs,
                                    .weight = layers->size,
                                    .bias = layers->size + inputs * outputs};
    layers->size += (inputs + 1) * outputs;
}

diffmm_status diffmm__layers_read(const diffmm_denoiser_shape *shape, struct diffmm__layers *out)
{
    if (!shape)
        return diffmm__null("shape");
    diffmm_denoiser_shape given;
    diffmm_status status =
        diffmm__struct_read(&given, &diffmm__layout_denoiser_shape, shape, "shape");
    if (status || (status = diffmm__struct_reserved(given.reserved, "shape")))
        return status;
    enum { limit = 1 << 24 }; /* so that no product of two sizes overflows */
    if (given.items == 0 || given.items > INT32_MAX || given.time_size == 0 ||
        given.time_size > limit)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "shape: items is %zu and time_size %zu; each must be at least 1",
                            given.items, given.time_size);
    if (given.hidden_count == 0 || given.hidden_count > DIFFMM__MAX_HIDDEN)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "shape: hidden_count is %zu, not 1 to %d", given.hidden_count,
                            DIFFMM__MAX_HIDDEN);
    if (!given.hidden_sizes)
        return diffmm__null("shape: hidden_sizes");
    struct diffmm__layers layers = {.items = given.items,
                                    .time_size = given.time_size,
                                    .hidden_count = given.hidden_count,
                                    .normalize = given.normalize != 0};
    for (size_t k = 0; k < given.hidden_count; k++) {
        if (given.hidden_sizes[k] == 0 || given.hidden_sizes[k] > limit)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "shape: hidden_sizes[%zu] is %zu, not 1 to %d", k,
                                given.hidden_sizes[k], limit);
        if (given.hidden_sizes[k] > layers.widest)
            layers.widest = given.hidden_sizes[k];
    }
    add_layer(&layers, given.time_size, given.time_size);
    size_t inputs = given.items + given.time_size;
    for (size_t k = given.hidden_count; k > 0; k--) {
        add_layer(&layers, inputs, given.hidden_sizes[k - 1]);
        inputs = given.hidden_sizes[k - 1];
    }
    for (size_t k = 1; k <= given.hidden_count; k++) {
        size_t outputs = k < given.hidden_count ? given.hidden_sizes[k] : given.items;
        add_layer(&layers, inputs, outputs);
        inputs = outputs;
    }
    *out = layers;
    return DIFFMM_OK;
}

void diffmm__layers_set_basis(struct diffmm__layers *layers, size_t items)
{
    layers->basis_items = items;
}

size_t diffmm_denoiser_size(const diffmm_denoiser_shape *shape)
{
    struct diffmm__layers layers = {0};
    const struct diffmm__error_text said = diffmm__error_text_keep();
    if (diffmm__layers_read(shape, &layers) == DIFFMM_OK)
        return layers.size;
    diffmm__error_text_restore(&said);
    return 0;
}

struct diffmm__layer_tensor diffmm__layers_tensor(const struct diffmm__layers *layers, size_t index)
{
    size_t l = index / 2;
    bool bias = index % 2 == 1;
    const char *kind = bias ? "bias" : "weight";
    const struct diffmm__layer *layer = &layers->layer[l];
    struct diffmm__layer_tensor tensor = {.rows = layer->outputs,
                                          .columns = bias ? 1 : layer->inputs,
                                          .offset = bias ? layer->bias : layer->weight};
    if (l == 0)
        snprintf(tensor.name, sizeof tensor.name, "time.%s", kind);
    else if (l <= layers->hidden_count)
        snprintf(tensor.name, sizeof tensor.name, "encoder.%u.%s", (unsigned)(l - 1), kind);
    else
        snprintf(tensor.name, sizeof tensor.name, "decoder.%u.%s",
                 (unsigned)(l - 1 - layers->hidden_count), kind);
    return tensor;
}

diffmm_status diffmm_denoiser_parameter(const diffmm_denoiser_shape *shape, size_t index,
                                        char name[64], size_t *rows, size_t *columns,
                                        size_t *offset)
{
    struct diffmm__layers layers = {0};
    diffmm_status status = diffmm__layers_read(shape, &layers);
    if (status)
        return status;
    if (!name || !rows || !columns || !offset)
        return diffmm__null(!name ? "name" : !rows ? "rows" : !columns ? "columns" : "offset");
    if (index >= 2 * layers.count)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %zu, but a denoiser of this shape has %zu parameters", index,
                            2 * layers.count);
    struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&layers, index);
    snprintf(name, 64, "%s", tensor.name);
    *rows = tensor.rows;
    *columns = tensor.columns;
    *offset = tensor.offset;
    return DIFFMM_OK;
}

bool diffmm__layers_silent(const struct diffmm__layers *layers, const float *parameters)
{
    const struct diffmm__layer *last = &layers->layer[layers->count - 1];
    const float *weight = parameters + last->weight, *bias = parameters + last->bias;
    for (size_t i = 0; i < last->outputs * last->inputs; i++)
        if (weight[i] != 0.0f)
            return false;
    for (size_t o = 0; o < last->outputs; o++)
        if (bias[o] != 0.0f)
            return false;
    return true;
}

void diffmm__layers_initialize(const struct diffmm__layers *layers, uint64_t seed, uint64_t stream,
                               float *parameters)
{
    size_t more = layers->basis_items > 0 ? layers->basis_items - layers->items : 0;
    for (size_t l = 0; l < layers->count; l++) {
        const struct diffmm__layer *layer = &layers->layer[l];
        size_t ends = layer->inputs + layer->outputs;
        if (l == 1 || l + 1 == layers->count)
            ends += more;
        diffmm__random_fill_normal(layer->inputs * layer->outputs, sqrt(2.0 / (double)ends), seed,
                                   diffmm__stream_denoiser_array(stream, 2 * l),
                                   parameters + layer->weight);
        diffmm__random_fill_normal(layer->outputs, 0.001, seed,
                                   diffmm__stream_denoiser_array(stream, 2 * l + 1),
                                   parameters + layer->bias);
    }
}

diffmm_status diffmm_denoiser_initialize(const diffmm_denoiser_shape *shape, uint64_t seed,
                                         float *parameters)
{
    struct diffmm__layers layers;
    diffmm_status status = diffmm__layers_read(shape, &layers);
    if (status)
        return status;
    if (!parameters)
        return diffmm__null("parameters");
    diffmm__layers_initialize(&layers, seed, diffmm__stream_denoiser(DIFFMM__NO_MODALITY),
                              parameters);
    return DIFFMM_OK;
}
