/* SPDX-License-Identifier: BSD-2-Clause */
#include "layers.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* Whether the rows of x are normalised: the file says it in itself or in its name. */
static int32_t read_norm(struct reference *reference)
{
    double by_name = strstr(reference->file, "norm1") != NULL;
    return reference_number_or(reference, "norm", by_name) != 0;
}

/* Hidden layers are numbered only if there are several. The encoder runs h_k .. h_1. */
static void read_hidden(struct reference *reference, struct layers *out)
{
    size_t count = 0;
    char name[32];
    if (reference_has(reference, "b_in")) {
        out->hidden[count++] = reference_array(reference, "b_in")->count;
    } else {
        for (; count < MAX_HIDDEN; count++) {
            snprintf(name, sizeof name, "b_in_%zu", count);
            if (!reference_has(reference, name))
                break;
        }
        for (size_t i = 0; i < count; i++)
            out->hidden[count - 1 - i] = reference_array(reference, "b_in_%zu", i)->count;
    }
    out->shape.hidden_count = count;
    out->shape.hidden_sizes = out->hidden;
}

/* The file's name for the library's "time.weight", "encoder.0.bias", .. */
static void file_name(const struct layers *layers, const char *parameter, const char *prefix,
                      char out[64])
{
    size_t layer = 0;
    const char *stage = strncmp(parameter, "encoder.", 8) == 0 ? "in" : "out";
    char letter = strstr(parameter, ".weight") ? 'w' : 'b';
    if (strncmp(parameter, "time.", 5) == 0) {
        snprintf(out, 64, "%s%c_time", prefix, letter);
        return;
    }
    ck_assert_int_eq(sscanf(strchr(parameter, '.'), ".%zu", &layer), 1);
    if (layers->shape.hidden_count == 1)
        snprintf(out, 64, "%s%c_%s", prefix, letter, stage);
    else
        snprintf(out, 64, "%s%c_%s_%zu", prefix, letter, stage, layer);
}

struct tensor {
    struct array *array;
    size_t rows, columns, offset;
};

/* Parameter `index` of the denoiser with the array of the file that belongs to it. */
static struct tensor tensor_at(struct reference *reference, const struct layers *layers,
                               const char *prefix, size_t index)
{
    struct tensor tensor;
    char parameter[64], name[64];
    must(diffmm_denoiser_parameter(&layers->shape, index, parameter, &tensor.rows, &tensor.columns,
                                   &tensor.offset),
         "diffmm_denoiser_parameter");
    file_name(layers, parameter, prefix, name);
    tensor.array = reference_array(reference, "%s", name);
    return tensor;
}

void layers_read(struct reference *reference, size_t items, struct layers *out)
{
    out->shape = (diffmm_denoiser_shape){
        .struct_size = sizeof out->shape,
        .items = items,
        .time_size = reference_array(reference, "b_time")->count,
        .normalize = read_norm(reference),
    };
    read_hidden(reference, out);
    out->size = diffmm_denoiser_size(&out->shape);
    ck_assert_msg(out->size > 0, "%s: an impossible denoiser", reference->file);
    out->parameters = reference_room(reference, out->size);
    for (size_t i = 0; i < 2 + 4 * out->shape.hidden_count; i++) {
        struct tensor tensor = tensor_at(reference, out, "", i);
        ck_assert_msg(tensor.array->count == tensor.rows * tensor.columns,
                      "%s: '%s' has %zu numbers, not %zu x %zu", reference->file,
                      tensor.array->name, tensor.array->count, tensor.rows, tensor.columns);
        memcpy(out->parameters + tensor.offset, as_floats(reference, tensor.array),
               tensor.array->count * sizeof(float));
    }
}

void layers_expect(struct reference *reference, const struct layers *layers, const char *prefix,
                   const float *got)
{
    for (size_t i = 0; i < 2 + 4 * layers->shape.hidden_count; i++) {
        struct tensor tensor = tensor_at(reference, layers, prefix, i);
        expect_floats(reference, tensor.array, tensor.rows, tensor.columns, got + tensor.offset);
    }
}

diffmm_schedule *schedule_read(struct reference *reference)
{
    double steps = reference_number_or(reference, "steps", 5);
    double scale = reference_number_or(reference, "noise_scale", 0.1);
    double least = reference_number_or(reference, "noise_min", 1e-4);
    double most = reference_number_or(reference, "noise_max", 0.02);
    double fixed = reference_number_or(reference, "beta_fixed", 1);
    diffmm_schedule *schedule;
    must(diffmm_schedule_create(NULL, (size_t)steps, scale, least, most, fixed != 0, &schedule),
         "diffmm_schedule_create");
    return schedule;
}
