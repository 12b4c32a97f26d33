/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"

#include "base/philox.h"

void diffmm__random4(uint64_t seed, uint64_t stream, uint64_t position, uint32_t out[4])
{
    out[0] = (uint32_t)position;
    out[1] = (uint32_t)(position >> 32);
    out[2] = (uint32_t)stream;
    out[3] = (uint32_t)(stream >> 32);
    diffmm__philox(seed, &out[0], &out[1], &out[2], &out[3]);
}

double diffmm__random_real(uint64_t seed, uint64_t stream, uint64_t position)
{
    uint32_t draw[4];
    diffmm__random4(seed, stream, position, draw);
    uint64_t bits = (uint64_t)draw[0] << 32 | draw[1];
    return (double)(bits >> 11) * 0x1p-53;
}

/* Lemire's multiply-and-reject method (2019). A position has two draws; where both are rejected,
 * further ones are taken from the far end of the stream's positions. */
uint64_t diffmm__random_below(uint64_t seed, uint64_t stream, uint64_t position, uint64_t bound)
{
    uint64_t threshold = (0 - bound) % bound;
    for (;;) {
        uint32_t draw[4];
        diffmm__random4(seed, stream, position, draw);
        for (int i = 0; i < 4; i += 2) {
            uint64_t bits = (uint64_t)draw[i] << 32 | draw[i + 1];
            unsigned __int128 product = (unsigned __int128)bits * bound;
            if ((uint64_t)product >= threshold)
                return (uint64_t)(product >> 64);
        }
        position += UINT64_C(1) << 56;
    }
}

/* The shuffle of Fisher and Yates. */
void diffmm__random_shuffle(uint64_t seed, uint64_t stream, size_t count, int32_t *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (int32_t)i;
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)diffmm__random_below(seed, stream, i, i);
        int32_t other = out[j];
        out[j] = out[i - 1];
        out[i - 1] = other;
    }
}
