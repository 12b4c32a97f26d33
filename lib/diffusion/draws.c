/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/draws.h"

#include "base/random.h"
#include "linalg/kernels.h"
#include "linalg/normal.h"

int32_t diffmm__draws_step(const struct diffmm__draws *draws, uint64_t row, size_t steps)
{
    return (int32_t)diffmm__random_below(draws->seed, draws->time_stream, row, steps);
}

void diffmm__draws_noise(const struct diffmm__draws *draws, uint64_t row, size_t items, float *out)
{
    uint64_t position = row * ((items + 63) / 64);
    diffmm__normal_draws(draws->seed, draws->noise_stream, position, items, out);
}

void diffmm__draws_drop(const struct diffmm__draws *draws, uint64_t row, size_t items, float *x)
{
    enum { blocks = 4, words = 64 * blocks };
    uint32_t bits[words];
    uint64_t position = row * ((items + words - 1) / words * blocks);
    /* Bits below the threshold drop their entry. */
    uint32_t threshold = (uint32_t)(draws->dropout * 0x1p32);
    float scale = (float)(1.0 / (1.0 - draws->dropout));
    for (size_t i = 0; i < items; i += words, position += blocks) {
        diffmm__kernels()->bits(draws->seed, draws->dropout_stream, position, blocks, bits);
        size_t now = items - i < words ? items - i : words;
        for (size_t j = 0; j < now; j++)
            x[i + j] *= bits[j] >= threshold ? scale : 0.0f;
    }
}

float diffmm__draws_factor(const struct diffmm__draws *draws, uint64_t row, size_t items,
                           size_t item)
{
    if (draws->dropout <= 0.0)
        return 1.0f;
    uint32_t bits[4], threshold = (uint32_t)(draws->dropout * 0x1p32);
    diffmm__random4(draws->seed, draws->dropout_stream, row * ((items + 3) / 4) + item / 4, bits);
    return bits[item % 4] >= threshold ? (float)(1.0 / (1.0 - draws->dropout)) : 0.0f;
}
