/* SPDX-License-Identifier: BSD-2-Clause */
/* 16 floats at a time, for the files that are compiled once per instruction set. */
#ifndef DIFFMM_LINALG_LANES_H
#define DIFFMM_LINALG_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Lanes of a reduction. */
enum { DIFFMM__LANES = 16 };

/* 16 floats in as many vectors of DIFFMM__VECTOR_BYTES as they need: the vectors of the CPU. (Wider
 * ones would be correct too, but compilers keep them in memory.) */
enum { vector_bytes = DIFFMM__VECTOR_BYTES };
enum { parts = 64 / vector_bytes, part_floats = vector_bytes / 4 };
typedef float vector __attribute__((vector_size(vector_bytes), aligned(4), may_alias));
typedef int32_t vector_bits __attribute__((vector_size(vector_bytes), aligned(4), may_alias));
typedef struct {
    vector part[parts];
} lanes;

static inline lanes load(const float *x)
{
    lanes value;
    for (size_t i = 0; i < parts; i++)
        value.part[i] = *(const vector *)(x + i * part_floats);
    return value;
}

static inline void store(float *x, lanes value)
{
    for (size_t i = 0; i < parts; i++)
        *(vector *)(x + i * part_floats) = value.part[i];
}

static inline lanes add(lanes x, lanes y)
{
    for (size_t i = 0; i < parts; i++)
        x.part[i] += y.part[i];
    return x;
}

static inline lanes multiply(lanes x, lanes y)
{
    for (size_t i = 0; i < parts; i++)
        x.part[i] *= y.part[i];
    return x;
}

/* factor x + sum: rounded once where the CPU has such an instruction, twice elsewhere. */
static inline vector fused_part(float factor, vector x, vector sum)
{
#if DIFFMM__VECTOR_BYTES == 64
    return (vector)_mm512_fmadd_ps(_mm512_set1_ps(factor), (__m512)x, (__m512)sum);
#elif defined(__FMA__)
    return (vector)_mm256_fmadd_ps(_mm256_set1_ps(factor), (__m256)x, (__m256)sum);
#elif defined(__aarch64__)
    return (vector)vfmaq_n_f32((float32x4_t)sum, (float32x4_t)x, factor);
#else
    return sum + factor * x;
#endif
}

static inline lanes scale(float factor, lanes x)
{
    for (size_t i = 0; i < parts; i++)
        x.part[i] *= factor;
    return x;
}

/* The lanes of x in the order given. */
#ifdef __clang__
#define DIFFMM__SHUFFLE(x, ...) __builtin_shufflevector(x, x, __VA_ARGS__)
#else
#define DIFFMM__SHUFFLE(x, ...) __builtin_shuffle(x, (vector_bits){__VA_ARGS__})
#endif

/* The lanes of a sum, added pairwise in a fixed order: i and i + 8, i and i + 4, .. */
static inline float sum_lanes(lanes x)
{
    for (size_t half = parts / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            x.part[i] += x.part[i + half];
    vector sum = x.part[0];
#if DIFFMM__VECTOR_BYTES == 64
    sum += DIFFMM__SHUFFLE(sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    sum += DIFFMM__SHUFFLE(sum, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    sum += DIFFMM__SHUFFLE(sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    sum += DIFFMM__SHUFFLE(sum, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif DIFFMM__VECTOR_BYTES == 32
    sum += DIFFMM__SHUFFLE(sum, 4, 5, 6, 7, 0, 1, 2, 3);
    sum += DIFFMM__SHUFFLE(sum, 2, 3, 0, 1, 6, 7, 4, 5);
    sum += DIFFMM__SHUFFLE(sum, 1, 0, 3, 2, 5, 4, 7, 6);
#else
    sum += DIFFMM__SHUFFLE(sum, 2, 3, 0, 1);
    sum += DIFFMM__SHUFFLE(sum, 1, 0, 3, 2);
#endif
    return sum[0];
}

static inline float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Choices and bounds are made with integers. From those, no compiler makes a branch, nor does it
 * compute with the value that was to be bounded: that might overflow, and a host may trap it. */
static inline float choose(int condition, float yes, float no)
{
    uint32_t mask = 0u - (uint32_t)condition;
    return from_bits((to_bits(yes) & mask) | (to_bits(no) & ~mask));
}

static inline int32_t magnitude_bits(float x)
{
    return (int32_t)(to_bits(x) & 0x7fffffffu);
}

/* x with its magnitude bounded by `most`; NaN becomes a number too. */
static inline float bounded(float x, float most)
{
    int32_t magnitude = magnitude_bits(x), limit = magnitude_bits(most);
    magnitude = magnitude < limit ? magnitude : limit;
    return from_bits((uint32_t)magnitude | (to_bits(x) & 0x80000000u));
}

/* `result`, or NaN if x is NaN. */
static inline float unless_nan(float x, float result)
{
    return choose(magnitude_bits(x) > 0x7f800000, x, result);
}

static inline float exp1(float exponent_of_e)
{
    const float magic = 0x1.8p23f; /* adding it rounds to an integer, held in the low bits */
    float x = bounded(exponent_of_e, 104.0f);
    float shifted = x * 0x1.715476p0f + magic;
    float n = shifted - magic;
    float r = x - n * 0x1.62e4p-1f;
    r = r - n * 0x1.7f7d1cp-20f;
    float p = 0x1.6d110ap-10f;
    p = p * r + 0x1.120b6ep-7f;
    p = p * r + 0x1.55551ap-5f;
    p = p * r + 0x1.5554dcp-3f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    /* 2^n in two steps, so that both factors are normal numbers. */
    int32_t exponent = (int32_t)(to_bits(shifted) - to_bits(magic));
    int32_t first = exponent >> 1, second = exponent - first;
    float result =
        p * from_bits((uint32_t)(first + 127) << 23) * from_bits((uint32_t)(second + 127) << 23);
    return unless_nan(exponent_of_e, result);
}

/* The names of a variant's tables. */
#define DIFFMM__PASTE2(a, b) a##b
#define DIFFMM__PASTE(a, b) DIFFMM__PASTE2(a, b)
#define DIFFMM__TEXT2(a) #a
#define DIFFMM__TEXT(a) DIFFMM__TEXT2(a)

#endif
