/* SPDX-License-Identifier: BSD-2-Clause */
/* Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011),
 * inline so that loops over counters vectorise. */
#ifndef DIFFMM_BASE_PHILOX_H
#define DIFFMM_BASE_PHILOX_H

#include <stdint.h>

enum { diffmm__philox_rounds = 10 };
static const uint32_t diffmm__philox_factors[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t diffmm__philox_keys[2] = {0x9E3779B9u, 0xBB67AE85u}; /* added after a round */

static inline void diffmm__philox(uint64_t seed, uint32_t *x0, uint32_t *x1, uint32_t *x2,
                                  uint32_t *x3)
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    uint32_t c0 = *x0, c1 = *x1, c2 = *x2, c3 = *x3;
    for (int round = 0; round < diffmm__philox_rounds; round++) {
        uint64_t product0 = (uint64_t)diffmm__philox_factors[0] * c0,
                 product1 = (uint64_t)diffmm__philox_factors[1] * c2;
        uint32_t n0 = (uint32_t)(product1 >> 32) ^ c1 ^ key0;
        uint32_t n2 = (uint32_t)(product0 >> 32) ^ c3 ^ key1;
        c1 = (uint32_t)product1;
        c3 = (uint32_t)product0;
        c0 = n0;
        c2 = n2;
        key0 += diffmm__philox_keys[0];
        key1 += diffmm__philox_keys[1];
    }
    *x0 = c0;
    *x1 = c1;
    *x2 = c2;
    *x3 = c3;
}

#endif
