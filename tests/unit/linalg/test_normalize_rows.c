/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "linalg/normal.h"
#include "linalg/normalize_rows.h"
#include "support/contexts.h"

enum { most_rows = 400, most_d = 80, gap = 3, room = most_rows * (most_d + gap) };

static bool near(double got, double want, double bound)
{
    return fabs(got - want) <= bound;
}

/* The number of wrong elements of a normalised matrix, gaps between rows included. */
static size_t count_wrong(size_t rows, size_t d, const float *x, size_t x_stride, const float *y,
                          size_t y_stride, const float *norms)
{
    size_t wrong = 0;
    for (size_t r = 0; r < rows; r++) {
        double square = 0;
        for (size_t j = 0; j < d; j++)
            square += (double)x[r * x_stride + j] * (double)x[r * x_stride + j];
        double norm = fmax(sqrt(square), 1e-12);
        wrong += norms && !near((double)norms[r], norm, 8 * 0x1p-24 * norm);
        for (size_t j = 0; j < d; j++) {
            double want = (double)x[r * x_stride + j] / norm;
            wrong += !near((double)y[r * y_stride + j], want, 12 * 0x1p-24 * fabs(want));
        }
        for (size_t j = d; j < y_stride; j++)
            wrong += y[r * y_stride + j] != 77.0f;
    }
    return wrong;
}

static void fill(size_t count, float *x, float value)
{
    for (size_t i = 0; i < count; i++)
        x[i] = value;
}

START_TEST(normalizes_rows_with_strides)
{
    static float x[room], y[room], first[room], norms[most_rows];
    static const size_t shapes[][2] = {{0, 5}, {1, 1}, {3, 0}, {5, 7}, {128, 16}, {400, 80}};
    diffmm_context *contexts[context_count];
    contexts_begin(contexts);
    diffmm__normal_draws(1, 1, 0, room, x);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t strides = 0; strides < 4; strides++) {
            size_t rows = shapes[s][0], d = shapes[s][1];
            size_t x_stride = d + (strides & 1 ? gap : 0), y_stride = d + (strides & 2 ? 1 : 0);
            for (size_t c = 0; c < context_count; c++) {
                fill(room, y, 77);
                fill(most_rows, norms, 77);
                diffmm__normalize_rows(contexts[c], rows, d, x, x_stride, y, y_stride,
                                       c % 2 ? norms : NULL);
                ck_assert_uint_eq(
                    count_wrong(rows, d, x, x_stride, y, y_stride, c % 2 ? norms : NULL), 0);
                if (c == 0)
                    memcpy(first, y, sizeof y);
                ck_assert_mem_eq(first, y, sizeof y);
            }
            /* In place. */
            memcpy(y, x, sizeof x);
            diffmm__normalize_rows(contexts[2], rows, d, y, d, y, d, NULL);
            diffmm__normalize_rows(NULL, rows, d, x, d, first, d, NULL);
            ck_assert_mem_eq(first, y, rows * d * sizeof *y);
        }
    contexts_end(contexts);
}
END_TEST

/* A row of zeros has no direction: the divisor has a floor. */
START_TEST(rows_of_no_length)
{
    enum { rows = 4, d = 3 };
    const float x[rows * d] = {0, 0, 0, -0.0f, 0, 0, 1e-13f, -2e-13f, 2e-13f, 3e-12f, 4e-12f, 0};
    float y[rows * d], norms[rows];
    diffmm__normalize_rows(NULL, rows, d, x, d, y, d, norms);
    ck_assert_uint_eq(count_wrong(rows, d, x, d, y, d, norms), 0);
    ck_assert(norms[0] == 1e-12f && norms[1] == 1e-12f && norms[2] == 1e-12f);
    ck_assert(y[0] == 0.0f && y[1] == 0.0f && y[2] == 0.0f);
    ck_assert(near((double)norms[3], 5e-12, 1e-18) && near((double)y[9], 0.6, 1e-6));
    /* Large and small rows that have one. */
    const float sizes[] = {1e-10f, 1e10f, 1e18f};
    for (size_t i = 0; i < 3; i++) {
        float row[] = {3 * sizes[i], 0, -4 * sizes[i]};
        diffmm__normalize_row(3, row);
        ck_assert(near((double)row[0], 0.6, 1e-6) && near((double)row[2], -0.8, 1e-6));
    }
}
END_TEST

START_TEST(one_row_is_as_many)
{
    static float x[most_d], y[most_d], untouched;
    for (size_t d = 0; d <= most_d; d++) {
        diffmm__normal_draws(d, 2, 0, d, x);
        diffmm__normalize_rows(NULL, 1, d, x, d, y, d, NULL);
        untouched = x[d < most_d ? d : 0];
        diffmm__normalize_row(d, x);
        ck_assert_mem_eq(x, y, d * sizeof *x);
        if (d < most_d)
            ck_assert_mem_eq(&untouched, &x[d], sizeof untouched);
    }
    float zero[] = {0, 0};
    diffmm__normalize_row(2, zero);
    ck_assert(zero[0] == 0.0f && zero[1] == 0.0f);
}
END_TEST

/* First the squares exceed floats but not the norm, then both do, then the norm is not finite. */
START_TEST(rows_too_long_to_square)
{
    enum { rows = 5, d = 40 };
    static float x[rows * d], y[rows * d], norms[rows];
    static const float sizes[rows] = {1e20f, 3e30f, 5e37f, 3e38f, 1};
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < d; j++)
            x[r * d + j] = sizes[r] * cosf((float)(r * d + j));
    diffmm__normalize_rows(NULL, rows, d, x, d, y, d, norms);
    ck_assert(norms[3] == INFINITY);
    ck_assert_uint_eq(count_wrong(rows, d, x, d, y, d, NULL), 0);
    norms[3] = 1; /* infinite is not near the true norm */
    ck_assert_uint_eq(count_wrong(3, d, x, d, y, d, norms), 0);
    for (size_t r = 0; r < rows; r++) {
        diffmm__normalize_row(d, x + r * d);
        ck_assert_mem_eq(x + r * d, y + r * d, d * sizeof *y);
    }
    const float bad[] = {NAN, 1, INFINITY, 1};
    traps_off(); /* NaN and infinity are divided */
    diffmm__normalize_rows(NULL, 2, 2, bad, 2, y, 2, norms);
    ck_assert(isnan(norms[0]) && isnan(y[0]) && norms[1] == INFINITY && isnan(y[2]));
}
END_TEST

START_TEST(largest_norm_of_rows)
{
    const float x[] = {3, 4, 0, -1, 2e20f, 0}, bad[] = {1, 1, NAN, 1, 0, 0};
    ck_assert(diffmm__largest_norm(0, 2, x) == 0.0);
    ck_assert(near(diffmm__largest_norm(2, 2, x), 5, 1e-12));
    ck_assert(near(diffmm__largest_norm(3, 2, x), 2e20, 1e14));
    ck_assert(isnan(diffmm__largest_norm(2, 2, bad)));
}
END_TEST

/* sum over elements of weight . x / max(||x||, 1e-12), for one row. */
static double objective(size_t d, const double *x, const float *weight)
{
    double square = 0, sum = 0;
    for (size_t j = 0; j < d; j++) {
        square += x[j] * x[j];
        sum += (double)weight[j] * x[j];
    }
    return sum / fmax(sqrt(square), 1e-12);
}

static void numeric_gradient(size_t d, const float *x, const float *weight, double *gradient)
{
    double at[most_d];
    for (size_t j = 0; j < d; j++)
        at[j] = (double)x[j];
    for (size_t j = 0; j < d; j++) {
        const double step = 1e-5;
        at[j] += step;
        double above = objective(d, at, weight);
        at[j] -= 2 * step;
        gradient[j] = (above - objective(d, at, weight)) / (2 * step);
        at[j] += step;
    }
}

struct backward {
    size_t rows, d;
    float *x, *y, *norms, *grad_y, *before;
};

static struct backward backward_begin(size_t rows, size_t d)
{
    struct backward b = {.rows = rows, .d = d};
    float **const arrays[] = {&b.x, &b.y, &b.norms, &b.grad_y, &b.before};
    for (size_t i = 0; i < 5; i++) {
        *arrays[i] = calloc(rows * d, sizeof **arrays[i]);
        ck_assert_ptr_nonnull(*arrays[i]);
        diffmm__normal_draws(i, 4, 0, rows * d, *arrays[i]);
    }
    diffmm__normalize_rows(NULL, rows, d, b.x, d, b.y, d, b.norms);
    return b;
}

static void backward_end(struct backward *b)
{
    free(b->x);
    free(b->y);
    free(b->norms);
    free(b->grad_y);
    free(b->before);
}

static void expect_gradient(const struct backward *b, float scale, float keep, const float *got)
{
    for (size_t r = 0; r < b->rows; r++) {
        double want[most_d];
        size_t at = r * b->d, wrong = 0;
        numeric_gradient(b->d, b->x + at, b->grad_y + at, want);
        for (size_t j = 0; j < b->d; j++) {
            double kept = keep == 0.0f ? 0.0 : (double)b->before[at + j];
            wrong += !near((double)got[at + j], kept + (double)scale * want[j],
                           2e-5 * (fabs((double)scale / (double)b->norms[r]) + fabs(kept)));
        }
        ck_assert_msg(wrong == 0, "row %zu: %zu wrong", r, wrong);
    }
}

START_TEST(backward_equals_differences)
{
    static const size_t shapes[][2] = {{1, 2}, {5, 7}, {300, 16}, {9, 64}};
    static const float settings[][2] = {{1, 0}, {1, 1}, {-0.5f, 0}, {2.5f, 1}};
    diffmm_context *contexts[context_count];
    contexts_begin(contexts);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
            struct backward b = backward_begin(shapes[s][0], shapes[s][1]);
            size_t bytes = b.rows * b.d * sizeof(float);
            float *first = malloc(bytes), *grad = malloc(bytes);
            ck_assert(first && grad);
            for (size_t c = 0; c < context_count; c++) {
                memcpy(grad, b.before, bytes);
                diffmm__normalize_rows_backward(contexts[c], b.rows, b.d, b.y, b.norms, b.grad_y,
                                                settings[k][0], settings[k][1], grad);
                if (c == 0)
                    memcpy(first, grad, bytes);
                ck_assert_mem_eq(grad, first, bytes);
            }
            expect_gradient(&b, settings[k][0], settings[k][1], grad);
            free(first);
            free(grad);
            backward_end(&b);
        }
    contexts_end(contexts);
}
END_TEST

START_TEST(backward_overwrites_or_keeps)
{
    const float y[] = {0.6f, 0.8f, 0, 0}, norms[] = {5, 1e-12f}, grad_y[] = {1, 0, 2, 0};
    float grad[] = {NAN, INFINITY, NAN, NAN};
    diffmm__normalize_rows_backward(NULL, 2, 2, y, norms, grad_y, 1, 0, grad);
    ck_assert(near((double)grad[0], 0.64 / 5, 1e-7) && near((double)grad[1], -0.48 / 5, 1e-7));
    /* The zero row: x / 1e-12 is linear. */
    ck_assert(near((double)grad[2], 2e12, 1e6) && grad[3] == 0.0f);
    float kept[] = {1, 2, 3, 4};
    diffmm__normalize_rows_backward(NULL, 1, 2, y, norms, grad_y, 10, 1, kept);
    ck_assert(near((double)kept[0], 2.28, 1e-6) && near((double)kept[1], 1.04, 1e-6));
    ck_assert(kept[2] == 3.0f && kept[3] == 4.0f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {normalizes_rows_with_strides, rows_of_no_length,
                                  rows_too_long_to_square,      largest_norm_of_rows,
                                  one_row_is_as_many,           backward_equals_differences,
                                  backward_overwrites_or_keeps};
    return run_tests("normalize_rows", tests, sizeof tests / sizeof *tests) != 0;
}
