/* SPDX-License-Identifier: BSD-2-Clause */
#include "fma_rate.h"

#include <math.h>

#include "common.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Sums that do not depend on each other: enough to hide the latency of two at a time. */
enum { sums = 12, steps = 1 << 22 };

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float wide_steps(void)
{
    __m512 sum[sums], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
#pragma GCC unroll 12
    for (size_t i = 0; i < sums; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (size_t step = 0; step < steps; step++)
#pragma GCC unroll 12
        for (size_t i = 0; i < sums; i++)
            sum[i] = _mm512_fmadd_ps(sum[i], x, y);
#pragma GCC unroll 12
    for (size_t i = 1; i < sums; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    return _mm512_reduce_add_ps(sum[0]);
}

__attribute__((target("avx2,fma"))) static float narrow_steps(void)
{
    __m256 sum[sums], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
#pragma GCC unroll 12
    for (size_t i = 0; i < sums; i++)
        sum[i] = _mm256_set1_ps((float)i);
    for (size_t step = 0; step < steps; step++)
#pragma GCC unroll 12
        for (size_t i = 0; i < sums; i++)
            sum[i] = _mm256_fmadd_ps(sum[i], x, y);
#pragma GCC unroll 12
    for (size_t i = 1; i < sums; i++)
        sum[0] = _mm256_add_ps(sum[0], sum[i]);
    float all[8];
    _mm256_storeu_ps(all, sum[0]);
    return all[0] + all[7];
}
#elif defined(__aarch64__)
static float narrow_steps(void)
{
    float32x4_t sum[sums], x = vdupq_n_f32(0.999f), y = vdupq_n_f32(1e-3f);
    for (size_t i = 0; i < sums; i++)
        sum[i] = vdupq_n_f32((float)i);
    for (size_t step = 0; step < steps; step++)
        for (size_t i = 0; i < sums; i++)
            sum[i] = vfmaq_f32(y, sum[i], x);
    for (size_t i = 1; i < sums; i++)
        sum[0] = vaddq_f32(sum[0], sum[i]);
    return vgetq_lane_f32(sum[0], 0);
}
#endif

static void add_rate(float (*run)(void), size_t width, struct samples *rates)
{
    double start = bench_now();
    float result = run();
    double seconds = bench_now() - start;
    if (!isfinite(result))
        bench_fail("the sums are not finite");
    samples_add(rates, 2e-9 * (double)width * (double)sums * (double)steps / seconds);
}

void fma_rate(size_t runs, struct samples *rates)
{
    for (size_t run = 0; run < runs; run++) {
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx512f"))
            add_rate(wide_steps, 16, rates);
        else if (__builtin_cpu_supports("fma"))
            add_rate(narrow_steps, 8, rates);
#elif defined(__aarch64__)
        add_rate(narrow_steps, 4, rates);
#endif
    }
}
