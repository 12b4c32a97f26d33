/* SPDX-License-Identifier: BSD-2-Clause */
/* Sums stay in registers: as many at a time as there are registers, and enough to hide the latency
 * of a fused multiply-add. */
#include "linalg/panel_kernels.h"

#include <math.h>

#include "linalg/lanes.h"

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
                for (size_t i = 0; i < parts; i++)
                    sum[b][p].part[i] = fused_part(x[b][j], rows[p].part[i], sum[b][p].part[i]);
    }
    for (size_t b = 0; b < users; b++)
        for (size_t p = 0; p < panels; p++)
            store(scores + b * stride + p * DIFFMM__LANES, sum[b][p]);
}

/* As many sums at a time as there are registers for. */
#if DIFFMM__VECTOR_BYTES == 64
enum { users_at_once = 8, panels_at_once = 3, panels_of_few = 4, panels_alone = 4 };
#elif defined(__AVX512F__)
enum { users_at_once = 5, panels_at_once = 2, panels_of_few = 2, panels_alone = 4 };
#elif defined(__AVX__)
enum { users_at_once = 3, panels_at_once = 2, panels_of_few = 1, panels_alone = 4 };
#else
enum { users_at_once = 2, panels_at_once = 1, panels_of_few = 1, panels_alone = 2 };
#endif

/* All panels for so many users, `at_once` panels at a time; called with constants. */
static inline __attribute__((always_inline)) void score_users(size_t users, size_t at_once,
                                                              const float *const *x, size_t d,
                                                              size_t panels, const float *packed,
                                                              float *scores, size_t stride)
{
    size_t p = 0;
    for (; p + at_once <= panels; p += at_once)
        score_block(users, at_once, x, d, packed + p * d * DIFFMM__LANES,
                    scores + p * DIFFMM__LANES, stride);
    for (; p < panels; p++)
        score_block(users, 1, x, d, packed + p * d * DIFFMM__LANES, scores + p * DIFFMM__LANES,
                    stride);
}

static void kernel_score(size_t users, const float *const *x, size_t d, size_t panels,
                         const float *packed, float *scores, size_t stride)
{
    size_t b = 0;
    for (; b + users_at_once <= users; b += users_at_once)
        score_users(users_at_once, panels_at_once, x + b, d, panels, packed, scores + b * stride,
                    stride);
    for (; users_at_once > 4 && b + 4 <= users; b += 4)
        score_users(4, panels_of_few, x + b, d, panels, packed, scores + b * stride, stride);
    for (; users_at_once > 2 && b + 2 <= users; b += 2)
        score_users(2, panels_of_few, x + b, d, panels, packed, scores + b * stride, stride);
    for (; b < users; b++)
        score_users(1, panels_alone, x + b, d, panels, packed, scores + b * stride, stride);
}

/* x y + z, rounded as fused_part does. */
static inline float fused1(float x, float y, float z)
{
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(x, y, z);
#else
    return x * y + z;
#endif
}

static float kernel_score_pair(size_t d, const float *x, const float *y)
{
    float sum = 0.0f;
    for (size_t j = 0; j < d; j++)
        sum = fused1(x[j], y[j], sum);
    return sum;
}

/* The sums of eight rows at a time hide the latency of each. */
static void kernel_score_rows(size_t count, const float *const *rows, size_t d, const float *x,
                              float *scores)
{
    enum { at_once = 8 };
    size_t i = 0;
    for (; i + at_once <= count; i += at_once) {
        float sum[at_once] = {0.0f};
        for (size_t j = 0; j < d; j++)
            for (size_t r = 0; r < at_once; r++)
                sum[r] = fused1(x[j], rows[i + r][j], sum[r]);
        memcpy(scores + i, sum, sizeof sum);
    }
    for (; i < count; i++)
        scores[i] = kernel_score_pair(d, x, rows[i]);
}

/* A sum over k in two levels: `outer` groups, `outer_step` floats apart, of `inner` terms,
 * `inner_step` floats apart. Rows of the operand are `row_step` floats apart. */
struct steps {
    size_t outer, outer_step, inner, inner_step, row_step;
};

/* Strips, of 16 columns each, and the places of their results: `step` and `out_step` floats apart.
 * Rows of out are `stride` floats apart. */
struct strips {
    const float *strip;
    size_t step;
    float *out;
    size_t out_step, stride;
    int add_to;
};

/* Rows and strips of a tile: its sums, a row of the strips and a factor fill the registers. Each factor
 * that is loaded serves all strips: with vectors of 64 bytes, two strips take fewer loads than sums. */
#if DIFFMM__VECTOR_BYTES == 64
enum { tile_rows = 8, tile_strips = 2 };
#elif defined(__AVX512F__)
enum { tile_rows = 8, tile_strips = 1 };
#elif defined(__AVX__)
enum { tile_rows = 6, tile_strips = 1 };
#else
enum { tile_rows = 2, tile_strips = 1 };
#endif

/* For `rows` rows of `count` strips,
 *     out[r] = sum over k of a[r, k] strip[k],    or +=, with add_to.
 * Called with constant rows and count. */
static inline __attribute__((always_inline)) void
tile(size_t rows, size_t count, struct steps steps, const float *restrict a, struct strips at)
{
    vector sum[tile_rows][tile_strips][parts];
    const float *restrict strip = at.strip;
    for (size_t r = 0; r < rows; r++)
        for (size_t s = 0; s < count; s++)
            for (size_t i = 0; i < parts; i++)
                sum[r][s][i] = (vector){0};
    for (size_t o = 0; o < steps.outer; o++, a += steps.outer_step)
        for (size_t k = 0; k < steps.inner; k++, strip += DIFFMM__LANES)
            for (size_t r = 0; r < rows; r++)
                for (size_t s = 0; s < count; s++)
                    for (size_t i = 0; i < parts; i++)
                        sum[r][s][i] = fused_part(
                            a[k * steps.inner_step + r * steps.row_step],
                            *(const vector *)(strip + s * at.step + i * part_floats), sum[r][s][i]);
    for (size_t r = 0; r < rows; r++)
        for (size_t s = 0; s < count; s++)
            for (size_t i = 0; i < parts; i++) {
                vector *place =
                    (vector *)(at.out + r * at.stride + s * at.out_step + i * part_floats);
                if (at.add_to)
                    sum[r][s][i] += *place;
                *place = sum[r][s][i];
            }
}

static inline __attribute__((always_inline)) void
tiles(size_t rows, size_t count, struct steps steps, const float *a, struct strips at)
{
    size_t r = 0;
    float *out = at.out;
    for (; r + tile_rows <= rows; r += tile_rows, at.out = out + r * at.stride)
        tile(tile_rows, count, steps, a + r * steps.row_step, at);
    for (; r + 2 <= rows; r += 2, at.out = out + r * at.stride)
        tile(2, count, steps, a + r * steps.row_step, at);
    for (; r < rows; r++, at.out = out + r * at.stride)
        tile(1, count, steps, a + r * steps.row_step, at);
}

/* The same for rows of out that are narrower than 16 floats. */
static void narrow_tiles(size_t rows, struct steps steps, const float *a, struct strips at,
                         size_t width)
{
    float wide[DIFFMM__LANES] = {0};
    struct strips one = at;
    one.out = wide;
    for (size_t r = 0; r < rows; r++) {
        memcpy(wide, at.out + r * at.stride, width * sizeof *wide);
        tile(1, 1, steps, a + r * steps.row_step, one);
        memcpy(at.out + r * at.stride, wide, width * sizeof *wide);
    }
}

/* All strips of rows of out that are `width` floats wide. */
static void all_tiles(size_t rows, struct steps steps, const float *a, struct strips at,
                      size_t width)
{
    for (; width >= tile_strips * DIFFMM__LANES; width -= tile_strips * DIFFMM__LANES) {
        tiles(rows, tile_strips, steps, a, at);
        at.strip += tile_strips * at.step;
        at.out += tile_strips * at.out_step;
    }
    for (; width >= DIFFMM__LANES; width -= DIFFMM__LANES) {
        tiles(rows, 1, steps, a, at);
        at.strip += at.step;
        at.out += at.out_step;
    }
    if (width > 0)
        narrow_tiles(rows, steps, a, at, width);
}

static void kernel_multiply(size_t rows, size_t d, const float *p, size_t panels,
                            const float *packed, float *blocks, size_t block_stride)
{
    struct steps steps = {.outer = 1, .inner = d, .inner_step = 1, .row_step = d};
    struct strips at = {.strip = packed,
                        .step = d * DIFFMM__LANES,
                        .out = blocks,
                        .out_step = block_stride,
                        .stride = DIFFMM__LANES};
    all_tiles(rows, steps, p, at, panels * DIFFMM__LANES);
}

/* exp(exponent) for exponents of at most about 1, within 2 units in the last place; 0 below -86. As
 * exp1 (lanes.h), but fused, and with 2^n in one step, since all results are normal numbers. */
static inline float weight1(float exponent)
{
    const float magic = 0x1.8p23f; /* adding it rounds to an integer, held in the low bits */
    float x = bounded(exponent, 87.0f);
    float shifted = fused1(x, 0x1.715476p0f, magic);
    float n = shifted - magic;
    float r = fused1(n, -0x1.62e4p-1f, x);
    r = fused1(n, -0x1.7f7d1cp-20f, r);
    float p = fused1(0x1.6d110ap-10f, r, 0x1.120b6ep-7f);
    p = fused1(p, r, 0x1.55551ap-5f);
    p = fused1(p, r, 0x1.5554dcp-3f);
    p = fused1(p, r, 0.5f);
    p = fused1(p, r * r, r) + 1.0f;
    float result = from_bits(to_bits(p) + (to_bits(shifted) << 23)); /* magic's bits fall out */
    return unless_nan(exponent, choose(x < -86.0f, 0.0f, result));
}

/* Called with constant nodes where these are 16. */
static inline __attribute__((always_inline)) void
exponentiate_nodes(size_t rows, size_t nodes, float scale, const float *shifts,
                   float *restrict block, float *restrict sums)
{
    const float none = -100.0f; /* whose weight is 0 */
    for (size_t b = 0; b < rows; b++)
        for (size_t j = 0; j < DIFFMM__LANES; j++) {
            float exponent = scale * block[b * DIFFMM__LANES + j] - shifts[b];
            float weight = weight1(choose(j < nodes, exponent, none));
            block[b * DIFFMM__LANES + j] = weight;
            sums[b * DIFFMM__LANES + j] += weight;
        }
}

static void kernel_exponentiate(size_t rows, size_t nodes, float scale, const float *shifts,
                                float *block, float *sums)
{
    if (nodes == DIFFMM__LANES)
        exponentiate_nodes(rows, DIFFMM__LANES, scale, shifts, block, sums);
    else
        exponentiate_nodes(rows, nodes, scale, shifts, block, sums);
}

static void kernel_gather(size_t rows, size_t panels, const float *blocks, size_t block_stride,
                          const float *strips, size_t strip_stride, int add_to, float *out,
                          size_t width, size_t stride)
{
    struct steps steps = {.outer = panels,
                          .outer_step = block_stride,
                          .inner = DIFFMM__LANES,
                          .inner_step = 1,
                          .row_step = DIFFMM__LANES};
    struct strips at = {.strip = strips,
                        .step = strip_stride,
                        .out = out,
                        .out_step = DIFFMM__LANES,
                        .stride = stride,
                        .add_to = add_to};
    all_tiles(rows, steps, blocks, at, width);
}

static void kernel_spread(size_t rows, const float *block, const float *strips, size_t strip_stride,
                          size_t nodes, float *out, size_t width, size_t stride)
{
    struct steps steps = {.outer = 1, .inner = rows, .inner_step = DIFFMM__LANES, .row_step = 1};
    struct strips at = {.strip = strips,
                        .step = strip_stride,
                        .out = out,
                        .out_step = DIFFMM__LANES,
                        .stride = stride,
                        .add_to = 1};
    all_tiles(nodes, steps, block, at, width);
}

extern const struct diffmm__panel_kernels DIFFMM__PASTE(diffmm__panel_kernels_, DIFFMM__VARIANT);
const struct diffmm__panel_kernels DIFFMM__PASTE(diffmm__panel_kernels_, DIFFMM__VARIANT) = {
    .score = kernel_score,
    .score_pair = kernel_score_pair,
    .score_rows = kernel_score_rows,
    .multiply = kernel_multiply,
    .exponentiate = kernel_exponentiate,
    .gather = kernel_gather,
    .spread = kernel_spread,
};
