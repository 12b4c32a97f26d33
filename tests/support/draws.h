/* SPDX-License-Identifier: BSD-2-Clause */
/* Random inputs of tests, from a generator of their own (SplitMix64; Steele et al. 2014). */
#ifndef DIFFMM_TESTS_DRAWS_H
#define DIFFMM_TESTS_DRAWS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

struct draws {
    uint64_t state; /* any seed */
};

static inline uint64_t draw_bits(struct draws *draws)
{
    uint64_t z = draws->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* In [0, 1). */
static inline double draw_real(struct draws *draws)
{
    return (double)(draw_bits(draws) >> 11) * 0x1p-53;
}

static inline size_t draw_below(struct draws *draws, size_t bound)
{
    return (size_t)(draw_real(draws) * (double)bound);
}

static inline double draw_normal(struct draws *draws)
{
    double radius = sqrt(-2.0 * log(1.0 - draw_real(draws)));
    return radius * cos(6.283185307179586 * draw_real(draws));
}

static inline void draw_normals(struct draws *draws, size_t count, double deviation, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(deviation * draw_normal(draws));
}

static inline void draw_numbers(struct draws *draws, size_t count, size_t bound, int32_t *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (int32_t)draw_below(draws, bound);
}

/* 0 with probability `rate`, else `value`. */
static inline void draw_mask(struct draws *draws, size_t count, double rate, float value,
                             float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = draw_real(draws) < rate ? 0.0f : value;
}

#endif
