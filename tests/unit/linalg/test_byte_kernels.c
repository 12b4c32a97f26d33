/* SPDX-License-Identifier: BSD-2-Clause */
/* Every variant against sums of integers, which are exact, and bounds in double. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/random.h"
#include "support/byte_variants.h"
#include "support/close.h"
#include "support/draws.h"
#include "support/failure.h"

enum { most_bytes = 144, panels = 3, lanes = 16, rows = panels * lanes };

static struct {
    int8_t codes[rows][most_bytes], e[most_bytes];
    float scales[rows], rests[rows], bounds[rows];
    uint8_t packed[panels * lanes * (most_bytes + 8)];
} at;

/* Integers from -127 to 127; with `extreme`, none but these two. */
static int8_t draw_code(uint64_t seed, uint64_t stream, uint64_t position, bool extreme)
{
    return extreme ? (int8_t)(diffmm__random_below(seed, stream, position, 2) ? 127 : -127)
                   : (int8_t)((int)diffmm__random_below(seed, stream, position, 255) - 127);
}

static void draw(uint64_t seed, size_t bytes, bool extreme)
{
    struct draws draws = {seed};
    for (size_t j = 0; j < bytes; j++)
        at.e[j] = draw_code(seed, 1, j, extreme);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < bytes; j++)
            at.codes[i][j] = draw_code(seed, 2 + i, j, extreme);
    draw_normals(&draws, rows, 1.0, at.scales);
    draw_normals(&draws, rows, 1.0, at.rests);
}

static int32_t naive_dot(size_t bytes, const int8_t *x, const int8_t *y)
{
    int32_t sum = 0;
    for (size_t j = 0; j < bytes; j++)
        sum += x[j] * y[j];
    return sum;
}

static void pack(size_t bytes)
{
    for (size_t i = 0; i < rows; i++) {
        uint8_t *panel = at.packed + i / lanes * diffmm__byte_panel_size(bytes);
        for (size_t j = 0; j < bytes; j++)
            panel[j / 4 * 64 + i % lanes * 4 + j % 4] = (uint8_t)(at.codes[i][j] + 128);
        memcpy(panel + lanes * bytes + i % lanes * 4, &at.scales[i], 4);
        memcpy(panel + lanes * (bytes + 4) + i % lanes * 4, &at.rests[i], 4);
    }
}

static void check_bounds(const struct diffmm__byte_kernels *kernels, size_t bytes)
{
    int32_t sum = 0;
    for (size_t j = 0; j < bytes; j++)
        sum += at.e[j];
    const struct diffmm__byte_vector vector = {.codes = at.e,
                                               .bytes = bytes,
                                               .offset = 128 * sum,
                                               .scale = 0.37f,
                                               .slack = 5.5f,
                                               .rest = 1.25f};
    kernels->bounds(&vector, panels, at.packed, at.bounds);
    for (size_t i = 0; i < rows; i++) {
        double inner = 0.37 * naive_dot(bytes, at.e, at.codes[i]) + 5.5;
        double want = (double)at.scales[i] * inner + 1.25 * (double)at.rests[i];
        double size = fabs((double)at.scales[i] * inner) + 1.25 * fabs((double)at.rests[i]) + 1.0;
        expect_close(kernels->name, i, (double)at.bounds[i], want, 4 * 0x1p-24 * size);
    }
}

START_TEST(bounds)
{
    const struct diffmm__byte_kernels *kernels[most_byte_variants];
    for (size_t bytes = 4; bytes <= most_bytes; bytes += 20)
        for (int extreme = 0; extreme < 2; extreme++) {
            draw(bytes, bytes, extreme != 0);
            pack(bytes);
            for (size_t v = 0; v < byte_variants(kernels); v++)
                check_bounds(kernels[v], bytes);
        }
}
END_TEST

START_TEST(products_of_single_rows)
{
    const struct diffmm__byte_kernels *kernels[most_byte_variants];
    uint8_t row[most_bytes];
    for (size_t bytes = 16; bytes <= most_bytes; bytes += 16)
        for (int extreme = 0; extreme < 2; extreme++) {
            draw(bytes, bytes, extreme != 0);
            for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < bytes; j++)
                    row[j] = (uint8_t)(at.codes[i][j] + 128);
                for (size_t v = 0; v < byte_variants(kernels); v++)
                    ck_assert_int_eq(kernels[v]->dot(bytes, at.e, row),
                                     naive_dot(bytes, at.e, at.codes[i]));
            }
        }
}
END_TEST

/* Where a code is 0, its byte may be any. */
START_TEST(bytes_at_codes_of_zero_do_not_count)
{
    const struct diffmm__byte_kernels *kernels[most_byte_variants];
    uint8_t row[32];
    memset(at.e, 0, 32);
    at.e[3] = -2;
    for (int filling = 0; filling < 256; filling++) {
        memset(row, filling, sizeof row);
        row[3] = 128 + 7;
        for (size_t v = 0; v < byte_variants(kernels); v++)
            ck_assert_int_eq(kernels[v]->dot(32, at.e, row), -14);
    }
}
END_TEST

START_TEST(encoding)
{
    const struct diffmm__byte_kernels *kernels[most_byte_variants];
    float x[most_bytes], squares[2];
    int8_t codes[most_bytes];
    struct draws draws = {5};
    for (size_t n = 1; n <= most_bytes; n += 11)
        for (size_t v = 0; v < byte_variants(kernels); v++) {
            double whole = 0.0, left = 0.0;
            draw_normals(&draws, n, 60.0, x);
            kernels[v]->encode(n, 0.75f, x, codes, squares);
            for (size_t j = 0; j < n; j++) {
                double y = 0.75 * (double)x[j], code = fmin(fmax(rint(y), -127.0), 127.0);
                if (fabs(fabs(y - floor(y)) - 0.5) > 1e-4) /* else rounding decides */
                    ck_assert_int_eq(codes[j], (int)code);
                whole += (double)codes[j] * codes[j];
                left += (y - codes[j]) * (y - codes[j]);
            }
            expect_close(kernels[v]->name, n, (double)squares[0], whole, 1e-5 * whole);
            expect_close(kernels[v]->name, n, (double)squares[1], left, 1e-4 * (left + 1.0));
        }
}
END_TEST

#if defined(__x86_64__)
START_TEST(the_variant_is_of_the_processor)
{
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool vnni = avx2 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
    const char *name = diffmm__kernels_for_bytes()->name;
    ck_assert_int_eq(strcmp(name, "portable") != 0, avx2);
    ck_assert_int_eq(strcmp(name, "avx512_vnni") == 0, vnni);
}
END_TEST
#endif

int main(void)
{
    const TTest *const tests[] = {
        bounds,
        products_of_single_rows,
        bytes_at_codes_of_zero_do_not_count,
#if defined(__x86_64__)
        the_variant_is_of_the_processor,
#endif
        encoding
    };
    return run_tests("byte_kernels", tests, sizeof tests / sizeof *tests) != 0;
}
