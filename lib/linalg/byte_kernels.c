/* SPDX-License-Identifier: BSD-2-Clause */
/* Four products at a time of a byte each are added to a sum of 32 bits: by one instruction where the
 * CPU has it (AVX512-VNNI, AVX-VNNI, NEON's dot product), by three with AVX2. */
#include "linalg/byte_kernels.h"

#include "linalg/lanes.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

typedef int32_t counts __attribute__((vector_size(vector_bytes), aligned(4), may_alias));

/* sums[i] += sum of four products of codes with what the bytes of row i stand for; with
 * instructions for unsigned bytes, of the bytes themselves. */
static inline counts add_products(counts sums, const uint8_t *bytes, int32_t codes);

#if defined(__AVX512VNNI__)
enum { adds_offset = 1 };
static inline counts add_products(counts sums, const uint8_t *bytes, int32_t codes)
{
    return (counts)_mm512_dpbusd_epi32((__m512i)sums, _mm512_loadu_si512(bytes),
                                       _mm512_set1_epi32(codes));
}
#elif defined(__AVXVNNI__)
enum { adds_offset = 1 };
static inline counts add_products(counts sums, const uint8_t *bytes, int32_t codes)
{
    return (counts)_mm256_dpbusd_avx_epi32(
        (__m256i)sums, _mm256_loadu_si256((const __m256i *)bytes), _mm256_set1_epi32(codes));
}
#elif defined(__AVX2__)
/* The signs go from the rows to the codes, so that pairs of products stay within 16 bits:
 * 2 x 127 x 127 = 32,258. */
enum { adds_offset = 0 };
static inline counts add_products(counts sums, const uint8_t *bytes, int32_t codes)
{
    __m256i row =
        _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)bytes), _mm256_set1_epi8((char)-128));
    __m256i pairs =
        _mm256_maddubs_epi16(_mm256_abs_epi8(row), _mm256_sign_epi8(_mm256_set1_epi32(codes), row));
    return sums + (counts)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
#elif defined(__ARM_FEATURE_DOTPROD)
enum { adds_offset = 0 };
static inline counts add_products(counts sums, const uint8_t *bytes, int32_t codes)
{
    int8x16_t row = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(bytes), vdupq_n_u8(128)));
    return (counts)vdotq_s32((int32x4_t)sums, row, vreinterpretq_s8_s32(vdupq_n_s32(codes)));
}
#else
enum { adds_offset = 0 };
static inline counts add_products(counts sums, const uint8_t *bytes, int32_t codes)
{
    int8_t four[4];
    memcpy(four, &codes, sizeof four);
    for (size_t i = 0; i < part_floats; i++)
        for (size_t k = 0; k < 4; k++)
            sums[i] += (bytes[4 * i + k] - 128) * four[k];
    return sums;
}
#endif

static inline int32_t four_codes(const int8_t *codes)
{
    int32_t four;
    memcpy(&four, codes, sizeof four);
    return four;
}

static inline vector every(float x)
{
    return x - (vector){0};
}

/* The bounds of 16 rows for sums of products. */
static inline void finish(const struct diffmm__byte_vector *v, const counts sums[parts],
                          const uint8_t *after_codes, float *bounds)
{
    lanes scales = load((const float *)(const void *)after_codes);
    lanes rests = load((const float *)(const void *)after_codes + DIFFMM__LANES);
    for (size_t i = 0; i < parts; i++) {
        vector sum = __builtin_convertvector(sums[i], vector);
        scales.part[i] *= fused_part(v->scale, sum, every(v->slack));
        scales.part[i] = fused_part(v->rest, rests.part[i], scales.part[i]);
    }
    store(bounds, scales);
}

static void kernel_bounds(const struct diffmm__byte_vector *v, size_t count, const uint8_t *panels,
                          float *bounds)
{
    int32_t start = adds_offset ? -v->offset : 0;
    for (size_t p = 0; p < count; p++, bounds += DIFFMM__LANES) {
        counts sums[parts];
        for (size_t i = 0; i < parts; i++)
            sums[i] = start - (counts){0};
        for (size_t j = 0; j < v->bytes; j += 4, panels += 4 * DIFFMM__LANES)
            for (size_t i = 0; i < parts; i++)
                sums[i] =
                    add_products(sums[i], panels + i * vector_bytes, four_codes(v->codes + j));
        finish(v, sums, panels, bounds);
        panels += 2 * DIFFMM__LANES * sizeof(float);
    }
}

/* Sixteen bytes of one row are four lanes of four. */
static int32_t kernel_dot(size_t bytes, const int8_t *e, const uint8_t *row)
{
#if defined(__AVX512VNNI__)
    __m512i sums = _mm512_setzero_si512(), all = sums;
    const __m512i ones = _mm512_set1_epi8(1);
    for (size_t j = 0; j < bytes; j += 64) {
        size_t left = bytes - j;
        __mmask64 mask = left < 64 ? ((__mmask64)1 << left) - 1 : ~(__mmask64)0;
        __m512i codes = _mm512_maskz_loadu_epi8(mask, e + j);
        sums = _mm512_dpbusd_epi32(sums, _mm512_maskz_loadu_epi8(mask, row + j), codes);
        all = _mm512_dpbusd_epi32(all, ones, codes);
    }
    return _mm512_reduce_add_epi32(_mm512_sub_epi32(sums, _mm512_slli_epi32(all, 7)));
#elif defined(__AVX2__)
    __m128i sums = _mm_setzero_si128();
    for (size_t j = 0; j < bytes; j += 16) {
        __m128i codes = _mm_loadu_si128((const __m128i *)(e + j));
        __m128i c =
            _mm_xor_si128(_mm_loadu_si128((const __m128i *)(row + j)), _mm_set1_epi8((char)-128));
        __m128i pairs = _mm_maddubs_epi16(_mm_abs_epi8(c), _mm_sign_epi8(codes, c));
        sums = _mm_add_epi32(sums, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
    }
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
    return _mm_cvtsi128_si32(sums);
#else
    int32_t sum = 0;
    for (size_t j = 0; j < bytes; j++)
        sum += e[j] * (row[j] - 128);
    return sum;
#endif
}

/* Adding 1.5 x 2^23 rounds to an integer. */
static void kernel_encode(size_t n, float inverse, const float *x, int8_t *codes, float squares[2])
{
    const float magic = 0x1.8p23f;
    lanes whole = {{{0}}}, left = {{{0}}};
    float y[DIFFMM__LANES], rounded[DIFFMM__LANES];
    for (size_t j = 0; j < n; j += DIFFMM__LANES) {
        size_t count = n - j < DIFFMM__LANES ? n - j : DIFFMM__LANES;
        for (size_t i = 0; i < DIFFMM__LANES; i++)
            y[i] = i < count ? inverse * x[j + i] : 0.0f;
        for (size_t i = 0; i < DIFFMM__LANES; i++)
            rounded[i] = bounded((y[i] + magic) - magic, 127.0f);
        for (size_t i = 0; i < count; i++)
            codes[j + i] = (int8_t)rounded[i];
        lanes r = load(rounded), rest = load(y);
        for (size_t i = 0; i < parts; i++)
            rest.part[i] -= r.part[i];
        whole = add(whole, multiply(r, r));
        left = add(left, multiply(rest, rest));
    }
    squares[0] = sum_lanes(whole);
    squares[1] = sum_lanes(left);
}

extern const struct diffmm__byte_kernels DIFFMM__PASTE(diffmm__byte_kernels_, DIFFMM__VARIANT);
const struct diffmm__byte_kernels DIFFMM__PASTE(diffmm__byte_kernels_, DIFFMM__VARIANT) = {
    .name = DIFFMM__TEXT(DIFFMM__VARIANT),
    .bounds = kernel_bounds,
    .dot = kernel_dot,
    .encode = kernel_encode,
};
