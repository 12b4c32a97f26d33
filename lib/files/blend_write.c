/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/blend_write.h"

size_t diffmm__blend_write_count(const struct diffmm__blend_state *state)
{
    return 1 + state->modality_count * (3 + 2 * state->layers.count);
}

/* Values that are NULL are left out. */
static diffmm_status add(struct diffmm__tensor_list *list, const char *modality, const char *what,
                         size_t rows, size_t columns, const float *values)
{
    return values ? diffmm__tensor_list_add(
                        list, diffmm__tensor_list_name(list, "denoiser.%s.%s", modality, what),
                        DIFFMM__F32, rows, columns, values)
                  : DIFFMM_OK;
}

static diffmm_status add_layers(struct diffmm__tensor_list *list,
                                const struct diffmm__layers *layers, const char *modality,
                                const float *values)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; values && i < 2 * layers->count && !status; i++) {
        struct diffmm__layer_tensor tensor = diffmm__layers_tensor(layers, i);
        status =
            add(list, modality, tensor.name, tensor.rows, tensor.columns, values + tensor.offset);
    }
    return status;
}

diffmm_status diffmm__blend_write(struct diffmm__tensor_list *list,
                                  const struct diffmm__blend_state *state, char (*const names)[64])
{
    size_t rank = state->layers.items;
    diffmm_status status = diffmm__tensor_list_add(list, "final.item.covariance", DIFFMM__F32,
                                                   state->d, state->d, state->covariance);
    for (size_t m = 0; m < state->modality_count && !status; m++) {
        const struct diffmm__blend_modality *modality = &state->modality[m];
        if ((status = add(list, names[m], "covariance", rank, rank, modality->covariance)) ||
            (status = add(list, names[m], "weights", state->items + 1, 1, modality->weights)) ||
            (status = add(list, names[m], "linear", rank, rank, modality->linear)))
            return status;
        status = add_layers(list, &state->layers, names[m], modality->parameters);
    }
    return status;
}
