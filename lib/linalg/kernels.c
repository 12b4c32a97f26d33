/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector kernels. This file is compiled once per instruction set, with DIFFMM__VARIANT naming it;
 * plain C and GCC vector types, so that the compiler does the vectorising.
 *
 * exp: e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln(2)/2, e^r = 1 + r + r^2 P(r).
 * tanh: x + x^3 P(x^2) below 0.625, 1 - 2 / (e^2x + 1) above.
 * log: x = 2^e m, m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1),
 *      log m = 2 (s + s^3/3 + s^5/5 + ..).
 * sine and cosine: within a quarter turn, x + x^3 P(x^2) and 1 - x^2/2 + x^4 P(x^2).
 * The polynomials are Chebyshev interpolants of the named remainders. */
#include "linalg/kernels.h"

#include <math.h>
#include <string.h>

#include "linalg/philox.h"

/* 16 floats, in as many vectors of the CPU as that takes. (Vectors wider than the CPU's would be
 * correct too, but compilers keep them in memory. With AVX-512, 32 bytes measure a sixth faster
 * than 64 on Zen 4, which computes 64 in two halves: what counts are the 32 registers.) */
#if defined(__AVX__)
enum { vector_bytes = 32 };
#else
enum { vector_bytes = 16 };
#endif
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

static inline lanes scale(float factor, lanes x)
{
    for (size_t i = 0; i < parts; i++)
        x.part[i] *= factor;
    return x;
}

/* Lane by lane the larger; x where y is NaN. */
static inline lanes larger(lanes x, lanes y)
{
    for (size_t i = 0; i < parts; i++) {
        vector_bits wins = y.part[i] > x.part[i]; /* all ones where it is so */
        x.part[i] = (vector)(((vector_bits)y.part[i] & wins) | ((vector_bits)x.part[i] & ~wins));
    }
    return x;
}

/* The lanes of a sum, added pairwise in a fixed order. */
static inline float sum_lanes(lanes x)
{
    float part[DIFFMM__LANES];
    store(part, x);
    for (size_t half = DIFFMM__LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            part[i] += part[i + half];
    return part[0];
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

static inline float exp1(float x)
{
    const float magic = 0x1.8p23f; /* adding it rounds to an integer, held in the low bits */
    x = x > 89.0f ? 89.0f : x;
    x = x < -104.0f ? -104.0f : x;
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
    return p * from_bits((uint32_t)(first + 127) << 23) * from_bits((uint32_t)(second + 127) << 23);
}

static inline float tanh1(float x)
{
    float magnitude = fabsf(x), square = x * x;
    float p = -0x1.8f83e8p-8f;
    p = p * square + 0x1.58025ap-6f;
    p = p * square + -0x1.b92538p-5f;
    p = p * square + 0x1.110e1ap-3f;
    p = p * square + -0x1.555552p-2f;
    float small = p * square * x + x;
    float bounded = magnitude > 10.0f ? 10.0f : magnitude;
    float large = copysignf(1.0f - 2.0f / (exp1(2.0f * bounded) + 1.0f), x);
    return magnitude < 0.625f ? small : large;
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

static double kernel_dot(size_t n, const float *restrict x, const float *restrict y)
{
    double total = 0.0;
    enum { stretch = 16 * DIFFMM__LANES };
    for (size_t i = 0; i < n; i += stretch)
        total += (double)kernel_dot_float(n - i < stretch ? n - i : stretch, x + i, y + i);
    return total;
}

static void kernel_add_scaled(size_t n, float scale, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}

static void kernel_scale(size_t n, float scale, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
}

/* `width` lanes of the result stay in registers over all rows; called with constant widths. */
static inline __attribute__((always_inline)) void add_rows_columns(size_t width, size_t count,
                                                                   const int32_t *columns,
                                                                   const float *values, size_t d,
                                                                   const float *x, float *y)
{
    lanes sum[4];
    for (size_t w = 0; w < width; w++)
        sum[w] = load(y + w * DIFFMM__LANES);
    for (size_t e = 0; e < count; e++) {
        const float *row = x + (size_t)columns[e] * d;
        for (size_t w = 0; w < width; w++)
            sum[w] = add(sum[w], scale(values[e], load(row + w * DIFFMM__LANES)));
    }
    for (size_t w = 0; w < width; w++)
        store(y + w * DIFFMM__LANES, sum[w]);
}

static void kernel_add_rows(size_t count, const int32_t *columns, const float *values, size_t d,
                            const float *x, float *y)
{
    size_t j = 0;
    for (; j + 4 * DIFFMM__LANES <= d; j += 4 * DIFFMM__LANES)
        add_rows_columns(4, count, columns, values, d, x + j, y + j);
    for (; j + DIFFMM__LANES <= d; j += DIFFMM__LANES)
        add_rows_columns(1, count, columns, values, d, x + j, y + j);
    for (; j < d; j++)
        for (size_t e = 0; e < count; e++)
            y[j] += values[e] * x[(size_t)columns[e] * d + j];
}

/* `users` x `panels` sums stay in registers; called with constants. */
static inline __attribute__((always_inline)) void score_block(size_t users, size_t panels,
                                                              const float *const *x, size_t d,
                                                              const float *packed, float *scores,
                                                              size_t stride)
{
    lanes sum[8][4];
    for (size_t b = 0; b < users; b++)
        for (size_t p = 0; p < panels; p++)
            sum[b][p] = (lanes){{{0}}};
    for (size_t j = 0; j < d; j++) {
        lanes rows[4];
        for (size_t p = 0; p < panels; p++)
            rows[p] = load(packed + (p * d + j) * DIFFMM__LANES);
        for (size_t b = 0; b < users; b++)
            for (size_t p = 0; p < panels; p++)
                sum[b][p] = add(sum[b][p], scale(x[b][j], rows[p]));
    }
    for (size_t b = 0; b < users; b++)
        for (size_t p = 0; p < panels; p++)
            store(scores + b * stride + p * DIFFMM__LANES, sum[b][p]);
}

/* As many sums at a time as there are registers for. */
#if defined(__AVX512F__)
enum { users_at_once = 5, panels_at_once = 2, panels_alone = 4 };
#elif defined(__AVX__)
enum { users_at_once = 3, panels_at_once = 2, panels_alone = 4 };
#else
enum { users_at_once = 2, panels_at_once = 1, panels_alone = 2 };
#endif

static void kernel_score_panels(size_t users, const float *const *x, size_t d, size_t panels,
                                const float *packed, float *scores, size_t stride)
{
    size_t b = 0;
    for (; b + users_at_once <= users; b += users_at_once) {
        size_t p = 0;
        for (; p + panels_at_once <= panels; p += panels_at_once)
            score_block(users_at_once, panels_at_once, x + b, d, packed + p * d * DIFFMM__LANES,
                        scores + b * stride + p * DIFFMM__LANES, stride);
        for (; p < panels; p++)
            score_block(users_at_once, 1, x + b, d, packed + p * d * DIFFMM__LANES,
                        scores + b * stride + p * DIFFMM__LANES, stride);
    }
    for (; b < users; b++) {
        size_t p = 0;
        for (; p + panels_alone <= panels; p += panels_alone)
            score_block(1, panels_alone, x + b, d, packed + p * d * DIFFMM__LANES,
                        scores + b * stride + p * DIFFMM__LANES, stride);
        for (; p < panels; p++)
            score_block(1, 1, x + b, d, packed + p * d * DIFFMM__LANES,
                        scores + b * stride + p * DIFFMM__LANES, stride);
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

/* Draws of 16 blocks of 16 counters each: component c of counter j of block b at
 * draw[c][16 b + j]. */
enum { group_blocks = 16, group = 16 * group_blocks };

static void draw_group(uint64_t seed, uint64_t stream, uint64_t position, uint32_t draw[4][group])
{
    uint64_t first = position * 16;
    uint32_t *restrict d0 = draw[0], *restrict d1 = draw[1], *restrict d2 = draw[2],
                       *restrict d3 = draw[3];
    for (uint32_t j = 0; j < group; j++) {
        /* A group starts at a multiple of 16, so the low word overflows only between blocks. */
        uint64_t counter = first + j;
        uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = (uint32_t)stream,
                 c3 = (uint32_t)(stream >> 32);
        diffmm__philox(seed, &c0, &c1, &c2, &c3);
        d0[j] = c0;
        d1[j] = c1;
        d2[j] = c2;
        d3[j] = c3;
    }
}

/* Box and Muller: two normals from two uniforms, sqrt(-2 log u1) (cos, sin)(2 pi u2), in place. */
static void box_muller(uint32_t *restrict first, uint32_t *restrict second, float *restrict x,
                       float *restrict y)
{
    for (size_t j = 0; j < group; j++) {
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
    uint32_t draw[4][group];
    float normal[4][group];
    for (size_t done = 0; done < blocks; done += group_blocks) {
        draw_group(seed, stream, position + done, draw);
        box_muller(draw[0], draw[1], normal[0], normal[1]);
        box_muller(draw[2], draw[3], normal[2], normal[3]);
        size_t now = blocks - done < group_blocks ? blocks - done : group_blocks;
        for (size_t b = 0; b < now; b++)
            for (size_t c = 0; c < 4; c++)
                memcpy(out + (done + b) * 64 + c * 16, normal[c] + b * 16, 16 * sizeof *out);
    }
}

static void kernel_bits(uint64_t seed, uint64_t stream, uint64_t position, size_t blocks,
                        uint32_t *out)
{
    uint32_t draw[4][group];
    for (size_t done = 0; done < blocks; done += group_blocks) {
        draw_group(seed, stream, position + done, draw);
        size_t now = blocks - done < group_blocks ? blocks - done : group_blocks;
        for (size_t b = 0; b < now; b++)
            for (size_t c = 0; c < 4; c++)
                memcpy(out + (done + b) * 64 + c * 16, draw[c] + b * 16, 16 * sizeof *out);
    }
}

static void kernel_adam(size_t n, const struct diffmm__adam_factors *factors,
                        float *restrict parameter, const float *restrict gradient,
                        float *restrict first_moment, float *restrict second_moment)
{
    const struct diffmm__adam_factors f = *factors;
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i];
        float m = f.beta1 * first_moment[i] + f.rest1 * g;
        float v = f.beta2 * second_moment[i] + f.rest2 * (g * g);
        first_moment[i] = m;
        second_moment[i] = v;
        parameter[i] -= f.step_size * m / (sqrtf(v) * f.correction2 + f.epsilon);
    }
}

#define DIFFMM__PASTE2(a, b) a##b
#define DIFFMM__PASTE(a, b) DIFFMM__PASTE2(a, b)
#define DIFFMM__TEXT2(a) #a
#define DIFFMM__TEXT(a) DIFFMM__TEXT2(a)

extern const struct diffmm__kernels DIFFMM__PASTE(diffmm__kernels_, DIFFMM__VARIANT);
const struct diffmm__kernels DIFFMM__PASTE(diffmm__kernels_, DIFFMM__VARIANT) = {
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
    .add_rows = kernel_add_rows,
    .score_panels = kernel_score_panels,
    .largest = kernel_largest,
    .normal = kernel_normal,
    .bits = kernel_bits,
    .adam = kernel_adam,
};
