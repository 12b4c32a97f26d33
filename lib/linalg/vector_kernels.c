/* SPDX-License-Identifier: BSD-2-Clause */
/* This file is compiled once per instruction set, which DIFFMM__VARIANT names. It is plain C with
 * GCC's vector types; the compiler vectorises it.
 *
 *     exp     e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln(2)/2, e^r = 1 + r + r^2 P(r)
 *     tanh    x + x^3 P(x^2) below 0.625, 1 - 2 / (e^2x + 1) above
 *     log     x = 2^e m with m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1),
 *             log m = 2 (s + s^3/3 + s^5/5 + ..)
 *     sine    within a quarter turn, x + x^3 P(x^2)
 *     cosine  within a quarter turn, 1 - x^2/2 + x^4 P(x^2)
 *
 * The polynomials P are Chebyshev interpolants of the remainders. */
#include "linalg/vector_kernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/philox.h"
#include "linalg/lanes.h"

/* The larger value of each lane; x where y is NaN. */
static inline lanes larger(lanes x, lanes y)
{
    for (size_t i = 0; i < parts; i++) {
        vector_bits wins = y.part[i] > x.part[i]; /* all bits set where it is larger */
        x.part[i] = (vector)(((vector_bits)y.part[i] & wins) | ((vector_bits)x.part[i] & ~wins));
    }
    return x;
}

static inline float tanh1(float x)
{
    float near = bounded(x, 10.0f), magnitude = fabsf(near), square = near * near;
    float p = -0x1.8f83e8p-8f;
    p = p * square + 0x1.58025ap-6f;
    p = p * square + -0x1.b92538p-5f;
    p = p * square + 0x1.110e1ap-3f;
    p = p * square + -0x1.555552p-2f;
    float small = p * square * near + near;
    float large = copysignf(1.0f - 2.0f / (exp1(2.0f * magnitude) + 1.0f), x);
    return unless_nan(x, choose(magnitude < 0.625f, small, large));
}

static inline float log1_normal(float x)
{
    uint32_t bits = to_bits(x) - 0x3f3504f3u; /* sqrt(1/2) */
    int32_t exponent = (int32_t)bits >> 23;
    float m = from_bits(to_bits(x) - ((uint32_t)exponent << 23)), e = (float)exponent;
    float s = (m - 1.0f) / (m + 1.0f), z = s * s;
    float p = 1.0f / 11.0f;
    p = p * z + 1.0f / 9.0f;
    p = p * z + 1.0f / 7.0f;
    p = p * z + 1.0f / 5.0f;
    p = p * z + 1.0f / 3.0f;
    float twice = s + s;
    return e * 0x1.62e4p-1f + (twice + (twice * z * p + e * 0x1.7f7d1cp-20f));
}

static void kernel_exp(size_t n, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = exp1(x[i]);
}

static void kernel_tanh(size_t n, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tanh1(x[i]);
}

static void kernel_log(size_t n, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = log1_normal(x[i]);
}

static double kernel_exp_scaled_sum(size_t n, float scale, float shift, float *restrict x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = exp1(scale * x[i] - shift);
    double total = 0.0;
    lanes sum = {{{0}}};
    size_t i = 0;
    while (i + DIFFMM__LANES <= n) {
        /* Floats are summed in stretches, so that the rounding error stays small. */
        size_t stretch_end = i + 64 * DIFFMM__LANES;
        for (; i + DIFFMM__LANES <= n && i < stretch_end; i += DIFFMM__LANES)
            sum = add(sum, load(x + i));
        total += (double)sum_lanes(sum);
        sum = (lanes){{{0}}};
    }
    for (; i < n; i++)
        total += (double)x[i];
    return total;
}

static void kernel_bias_tanh(size_t n, const float *restrict bias, float *restrict z)
{
    for (size_t i = 0; i < n; i++)
        z[i] = tanh1(z[i] + bias[i]);
}

static void kernel_tanh_backward(size_t n, const float *restrict a, float *restrict dz)
{
    for (size_t i = 0; i < n; i++)
        dz[i] *= 1.0f - a[i] * a[i];
}

static float kernel_dot_float(size_t n, const float *restrict x, const float *restrict y)
{
    lanes sum = {{{0}}};
    size_t i = 0;
    for (; i + DIFFMM__LANES <= n; i += DIFFMM__LANES)
        sum = add(sum, multiply(load(x + i), load(y + i)));
    float total = sum_lanes(sum);
    for (; i < n; i++)
        total += x[i] * y[i];
    return total;
}

enum { dot_stretch = 16 * DIFFMM__LANES };

/* Whether any magnitude in x or y is at least 2^59, or not a number; a stretch of products of
 * smaller ones sums to less than 2^126. Compared as integers, since products that overflow could
 * trap. */
static bool any_large(size_t n, const float *x, const float *y)
{
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t of_x = magnitude_bits(x[i]), of_y = magnitude_bits(y[i]);
        int32_t of_both = of_x > of_y ? of_x : of_y;
        most = of_both > most ? of_both : most;
    }
    return most >= 0x5d000000;
}

/* Whether the sum of a stretch of float products might overflow. */
static bool might_overflow(size_t n, const float *x, const float *y)
{
    for (size_t begin = 0; begin < n; begin += dot_stretch) {
        double magnitude = 0.0;
        for (size_t i = begin; i < n && i < begin + dot_stretch; i++)
            magnitude += fabs((double)x[i] * (double)y[i]);
        if (!isless(magnitude, 0x1p127))
            return true;
    }
    return false;
}

/* Products of floats overflow from 1.8e19 squared on, those of doubles do not: the sum is finite if
 * x and y are. */
static double dot_of_doubles(size_t n, const float *x, const float *y)
{
    double total = 0.0;
    for (size_t i = 0; i < n; i++)
        total += (double)x[i] * (double)y[i];
    return total;
}

static double kernel_dot(size_t n, const float *restrict x, const float *restrict y)
{
    double total = 0.0;
    bool checked = false; /* whether nothing overflows */
    for (size_t i = 0; i < n; i += dot_stretch) {
        size_t now = n - i < dot_stretch ? n - i : dot_stretch;
        if (!checked && any_large(now, x + i, y + i)) {
            if (might_overflow(n, x, y))
                return dot_of_doubles(n, x, y);
            checked = true;
        }
        total += (double)kernel_dot_float(now, x + i, y + i);
    }
    return total;
}

static void kernel_add_scaled(size_t n, float scale, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}

/* y may be x. */
static void kernel_scale_to(size_t n, float factor, const float *x, float *y)
{
    size_t i = 0;
    for (; i + DIFFMM__LANES <= n; i += DIFFMM__LANES)
        store(y + i, scale(factor, load(x + i)));
    for (; i < n; i++)
        y[i] = x[i] * factor;
}

static void kernel_scale(size_t n, float factor, float *x)
{
    kernel_scale_to(n, factor, x, x);
}

/* z may be y. */
static void kernel_scale_difference(size_t n, float factor, const float *y, float along,
                                    const float *x, bool add_to, float *z)
{
    size_t i = 0;
    for (; i + DIFFMM__LANES <= n; i += DIFFMM__LANES) {
        lanes value = scale(factor, add(load(y + i), scale(-along, load(x + i))));
        store(z + i, add_to ? add(load(z + i), value) : value);
    }
    for (; i < n; i++) {
        float value = factor * (y[i] - along * x[i]);
        z[i] = add_to ? z[i] + value : value;
    }
}

/* `width` lanes of the result stay in registers over all rows; called with constant widths. */
static inline __attribute__((always_inline)) void
add_rows_columns(size_t width, size_t count, const int32_t *columns, const float *values,
                 float factor, size_t d, const float *x, const float *start, float *y)
{
    lanes sum[4];
    for (size_t w = 0; w < width; w++)
        sum[w] = start ? load(start + w * DIFFMM__LANES) : (lanes){{{0}}};
    for (size_t e = 0; e < count; e++) {
        const float *row = x + (size_t)columns[e] * d;
        float value = factor * values[e];
        for (size_t w = 0; w < width; w++)
            sum[w] = add(sum[w], scale(value, load(row + w * DIFFMM__LANES)));
    }
    for (size_t w = 0; w < width; w++)
        store(y + w * DIFFMM__LANES, sum[w]);
}

static void kernel_add_rows(size_t count, const int32_t *columns, const float *values, float factor,
                            size_t d, const float *x, const float *start, float *y)
{
    size_t j = 0;
    for (; j + 4 * DIFFMM__LANES <= d; j += 4 * DIFFMM__LANES)
        add_rows_columns(4, count, columns, values, factor, d, x + j, start ? start + j : NULL,
                         y + j);
    for (; j + DIFFMM__LANES <= d; j += DIFFMM__LANES)
        add_rows_columns(1, count, columns, values, factor, d, x + j, start ? start + j : NULL,
                         y + j);
    for (; j < d; j++) {
        float sum = start ? start[j] : 0.0f;
        for (size_t e = 0; e < count; e++)
            sum += factor * values[e] * x[(size_t)columns[e] * d + j];
        y[j] = sum;
    }
}

static float kernel_largest(size_t n, const float *x)
{
    float part[DIFFMM__LANES];
    size_t i = 0;
    for (size_t j = 0; j < DIFFMM__LANES; j++)
        part[j] = -INFINITY;
    lanes most = load(part);
    for (; i + DIFFMM__LANES <= n; i += DIFFMM__LANES)
        most = larger(most, load(x + i));
    store(part, most);
    for (; i < n; i++)
        part[0] = x[i] > part[0] ? x[i] : part[0];
    for (size_t half = DIFFMM__LANES / 2; half > 0; half /= 2)
        for (size_t j = 0; j < half; j++)
            part[j] = part[j + half] > part[j] ? part[j + half] : part[j];
    return part[0];
}

/* A float as an integer that has the same order: -infinity .. -0, 0 .. infinity. NaN lies outside
 * of that range. */
static inline int32_t order_of(float x)
{
    int32_t bits = (int32_t)to_bits(x);
    return bits < 0 ? bits ^ INT32_MAX : bits;
}

/* Masked scores are NaN, and comparing NaN as floats may trap: not in this instruction of AVX, but
 * in what Clang makes of it. */
static uint64_t kernel_at_least(size_t n, const float *x, float bound)
{
    uint64_t mask = 0;
    const int32_t least = bound == 0.0f ? order_of(-0.0f) : order_of(bound);
    const int32_t most = order_of(INFINITY);
    size_t i = 0;
#if defined(__FMA__) && !defined(__clang__)
    for (; i + 8 <= n; i += 8) {
        __m256 reached = _mm256_cmp_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(bound), _CMP_GE_OQ);
        mask |= (uint64_t)(unsigned)_mm256_movemask_ps(reached) << i;
    }
#endif
    for (; i < n; i++)
        mask |= (uint64_t)(order_of(x[i]) >= least && order_of(x[i]) <= most) << i;
    return mask;
}

/* Words in the low halves of 64 bits, whose high halves are anything. */
typedef uint64_t wide __attribute__((vector_size(vector_bytes)));
typedef uint32_t narrow __attribute__((vector_size(vector_bytes / 2), aligned(4), may_alias));
enum {
    wide_words = vector_bytes / 8,
    block_counters = 16,
    block_parts = block_counters / wide_words
};

/* factor x, of the low words. */
static inline wide product_of_words(wide x, uint32_t factor)
{
#if DIFFMM__VECTOR_BYTES == 64
    return (wide)_mm512_mul_epu32((__m512i)x, _mm512_set1_epi64(factor));
#elif defined(__FMA__)
    return (wide)_mm256_mul_epu32((__m256i)x, _mm256_set1_epi64x(factor));
#elif defined(__SSE2__)
    return (wide)_mm_mul_epu32((__m128i)x, _mm_set1_epi64x(factor));
#elif defined(__aarch64__)
    return (wide)vmull_n_u32(vmovn_u64((uint64x2_t)x), factor);
#else
    return (x & 0xffffffffu) * factor;
#endif
}

/* diffmm__philox() of a block's counters, with words side by side: words[c][i] has component c of some of
 * them. */
static inline void philox_of_block(uint64_t seed, wide words[4][block_parts])
{
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < diffmm__philox_rounds; round++) {
        for (size_t i = 0; i < block_parts; i++) {
            wide product0 = product_of_words(words[0][i], diffmm__philox_factors[0]),
                 product1 = product_of_words(words[2][i], diffmm__philox_factors[1]);
            words[0][i] = (product1 >> 32) ^ words[1][i] ^ key0;
            words[2][i] = (product0 >> 32) ^ words[3][i] ^ key1;
            words[1][i] = product1;
            words[3][i] = product0;
        }
        key0 += diffmm__philox_keys[0];
        key1 += diffmm__philox_keys[1];
    }
}

/* The draws of a block of 16 counters: component c of counter j is out[16 c + j]. */
static inline void draw_block(uint64_t seed, uint64_t stream, uint64_t position, uint32_t *out)
{
    wide words[4][block_parts], counter = {0};
    for (size_t l = 0; l < wide_words; l++)
        counter[l] = position * block_counters + l;
    for (size_t i = 0; i < block_parts; i++, counter += wide_words) {
        words[0][i] = counter;
        words[1][i] = counter >> 32;
        words[2][i] = (wide){0} + stream;
        words[3][i] = (wide){0} + (stream >> 32);
    }
    philox_of_block(seed, words);
    for (size_t c = 0; c < 4; c++)
        for (size_t i = 0; i < block_parts; i++)
            *(narrow *)(out + c * block_counters + i * wide_words) =
                __builtin_convertvector(words[c][i], narrow);
}

/* Box and Muller's transform of two uniforms into two normals, in place:
 *     sqrt(-2 log u1) (cos, sin)(2 pi u2). */
static inline void box_muller(const uint32_t *restrict first, const uint32_t *restrict second,
                              float *restrict x, float *restrict y)
{
    for (size_t j = 0; j < block_counters; j++) {
        float u = ((float)(int32_t)(first[j] >> 8) + 1.0f) * 0x1p-24f; /* in (0, 1] */
        float radius = sqrtf(-2.0f * log1_normal(u));
        /* The top two bits choose the quarter turn, the next 24 the angle within it. */
        uint32_t quarter = second[j] >> 30;
        float within = (float)(int32_t)(second[j] << 2 >> 8) * 0x1p-24f - 0.5f;
        float angle = within * 0x1.921fb6p0f, square = angle * angle;
        float s = 0x1.6dbe34p-19f;
        s = s * square + -0x1.a013a6p-13f;
        s = s * square + 0x1.11110ep-7f;
        s = s * square + -0x1.555556p-3f;
        float sine = s * square * angle + angle;
        float c = 0x1.9bd6dap-16f;
        c = c * square + -0x1.6c12cep-10f;
        c = c * square + 0x1.555554p-5f;
        float cosine = c * square * square + (1.0f - 0.5f * square);
        /* Rotate by quarters: swap where odd, then signs. */
        float along = quarter & 1 ? sine : cosine, across = quarter & 1 ? cosine : sine;
        float along_sign = (quarter + 1) & 2 ? -radius : radius;
        float across_sign = quarter & 2 ? -radius : radius;
        x[j] = along * along_sign;
        y[j] = across * across_sign;
    }
}

static void kernel_normal(uint64_t seed, uint64_t stream, uint64_t position, size_t blocks,
                          float *out)
{
    for (size_t b = 0; b < blocks; b++, out += 4 * block_counters) {
        uint32_t draw[4][block_counters];
        draw_block(seed, stream, position + b, draw[0]);
        box_muller(draw[0], draw[1], out, out + block_counters);
        box_muller(draw[2], draw[3], out + 2 * block_counters, out + 3 * block_counters);
    }
}

static void kernel_bits(uint64_t seed, uint64_t stream, uint64_t position, size_t blocks,
                        uint32_t *out)
{
    for (size_t b = 0; b < blocks; b++)
        draw_block(seed, stream, position + b, out + b * 4 * block_counters);
}

static void kernel_adam(size_t n, const struct diffmm__adam_coefficients *factors,
                        float *restrict parameter, const float *restrict gradient,
                        float *restrict first_moment, float *restrict second_moment)
{
    const struct diffmm__adam_coefficients f = *factors;
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i];
        float m = f.beta1 * first_moment[i] + f.rest1 * g;
        float v = f.beta2 * second_moment[i] + f.rest2 * (g * g);
        first_moment[i] = m;
        second_moment[i] = v;
        parameter[i] -= f.step_size * m / (sqrtf(v) * f.correction2 + f.epsilon);
    }
}

extern const struct diffmm__product_kernel DIFFMM__PASTE(diffmm__product_kernel_, DIFFMM__VARIANT);
extern const struct diffmm__panel_kernels DIFFMM__PASTE(diffmm__panel_kernels_, DIFFMM__VARIANT);
extern const struct diffmm__vector_kernels DIFFMM__PASTE(diffmm__vector_kernels_, DIFFMM__VARIANT);
const struct diffmm__vector_kernels DIFFMM__PASTE(diffmm__vector_kernels_, DIFFMM__VARIANT) = {
    .name = DIFFMM__TEXT(DIFFMM__VARIANT),
    .exp = kernel_exp,
    .tanh = kernel_tanh,
    .log = kernel_log,
    .exp_scaled_sum = kernel_exp_scaled_sum,
    .bias_tanh = kernel_bias_tanh,
    .tanh_backward = kernel_tanh_backward,
    .dot = kernel_dot,
    .dot_float = kernel_dot_float,
    .add_scaled = kernel_add_scaled,
    .scale = kernel_scale,
    .scale_to = kernel_scale_to,
    .scale_difference = kernel_scale_difference,
    .add_rows = kernel_add_rows,
    .panels = &DIFFMM__PASTE(diffmm__panel_kernels_, DIFFMM__VARIANT),
    .product = &DIFFMM__PASTE(diffmm__product_kernel_, DIFFMM__VARIANT),
    .largest = kernel_largest,
    .at_least = kernel_at_least,
    .normal = kernel_normal,
    .bits = kernel_bits,
    .adam = kernel_adam,
};
