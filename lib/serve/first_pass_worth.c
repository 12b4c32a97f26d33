/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/first_pass_worth.h"

#include "linalg/kernels.h"
#include "linalg/topk.h"

enum { sampled_tiles = 16, sampled_vectors = 16, best = 20, tile = DIFFMM__FIRST_PASS_TILE };

/* Tiles all over the rows, all of them whole. */
struct tiles {
    size_t count, all;
};

static size_t first_row(const struct tiles *tiles, size_t index)
{
    return index * tiles->all / tiles->count * tile;
}

/* The bound that a search for the best has in the end, about: as high in the sample as in all. */
static float final_bound(const struct diffmm__first_pass_input *input, const struct tiles *tiles,
                         const float *vector)
{
    struct diffmm__ranked entries[best];
    size_t rows = tiles->count * tile, rank = (best * rows + input->rows - 1) / input->rows;
    struct diffmm__topk topk = diffmm__topk_begin(entries, rank);
    for (size_t t = 0; t < tiles->count; t++)
        for (size_t i = first_row(tiles, t); i < first_row(tiles, t) + tile; i++) {
            float score =
                (float)diffmm__kernels()->dot(input->d, vector, input->x + i * input->stride);
            diffmm__topk_push(&topk, i, 1, &score);
        }
    return diffmm__topk_bound(&topk);
}

bool diffmm__first_pass_worth(const struct diffmm__first_pass *pass,
                              const struct diffmm__first_pass_input *input)
{
    struct diffmm__first_pass_aim aim;
    struct tiles tiles = {.all = input->rows / tile};
    int32_t numbers[tile];
    size_t vectors = input->vectors < sampled_vectors ? input->vectors : sampled_vectors;
    size_t passed = 0, looked_at = 0;
    tiles.count = tiles.all < sampled_tiles ? tiles.all : sampled_tiles;
    for (size_t b = 0; b < vectors; b++) {
        const float *vector = input->vector + b * input->vectors / vectors * input->vector_stride;
        if (tiles.count == 0 || !diffmm__first_pass_begin(pass, vector, false, &aim))
            continue;
        float bound = final_bound(input, &tiles, vector);
        for (size_t t = 0; t < tiles.count; t++)
            passed += diffmm__first_pass_run(&aim, first_row(&tiles, t), tile, bound, numbers);
        looked_at += tiles.count * tile;
    }
    double share = looked_at > 0 ? (double)passed / (double)looked_at : 0.0;
    double floats = (double)(pass->d * sizeof(float));
    return pass->cost + share * (floats + 256.0) < floats / 2;
}
