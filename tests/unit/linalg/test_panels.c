/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/normal.h"
#include "linalg/panels.h"
#include "support/failure.h"
#include "support/variants.h"

static float *normals(uint64_t stream, size_t count)
{
    float *x = malloc((count + 1) * sizeof *x);
    diffmm__normal_draws(3, stream, 0, count, x);
    return x;
}

START_TEST(packing_puts_each_row_into_its_lane_and_zeros_behind_the_last)
{
    for (size_t rows = 1; rows <= 50; rows += 7)
        for (size_t d = 1; d <= 20; d += 3) {
            float *x = normals(1, rows * d);
            float *packed = malloc(diffmm__panels_size(rows, d) * sizeof *packed);
            diffmm__panels_pack(NULL, rows, d, x, packed);
            for (size_t r = 0; r < diffmm__panel_count(rows) * DIFFMM__PANEL; r++)
                for (size_t j = 0; j < d; j++) {
                    float want = r < rows ? x[r * d + j] : 0.0f;
                    size_t place = (r / DIFFMM__PANEL * d + j) * DIFFMM__PANEL + r % DIFFMM__PANEL;
                    ck_assert(packed[place] == want);
                }
            free(packed);
            free(x);
        }
}
END_TEST

/* Every score of a block has the bits of the score of its two rows alone, by each variant. */
static void check_scores(size_t users, size_t rows, size_t d)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    float *x = normals(1, users * d), *y = normals(2, rows * d);
    float *packed = malloc(diffmm__panels_size(rows, d) * sizeof *packed);
    size_t panels = diffmm__panel_count(rows), stride = panels * DIFFMM__PANEL + 5;
    float *scores = malloc(users * stride * sizeof *scores);
    const float *vectors[32], **plain = malloc(rows * sizeof *plain);
    float *by_rows = malloc(rows * sizeof *by_rows);
    diffmm__panels_pack(NULL, rows, d, y, packed);
    for (size_t b = 0; b < users; b++)
        vectors[b] = x + b * d;
    for (size_t v = 0; v < variants(kernels); v++) {
        for (size_t i = 0; i < users * stride; i++)
            scores[i] = 77.0f;
        kernels[v]->panels->score(users, vectors, d, panels, packed, scores, stride);
        for (size_t r = 0; r < rows; r++)
            plain[r] = y + (rows - 1 - r) * d;
        for (size_t b = 0; b < users; b++) {
            kernels[v]->panels->score_rows(rows, plain, d, vectors[b], by_rows);
            for (size_t r = 0; r < rows; r++)
                ck_assert(
                    memcmp(&by_rows[rows - 1 - r], &scores[b * stride + r], sizeof *by_rows) == 0);
            for (size_t r = 0; r < rows; r++) {
                float alone = kernels[v]->panels->score_pair(d, vectors[b], y + r * d);
                ck_assert_msg(memcmp(&scores[b * stride + r], &alone, sizeof alone) == 0,
                              "%s: %zu users, %zu rows, d %zu: score %zu, %zu", kernels[v]->name,
                              users, rows, d, b, r);
            }
            for (size_t r = panels * DIFFMM__PANEL; r < stride; r++)
                ck_assert(scores[b * stride + r] == 77.0f); /* nothing is written past a row */
        }
    }
    free(plain);
    free(by_rows);
    free(scores);
    free(packed);
    free(y);
    free(x);
}

START_TEST(scores_of_a_block_are_those_of_single_pairs)
{
    static const size_t users[] = {1, 2, 5, 6, 7, 13}, rows[] = {1, 16, 17, 33, 64, 81, 200};
    static const size_t d[] = {1, 3, 16, 50, 64};
    for (size_t u = 0; u < sizeof users / sizeof *users; u++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (size_t j = 0; j < sizeof d / sizeof *d; j++)
                check_scores(users[u], rows[r], d[j]);
}
END_TEST

START_TEST(a_score_is_the_dot_product)
{
    float *x = normals(5, 64), *y = normals(6, 64);
    double want = 0.0, size = 0.0;
    for (size_t j = 0; j < 64; j++) {
        want += (double)x[j] * (double)y[j];
        size += fabs((double)x[j] * (double)y[j]);
    }
    ck_assert(fabs((double)diffmm__panel_score(64, x, y) - want) <= 64 * 0x1p-24 * size);
    free(x);
    free(y);
}
END_TEST

START_TEST(the_largest_passes_over_nan)
{
    traps_off(); /* NaN is compared */
    const struct diffmm__vector_kernels *kernels[most_variants];
    size_t count = variants(kernels);
    for (size_t n = 0; n <= 70; n++) {
        float *x = normals(7, n), want = -INFINITY;
        for (size_t i = 0; i < n; i += 3)
            x[i] = NAN;
        for (size_t i = 0; i < n; i++)
            want = x[i] > want ? x[i] : want;
        for (size_t v = 0; v < count; v++)
            ck_assert(kernels[v]->largest(n, x) == want);
        for (size_t i = 0; i < n; i++)
            x[i] = NAN;
        for (size_t v = 0; v < count; v++)
            ck_assert(kernels[v]->largest(n, x) == -INFINITY);
        free(x);
    }
}
END_TEST

START_TEST(a_bit_for_each_that_reaches_the_bound)
{
    const struct diffmm__vector_kernels *kernels[most_variants];
    size_t count = variants(kernels);
    for (size_t n = 0; n <= 64; n++) {
        float *x = normals(8, n);
        for (size_t i = 0; i < n; i += 5)
            x[i] = i % 2 ? NAN : 0.25f;
        const float bounds[] = {0.25f, -INFINITY, INFINITY, NAN};
        for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
            uint64_t want = 0;
            for (size_t i = 0; i < n; i++)
                want |= (uint64_t)isgreaterequal(x[i], bounds[b]) << i;
            for (size_t v = 0; v < count; v++)
                ck_assert_uint_eq(kernels[v]->at_least(n, x, bounds[b]), want);
        }
        free(x);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {packing_puts_each_row_into_its_lane_and_zeros_behind_the_last,
                                  scores_of_a_block_are_those_of_single_pairs,
                                  a_score_is_the_dot_product, the_largest_passes_over_nan,
                                  a_bit_for_each_that_reaches_the_bound};
    return run_tests("panels", tests, sizeof tests / sizeof *tests) != 0;
}
