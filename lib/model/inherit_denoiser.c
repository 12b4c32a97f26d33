/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/inherit_denoiser.h"

#include <string.h>

#include "linalg/gemm.h"

bool diffmm__inherit_denoiser_possible(const diffmm_diffusion *module, const diffmm_diffusion *old)
{
    const struct diffmm__layers *layers = &module->layers, *there = &old->layers;
    bool possible = !module->basis_values == !old->basis_values &&
                    layers->time_size == there->time_size && layers->count == there->count &&
                    layers->normalize == there->normalize;
    for (size_t l = 0; possible && l + 1 < layers->count; l++)
        possible = layers->layer[l].outputs == there->layer[l].outputs;
    return possible;
}

/* Items whose rows of both bases are multiplied at a time. */
enum { block_items = 512 };

float *diffmm__inherit_denoiser_room(struct diffmm__arena *arena, const diffmm_diffusion *module,
                                     const diffmm_diffusion *old)
{
    size_t rank = module->basis.rank, old_rank = old->basis.rank;
    return diffmm__arena_take(arena, rank * old_rank + block_items * (rank + old_rank),
                              sizeof(float));
}

void diffmm__inherit_rows(size_t rows, size_t columns, const int32_t *origin, const float *old,
                          float *values)
{
    for (size_t r = 0; r < rows; r++)
        if (origin[r] >= 0)
            memcpy(values + r * columns, old + (size_t)origin[r] * columns,
                   columns * sizeof *values);
}

/* The first encoder's weight: outputs x (items + e). */
static void take_columns(size_t items, size_t old_items, const int32_t *origin,
                         const struct diffmm__layer *layer, const float *old, float *values)
{
    size_t rest = layer->inputs - items;
    for (size_t o = 0; o < layer->outputs; o++) {
        const float *from = old + o * (old_items + rest);
        float *to = values + o * layer->inputs;
        for (size_t i = 0; i < items; i++)
            if (origin[i] >= 0)
                to[i] = from[origin[i]];
        memcpy(to + items, from + old_items, rest * sizeof *to);
    }
}

/* M, old rank x rank, at the beginning of the room. */
static void compare_bases(const diffmm_diffusion *module, const diffmm_diffusion *old,
                          const int32_t *origin, float *room)
{
    size_t rank = module->basis.rank, old_rank = old->basis.rank;
    float *m = room, *rows = m + old_rank * rank, *old_rows = rows + block_items * rank;
    memset(m, 0, old_rank * rank * sizeof *m);
    for (size_t i = 0; i < module->items;) {
        size_t known = 0;
        for (; i < module->items && known < block_items; i++) {
            if (origin[i] < 0)
                continue;
            memcpy(rows + known * rank, module->basis_values + i * rank, rank * sizeof *rows);
            memcpy(old_rows + known * old_rank, old->basis_values + (size_t)origin[i] * old_rank,
                   old_rank * sizeof *rows);
            known++;
        }
        diffmm__gemm(module->context, old_rank, rank, known, 1.0f,
                     diffmm__transposed(old_rows, old_rank), diffmm__plain(rows, rank), 1.0f, m,
                     rank);
    }
}

/* The first layer: W M. The columns of the time stay. */
static void turn_inputs(const diffmm_diffusion *module, const diffmm_diffusion *old, const float *m)
{
    const struct diffmm__layer *layer = &module->layers.layer[1], *from = &old->layers.layer[1];
    size_t rank = module->basis.rank, old_rank = old->basis.rank, rest = layer->inputs - rank;
    const float *weight = old->values + from->weight;
    float *to = module->values + layer->weight;
    diffmm__gemm(module->context, layer->outputs, rank, old_rank, 1.0f,
                 diffmm__plain(weight, from->inputs), diffmm__plain(m, rank), 0.0f, to,
                 layer->inputs);
    for (size_t o = 0; o < layer->outputs; o++)
        memcpy(to + o * layer->inputs + rank, weight + o * from->inputs + old_rank,
               rest * sizeof *to);
}

/* The last layer: M^T W and M^T b. */
static void turn_outputs(const diffmm_diffusion *module, const diffmm_diffusion *old,
                         const float *m)
{
    size_t last = module->layers.count - 1;
    const struct diffmm__layer *layer = &module->layers.layer[last],
                               *from = &old->layers.layer[last];
    size_t rank = module->basis.rank, old_rank = old->basis.rank;
    diffmm__gemm(module->context, rank, layer->inputs, old_rank, 1.0f, diffmm__transposed(m, rank),
                 diffmm__plain(old->values + from->weight, layer->inputs), 0.0f,
                 module->values + layer->weight, layer->inputs);
    diffmm__gemm(module->context, rank, 1, old_rank, 1.0f, diffmm__transposed(m, rank),
                 diffmm__plain(old->values + from->bias, 1), 0.0f, module->values + layer->bias, 1);
}

static bool same_basis(const diffmm_diffusion *module, const diffmm_diffusion *old,
                       const int32_t *origin)
{
    bool same = module->items == old->items && module->basis.rank == old->basis.rank;
    for (size_t i = 0; same && i < module->items; i++)
        same = origin[i] == (int32_t)i;
    return same && memcmp(module->basis_values, old->basis_values,
                          module->items * module->basis.rank * sizeof(float)) == 0;
}

/* Layer 1 has the items, or coordinates, (and the time) as inputs, the last one has them as
 * outputs; all others do not see them. */
void diffmm__inherit_denoiser(const diffmm_diffusion *module, const diffmm_diffusion *old,
                              const int32_t *origin, float *room)
{
    const struct diffmm__layers *layers = &module->layers, *there = &old->layers;
    bool spectral = module->basis_values != NULL;
    if (spectral && same_basis(module, old, origin)) {
        memcpy(module->values, old->values, layers->size * sizeof *module->values);
        return;
    }
    if (spectral)
        compare_bases(module, old, origin, room);
    for (size_t l = 0; l < layers->count; l++) {
        const struct diffmm__layer *to = &layers->layer[l], *source = &there->layer[l];
        const float *weight = old->values + source->weight, *bias = old->values + source->bias;
        float *new_weight = module->values + to->weight, *new_bias = module->values + to->bias;
        if (l + 1 == layers->count && spectral) {
            turn_outputs(module, old, room);
            continue;
        }
        if (l + 1 == layers->count) {
            diffmm__inherit_rows(to->outputs, to->inputs, origin, weight, new_weight);
            diffmm__inherit_rows(to->outputs, 1, origin, bias, new_bias);
            continue;
        }
        if (l == 1 && spectral)
            turn_inputs(module, old, room);
        else if (l == 1)
            take_columns(layers->items, there->items, origin, to, weight, new_weight);
        else
            memcpy(new_weight, weight, to->outputs * to->inputs * sizeof *new_weight);
        memcpy(new_bias, bias, to->outputs * sizeof *new_bias);
    }
}
