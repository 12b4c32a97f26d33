/* SPDX-License-Identifier: BSD-2-Clause */
/* Every variant against sums in double; those with a fused multiply-add have the same bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/panels.h"
#include "support/close.h"
#include "support/draws.h"
#include "support/failure.h"
#include "support/variants.h"

enum { most_rows = 40, most_panels = 5, most_d = 70, lanes = DIFFMM__PANEL };

enum { most_width = 70, most_strips = (most_width + lanes - 1) / lanes };

static struct {
    float p[most_rows * most_d], panels[most_panels * most_d * lanes];
    float blocks[most_panels * most_rows * lanes];
    float strips[most_strips * most_rows * most_panels * lanes * lanes];
    float got[most_panels * most_rows * most_d], first[most_panels * most_rows * most_d];
    double want[most_panels * most_rows * most_d];
} at;

static void draw(uint64_t seed)
{
    struct draws draws = {seed};
    draw_normals(&draws, sizeof at.p / sizeof(float), 1.0, at.p);
    draw_normals(&draws, sizeof at.panels / sizeof(float), 1.0, at.panels);
    draw_normals(&draws, sizeof at.blocks / sizeof(float), 1.0, at.blocks);
    draw_normals(&draws, sizeof at.strips / sizeof(float), 1.0, at.strips);
}

/* `count` results of a variant: near the sums, and the first fused variant's bits. */
static void expect(const struct diffmm__vector_kernels *kernels, size_t count)
{
    const struct diffmm__vector_kernels *all[most_variants];
    size_t known = variants(all);
    expect_near(kernels->name, count, at.got, at.want, 1e-5);
    if (known > 1 && kernels == all[1])
        memcpy(at.first, at.got, sizeof at.got);
    else if (known > 1 && kernels != all[0])
        ck_assert(memcmp(at.first, at.got, count * sizeof(float)) == 0);
}

static void check_multiply(const struct diffmm__vector_kernels *kernels, size_t rows, size_t d,
                           size_t panels)
{
    size_t block = (rows + 1) * lanes;
    fill(sizeof at.got / sizeof(float), 77.0f, at.got);
    for (size_t p = 0; p < panels; p++)
        for (size_t b = 0; b < rows; b++)
            for (size_t j = 0; j < lanes; j++) {
                double *sum = &at.want[(p * rows + b) * lanes + j];
                *sum = 0.0;
                for (size_t k = 0; k < d; k++)
                    *sum += (double)at.p[b * d + k] * (double)at.panels[(p * d + k) * lanes + j];
            }
    kernels->panels->multiply(rows, d, at.p, panels, at.panels, at.got, block);
    for (size_t p = 0; p < panels; p++) {
        expect_untouched(lanes, at.got + p * block + rows * lanes, 77.0f);
        memmove(at.got + p * rows * lanes, at.got + p * block, rows * lanes * sizeof(float));
    }
    expect(kernels, panels * rows * lanes);
}

START_TEST(multiply)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    draw(8);
    for (size_t rows = 1; rows < most_rows; rows += 13)
        for (size_t d = 1; d <= most_d; d += 23)
            for (size_t panels = 1; panels <= most_panels; panels++)
                for (size_t v = 0; v < variants(kernels); v++)
                    check_multiply(kernels[v], rows, d, panels);
}
END_TEST

static void check_exponentiate(const struct diffmm__vector_kernels *kernels, size_t nodes)
{
    float shifts[most_rows], sums[most_rows * lanes];
    draw(3);
    memcpy(at.got, at.blocks, most_rows * lanes * sizeof(float));
    for (size_t b = 0; b < most_rows; b++) {
        shifts[b] = 1.0f + (float)b;
        for (size_t j = 0; j < lanes; j++) {
            at.want[b * lanes + j] =
                j < nodes ? exp(1.5 * (double)at.blocks[b * lanes + j] - (double)shifts[b]) : 0.0;
            sums[b * lanes + j] = 2.0f;
        }
    }
    kernels->panels->exponentiate(most_rows, nodes, 1.5f, shifts, at.got, sums);
    for (size_t i = 0; i < most_rows * lanes; i++) {
        /* The argument, up to 50, is rounded to a float. */
        expect_close("weight", i, (double)at.got[i], at.want[i], 1e-5 * at.want[i]);
        ck_assert(sums[i] == 2.0f + at.got[i]);
    }
}

START_TEST(exponentiate)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    for (size_t v = 0; v < variants(kernels); v++)
        for (size_t nodes = 1; nodes <= lanes; nodes++)
            check_exponentiate(kernels[v], nodes);
}
END_TEST

/* With the smallest tau, and whatever the lanes behind the last node hold. */
START_TEST(weights_of_what_is_far_below_are_0)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    const float below[] = {-86.5f, -87.0f, -88.5f, -1e3f, -1e9f, -1e20f, -1e37f};
    for (size_t v = 0; v < variants(kernels); v++)
        for (size_t i = 0; i < sizeof below / sizeof *below; i++)
            for (size_t nodes = 1; nodes <= lanes; nodes++) {
                float block[lanes], sums[lanes] = {0}, shift = -1e37f;
                for (size_t j = 0; j < lanes; j++)
                    block[j] = below[i];
                kernels[v]->panels->exponentiate(1, nodes, 1.0f, &(float){0.0f}, block, sums);
                for (size_t j = 0; j < lanes; j++)
                    ck_assert(block[j] == 0.0f && sums[j] == 0.0f);
                block[0] = -1.0f;
                kernels[v]->panels->exponentiate(1, 1, 1e37f, &shift, block, sums);
                ck_assert(block[0] == 1.0f && sums[0] == 1.0f && sums[1] == 0.0f);
            }
}
END_TEST

/* Columns of out beyond the width, and rows beyond the last, are left alone. */
static void expect_nothing_beyond(size_t rows, size_t width, size_t stride)
{
    for (size_t r = 0; r < rows; r++)
        expect_untouched(stride - width, at.got + r * stride + width, 77.0f);
    expect_untouched(stride, at.got + rows * stride, 77.0f);
}

/* The results without the gaps between rows. */
static void close_gaps(size_t rows, size_t width, size_t stride)
{
    for (size_t r = 0; r < rows; r++)
        memmove(at.got + r * width, at.got + r * stride, width * sizeof(float));
}

static void check_gather(const struct diffmm__vector_kernels *kernels, size_t rows, size_t panels,
                         size_t width, int add)
{
    size_t stride = width + 2, block = (rows + 1) * lanes, strip = (panels * lanes + 1) * lanes;
    fill(sizeof at.got / sizeof(float), 77.0f, at.got);
    for (size_t b = 0; b < rows; b++)
        for (size_t j = 0; j < width; j++) {
            double sum = add ? 0.5 : 0.0;
            for (size_t v = 0; v < panels * lanes; v++)
                sum += (double)at.blocks[v / lanes * block + b * lanes + v % lanes] *
                       (double)at.strips[j / lanes * strip + v * lanes + j % lanes];
            at.want[b * width + j] = sum;
            at.got[b * stride + j] = 0.5f;
        }
    kernels->panels->gather(rows, panels, at.blocks, block, at.strips, strip, add, at.got, width,
                            stride);
    expect_nothing_beyond(rows, width, stride);
    close_gaps(rows, width, stride);
    expect(kernels, rows * width);
}

START_TEST(gather)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    draw(6);
    for (size_t rows = 1; rows < most_rows; rows += 12)
        for (size_t panels = 1; panels < most_panels; panels += 2)
            for (size_t width = 1; width <= most_width; width += width < lanes ? 5 : 27)
                for (size_t v = 0; v < variants(kernels); v++)
                    check_gather(kernels[v], rows, panels, width, (int)(panels % 2));
}
END_TEST

static void check_spread(const struct diffmm__vector_kernels *kernels, size_t rows, size_t nodes,
                         size_t width)
{
    size_t stride = width + 3, strip = (rows + 1) * lanes;
    fill(sizeof at.got / sizeof(float), 77.0f, at.got);
    for (size_t v = 0; v < nodes; v++)
        for (size_t j = 0; j < width; j++) {
            double sum = 0.5;
            for (size_t b = 0; b < rows; b++)
                sum += (double)at.blocks[b * lanes + v] *
                       (double)at.strips[j / lanes * strip + b * lanes + j % lanes];
            at.want[v * width + j] = sum;
            at.got[v * stride + j] = 0.5f;
        }
    kernels->panels->spread(rows, at.blocks, at.strips, strip, nodes, at.got, width, stride);
    expect_nothing_beyond(nodes, width, stride);
    close_gaps(nodes, width, stride);
    expect(kernels, nodes * width);
}

START_TEST(spread)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    draw(6);
    for (size_t rows = 1; rows <= most_rows; rows += 19)
        for (size_t nodes = 1; nodes <= lanes; nodes += 5)
            for (size_t width = 1; width <= most_width; width += width < lanes ? 5 : 27)
                for (size_t v = 0; v < variants(kernels); v++)
                    check_spread(kernels[v], rows, nodes, width);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {multiply, exponentiate, weights_of_what_is_far_below_are_0,
                                  gather, spread};
    return run_tests("panel_kernels", tests, sizeof tests / sizeof *tests) != 0;
}
