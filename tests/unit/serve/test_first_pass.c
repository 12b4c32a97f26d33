/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever the rows and vectors are like, no row that reaches the bound is left out; and of rows that
 * are easy to tell apart, most are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/normalize_rows.h"
#include "linalg/panels.h"
#include "serve/first_pass_create.h"
#include "support/draws.h"
#include "support/failing.h"
#include "support/failure.h"

enum { most_rows = 2500, most_d = 200, vectors = 12, most_values = most_rows * most_d };

static float x[most_values], q[vectors * (DIFFMM__FIRST_PASS_WIDTH + 1)];

/* Of independent coordinates; of few directions; of scales that differ by a million; of few distinct
 * values, with rows of zeros; of one large coordinate. */
enum kind { NORMAL, LOW_RANK, SCALED, TIED, SPIKED, KINDS };

static void draw_rows(struct draws *draws, enum kind kind, size_t rows, size_t d, float *out)
{
    float basis[3 * most_d];
    draw_normals(draws, 3 * d, 1.0, basis);
    draw_normals(draws, rows * d, kind == LOW_RANK ? 0.02 : 1.0, out);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < d; j++) {
            float *value = &out[i * d + j];
            if (kind == LOW_RANK)
                *value += cosf((float)i) * basis[j] + sinf(3 * (float)i) * basis[d + j];
            else if (kind == SCALED)
                *value *= powf(10.0f, (float)(i % 7) - 3);
            else if (kind == TIED)
                *value = i % 50 == 7 ? 0.0f : rintf(*value);
            else if (kind == SPIKED && j == i % 3)
                *value *= 1000.0f;
        }
}

static struct diffmm__first_pass *make(const diffmm_context *context, size_t rows, size_t d,
                                       size_t stride)
{
    struct diffmm__first_pass *pass;
    const struct diffmm__first_pass_input input = {.rows = rows,
                                                   .d = d,
                                                   .stride = stride,
                                                   .x = x,
                                                   .largest = diffmm__largest_norm(rows, stride, x),
                                                   .vectors = vectors,
                                                   .vector_stride = d,
                                                   .vector = q,
                                                   .largest_vector =
                                                       diffmm__largest_norm(vectors, d, q)};
    expect_success(diffmm__first_pass_create(context, &input, &pass));
    return pass;
}

static float score_of(const float *vector, const float *row, size_t d, bool cosine)
{
    if (!cosine)
        return diffmm__panel_score(d, vector, row);
    double dot = 0.0, vv = 0.0, rr = 0.0;
    for (size_t j = 0; j < d; j++) {
        dot += (double)vector[j] * row[j];
        vv += (double)vector[j] * vector[j];
        rr += (double)row[j] * row[j];
    }
    return rr > 0.0 ? (float)(dot / sqrt(vv * rr)) : 0.0f;
}

static int descending(const void *a, const void *b)
{
    float y = *(const float *)a, z = *(const float *)b;
    return (y < z) - (y > z);
}

/* How many rows pass, in all, at bounds that are scores themselves. */
static size_t check_vector(const struct diffmm__first_pass *pass, const float *vector,
                           size_t stride, bool cosine)
{
    static struct diffmm__first_pass_aim aim;
    static float scores[most_rows], sorted[most_rows];
    static const size_t ranks[] = {0, 4, 19, 100};
    size_t passed = 0;
    ck_assert(diffmm__first_pass_begin(pass, vector, cosine, &aim));
    for (size_t i = 0; i < pass->rows; i++)
        sorted[i] = scores[i] = score_of(vector, x + i * stride, pass->d, cosine);
    qsort(sorted, pass->rows, sizeof *sorted, descending);
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks && ranks[r] < pass->rows; r++) {
        float bound = sorted[ranks[r]];
        for (size_t first = 0; first < pass->rows; first += DIFFMM__FIRST_PASS_TILE) {
            int32_t numbers[DIFFMM__FIRST_PASS_TILE];
            size_t left = pass->rows - first, at = 0;
            size_t count = left < DIFFMM__FIRST_PASS_TILE ? left : DIFFMM__FIRST_PASS_TILE;
            size_t found = diffmm__first_pass_run(&aim, first, count, bound, numbers);
            passed += found;
            for (size_t i = first; i < first + count; i++) {
                bool in = at < found && numbers[at] == (int32_t)i;
                if (scores[i] >= bound && !in)
                    ck_abort_msg("row %zu of score %.9g is left out at %.9g", i, (double)scores[i],
                                 (double)bound);
                at += in;
            }
            ck_assert_uint_eq(at, found); /* ascending, and within the tile */
        }
    }
    return passed;
}

START_TEST(none_that_reaches_the_bound_is_left_out)
{
    static const size_t widths[] = {1, 3, 16, 33, 64, most_d}, counts[] = {1, 17, 700, most_rows};
    for (enum kind kind = NORMAL; kind < KINDS; kind++)
        for (size_t w = 0; w < 6; w++)
            for (size_t c = 0; c < 4; c++) {
                struct draws draws = {100 * w + c};
                size_t d = widths[w], rows = counts[c];
                draw_rows(&draws, kind, rows, d, x);
                draw_rows(&draws, kind, vectors, d, q);
                struct diffmm__first_pass *pass = make(NULL, rows, d, d);
                for (size_t b = 0; pass && b < vectors; b++)
                    if (diffmm__largest_norm(1, d, q + b * d) > 0.0) {
                        check_vector(pass, q + b * d, d, false);
                        check_vector(pass, q + b * d, d, true);
                    }
                ck_assert(pass || diffmm__largest_norm(rows, d, x) == 0.0);
                diffmm__first_pass_destroy(pass);
            }
}
END_TEST

/* Rows within longer rows, at sizes far from 1. */
START_TEST(strides_and_sizes)
{
    for (int exponent = -45; exponent <= 45; exponent += 15) {
        struct draws draws = {7};
        size_t rows = 900, d = 24, stride = 40;
        draw_normals(&draws, rows * stride, ldexp(1.0, exponent), x);
        draw_normals(&draws, vectors * d, ldexp(1.0, -exponent / 3), q);
        struct diffmm__first_pass *pass = make(NULL, rows, d, stride);
        ck_assert_ptr_nonnull(pass);
        for (size_t b = 0; b < vectors; b++) {
            check_vector(pass, q + b * d, stride, false);
            check_vector(pass, q + b * d, stride, true);
        }
        diffmm__first_pass_destroy(pass);
    }
}
END_TEST

/* At the four bounds, 125 rows reach them. */
START_TEST(most_rows_are_left_out)
{
    size_t d = 64, passed;
    for (enum kind kind = NORMAL; kind <= LOW_RANK; kind++) {
        struct draws draws = {3};
        draw_rows(&draws, kind, most_rows, d, x);
        draw_rows(&draws, kind, vectors, d, q);
        struct diffmm__first_pass *pass = make(NULL, most_rows, d, d);
        if (kind == LOW_RANK)
            ck_assert_uint_lt(pass->head.count, 24);
        for (size_t b = 0; b < vectors; b++) {
            passed = check_vector(pass, q + b * d, d, false);
            ck_assert_uint_ge(passed, 125);
            ck_assert_uint_lt(passed, kind == NORMAL ? 250 : 1000);
        }
        ck_assert_uint_le(diffmm__first_pass_held(pass), diffmm__first_pass_bytes(most_rows, d));
        diffmm__first_pass_destroy(pass);
    }
}
END_TEST

START_TEST(what_is_not_fit_has_none)
{
    static struct diffmm__first_pass_aim aim;
    struct draws draws = {1};
    draw_normals(&draws, 200, 0x1p-60, x);
    draw_normals(&draws, vectors * 10, 1.0, q);
    ck_assert_ptr_null(make(NULL, 20, 10, 10));
    draw_normals(&draws, 200, 0x1p60, x);
    ck_assert_ptr_null(make(NULL, 20, 10, 10));
    memset(x, 0, sizeof x);
    ck_assert_ptr_null(make(NULL, 20, 10, 10));
    draw_normals(&draws, most_values, 1.0, x);
    ck_assert_ptr_null(make(NULL, 2, DIFFMM__FIRST_PASS_WIDTH + 1, DIFFMM__FIRST_PASS_WIDTH + 1));
    struct diffmm__first_pass *pass = make(NULL, 20, 10, 10);
    const float zero[10] = {0}, large[10] = {0x1p60f}, small[10] = {0x1p-60f};
    ck_assert(!diffmm__first_pass_begin(pass, zero, false, &aim));
    ck_assert(!diffmm__first_pass_begin(pass, large, false, &aim));
    ck_assert(!diffmm__first_pass_begin(pass, small, true, &aim));
    ck_assert(diffmm__first_pass_begin(pass, q, true, &aim));
    diffmm__first_pass_destroy(pass);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    struct draws draws = {9};
    size_t rows = most_rows, d = 40;
    draw_rows(&draws, LOW_RANK, rows, d, x);
    draw_rows(&draws, LOW_RANK, vectors, d, q);
    struct failing allocations = {0};
    struct diffmm__first_pass *alone = make(NULL, rows, d, d);
    diffmm_context *context = failing_context(&allocations, 3);
    struct diffmm__first_pass *pass = make(context, rows, d, d);
    ck_assert(pass->head.count == alone->head.count && pass->largest == alone->largest &&
              pass->head.rest == alone->head.rest && pass->tail.code_norm == alone->tail.code_norm);
    ck_assert_mem_eq(pass->tails, alone->tails, rows * pass->tail.bytes);
    diffmm__first_pass_destroy(pass);
    diffmm__first_pass_destroy(alone);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {none_that_reaches_the_bound_is_left_out, strides_and_sizes,
                                  most_rows_are_left_out, what_is_not_fit_has_none,
                                  threads_do_not_matter};
    return run_tests("first_pass", tests, sizeof tests / sizeof *tests) != 0;
}
