/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "linalg/blis.h"
#include "linalg/gemm.h"
#include "linalg/normal.h"
#include "support/failure.h"
#include "support/guarded.h"
#include "support/sanitizers.h"

/* The shape of a product; rows of each array are `gap` floats longer than they need be. */
struct product {
    size_t m, n, k, gap;
    bool a_transposed, b_transposed;
    float alpha, beta;
};

struct arrays {
    float *a, *b, *c;
    size_t a_size, b_size, c_size, a_stride, b_stride, c_stride;
};

/* Up to the last element of the last row: the gap after it does not belong to the array. */
static size_t span(size_t rows, size_t columns, size_t stride)
{
    return rows && columns ? (rows - 1) * stride + columns : 0;
}

static struct arrays sizes_of(const struct product *p)
{
    struct arrays r;
    size_t a_rows = p->a_transposed ? p->k : p->m, a_columns = p->a_transposed ? p->m : p->k;
    size_t b_rows = p->b_transposed ? p->n : p->k, b_columns = p->b_transposed ? p->k : p->n;
    r.a_stride = a_columns + p->gap;
    r.b_stride = b_columns + p->gap;
    r.c_stride = p->n + p->gap;
    r.a_size = span(a_rows, a_columns, r.a_stride);
    r.b_size = span(b_rows, b_columns, r.b_stride);
    r.c_size = span(p->m, p->n, r.c_stride);
    return r;
}

static float *draw(size_t count, uint64_t seed)
{
    float *x = malloc((count + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    diffmm__normal_draws(seed, 0, 0, count, x);
    return x;
}

static struct arrays begin(const struct product *p, uint64_t seed)
{
    struct arrays r = sizes_of(p);
    r.a = draw(r.a_size, seed);
    r.b = draw(r.b_size, seed + 1);
    r.c = draw(r.c_size, seed + 2);
    return r;
}

static void end(struct arrays *r)
{
    free(r->a);
    free(r->b);
    free(r->c);
}

static float *copy_of(const float *x, size_t count)
{
    float *copy = malloc((count + 1) * sizeof *copy);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, x, count * sizeof *copy);
    return copy;
}

static struct diffmm__matrix operand(const float *data, size_t stride, bool transposed)
{
    return transposed ? diffmm__transposed(data, stride) : diffmm__plain(data, stride);
}

static void serial(const struct product *p, const struct arrays *r, float *c)
{
    diffmm__gemm_serial(p->m, p->n, p->k, p->alpha, operand(r->a, r->a_stride, p->a_transposed),
                        operand(r->b, r->b_stride, p->b_transposed), p->beta, c, r->c_stride);
}

static void parallel(const diffmm_context *context, const struct product *p, const struct arrays *r,
                     float *c)
{
    diffmm__gemm(context, p->m, p->n, p->k, p->alpha, operand(r->a, r->a_stride, p->a_transposed),
                 operand(r->b, r->b_stride, p->b_transposed), p->beta, c, r->c_stride);
}

/* Each element of `got` against a double loop, with `before` what C held. Sums of k rounded
 * products in any order are within (k + 3) 2^-24 of the sum of magnitudes. */
static bool right(const struct product *p, const struct arrays *r, const float *before,
                  const float *got)
{
    size_t a_row = p->a_transposed ? 1 : r->a_stride, a_column = p->a_transposed ? r->a_stride : 1;
    size_t b_row = p->b_transposed ? 1 : r->b_stride, b_column = p->b_transposed ? r->b_stride : 1;
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            const float *a = r->a + i * a_row, *b = r->b + j * b_column;
            double sum = 0, magnitude = 0;
            for (size_t l = 0; l < p->k; l++) {
                double term = (double)a[l * a_column] * (double)b[l * b_row];
                sum += term;
                magnitude += fabs(term);
            }
            size_t at = i * r->c_stride + j;
            double old = p->beta == 0.0f ? 0.0 : (double)p->beta * (double)before[at];
            double want = (double)p->alpha * sum + old;
            double bound =
                ((double)p->k + 3) * 0x1p-24 * (fabs((double)p->alpha) * magnitude + fabs(old));
            if (!(fabs((double)got[at] - want) <= bound))
                return false;
        }
    return true;
}

static bool gaps_untouched(const struct product *p, const struct arrays *r, const float *before,
                           const float *after)
{
    for (size_t i = 0; i + 1 < p->m && p->n > 0; i++)
        if (memcmp(before + i * r->c_stride + p->n, after + i * r->c_stride + p->n,
                   p->gap * sizeof *after) != 0)
            return false;
    return true;
}

static void expect_right(const struct product *p, const struct arrays *r, const float *before,
                         const float *got)
{
    if (right(p, r, before, got) && gaps_untouched(p, r, before, got))
        return;
    ck_abort_msg("wrong: %zu x %zu x %zu, gap %zu, a %d, b %d, alpha %g, beta %g", p->m, p->n, p->k,
                 p->gap, p->a_transposed, p->b_transposed, (double)p->alpha, (double)p->beta);
}

/* Call `check` with all combinations of transposes. */
static void each_transpose(struct product p, void (*check)(const struct product *))
{
    for (int transposes = 0; transposes < 4; transposes++) {
        p.a_transposed = transposes & 1;
        p.b_transposed = transposes & 2;
        check(&p);
    }
}

static const float scales[][2] = {{1, 0}, {1, 1}, {-0.5f, 1}, {2.5f, 0.3f}, {0, 0}, {0, 0.7f}};
enum { scale_count = sizeof scales / sizeof *scales };

static void check_serial(const struct product *shape)
{
    for (size_t s = 0; s < scale_count; s++) {
        struct product p = *shape;
        p.alpha = scales[s][0];
        p.beta = scales[s][1];
        struct arrays r = begin(&p, s);
        float *c = copy_of(r.c, r.c_size);
        serial(&p, &r, c);
        expect_right(&p, &r, r.c, c);
        free(c);
        end(&r);
    }
}

START_TEST(equals_a_double_loop)
{
    static const size_t sizes[] = {1, 2, 5, 16, 17, 33, 70};
    enum { count = sizeof sizes / sizeof *sizes };
    for (size_t i = 0; i < count * count * count; i++) {
        const struct product p = {.m = sizes[i % count],
                                  .n = sizes[i / count % count],
                                  .k = sizes[i / count / count],
                                  .gap = i % 3};
        each_transpose(p, check_serial);
    }
    each_transpose((struct product){.m = 3, .n = 40, .k = 2000}, check_serial);
}
END_TEST

/* Where the product is cut into tiles: the same bits for any number of threads. */
static const struct product large[] = {{.m = 700, .n = 40, .k = 60, .gap = 3},
                                       {.m = 40, .n = 2100, .k = 30},
                                       {.m = 600, .n = 1100, .k = 33, .gap = 1},
                                       {.m = 1, .n = 3000, .k = 100},
                                       {.m = 3000, .n = 1, .k = 100},
                                       {.m = 65, .n = 65, .k = 65}};

enum { context_count = 3 };
static diffmm_context *contexts[context_count]; /* of 1, 2, 4 threads */

static void check_threads(const struct product *shape)
{
    static const float some[][2] = {{1, 0}, {0.7f, 1}, {1, 0.3f}};
    for (size_t s = 0; s < sizeof some / sizeof *some; s++) {
        struct product p = *shape;
        p.alpha = some[s][0];
        p.beta = some[s][1];
        struct arrays r = begin(&p, 5);
        float *want = copy_of(r.c, r.c_size);
        parallel(NULL, &p, &r, want);
        if (s == 0)
            expect_right(&p, &r, r.c, want);
        for (size_t i = 0; i < context_count; i++) {
            float *c = copy_of(r.c, r.c_size);
            parallel(contexts[i], &p, &r, c);
            ck_assert_mem_eq(c, want, r.c_size * sizeof *c);
            free(c);
        }
        free(want);
        end(&r);
    }
}

START_TEST(threads_give_the_same_bits)
{
    for (size_t i = 0; i < context_count; i++)
        expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = (size_t)1 << i},
                                             &contexts[i]));
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        each_transpose(large[i], check_threads);
    for (size_t i = 0; i < context_count; i++)
        diffmm_context_destroy(contexts[i]);
}
END_TEST

/* Rows `first` .. of the product alone have the bits that they have in the whole. */
static void expect_rows(const struct product *whole, const struct arrays *r, const float *c,
                        size_t first, size_t rows)
{
    struct product p = *whole;
    p.m = rows;
    struct arrays part = *r;
    part.a += first * (p.a_transposed ? 1 : r->a_stride);
    float *alone = copy_of(r->c + first * r->c_stride, span(rows, p.n, r->c_stride));
    parallel(NULL, &p, &part, alone);
    for (size_t i = 0; i < rows; i++)
        if (memcmp(alone + i * r->c_stride, c + (first + i) * r->c_stride, p.n * sizeof *c) != 0)
            ck_abort_msg("row %zu of %zu x %zu x %zu (a %d, b %d, beta %g) differs among %zu",
                         first + i, whole->m, p.n, p.k, p.a_transposed, p.b_transposed,
                         (double)p.beta, rows);
    free(alone);
}

static void check_rows(const struct product *shape)
{
    for (int beta = 0; beta < 2; beta++) {
        struct product p = *shape;
        p.alpha = 1.3f;
        p.beta = (float)beta;
        struct arrays r = begin(&p, 9);
        float *c = copy_of(r.c, r.c_size);
        parallel(NULL, &p, &r, c);
        static const size_t counts[] = {1, 2, 3, 5, 6, 7, 12, 16, 17, 31};
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            for (size_t first = 0; first + counts[i] <= p.m; first += p.m / 3 + 1)
                expect_rows(&p, &r, c, first, counts[i]);
        free(c);
        end(&r);
    }
}

START_TEST(a_row_does_not_depend_on_the_others)
{
    static const struct product shapes[] = {{.m = 40, .n = 1, .k = 64},
                                            {.m = 40, .n = 7, .k = 3},
                                            {.m = 40, .n = 64, .k = 64, .gap = 2},
                                            {.m = 40, .n = 100, .k = 600},
                                            {.m = 40, .n = 16, .k = 1},
                                            {.m = 300, .n = 70, .k = 64},
                                            {.m = 33, .n = 1500, .k = 50},
                                            {.m = 700, .n = 33, .k = 40}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        each_transpose(shapes[i], check_rows);
}
END_TEST

static void check_overwrites(const struct product *shape)
{
    static const float old[] = {NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        struct product p = *shape;
        p.alpha = i < 2 ? 1.0f : 0.0f;
        struct arrays r = begin(&p, 3);
        for (size_t j = 0; j < r.c_size; j++)
            r.c[j] = old[i % 2];
        float *c = copy_of(r.c, r.c_size), *d = copy_of(r.c, r.c_size);
        serial(&p, &r, c);
        expect_right(&p, &r, r.c, c);
        parallel(NULL, &p, &r, d);
        expect_right(&p, &r, r.c, d);
        free(c);
        free(d);
        end(&r);
    }
}

START_TEST(beta_0_overwrites_whatever_there_is)
{
    static const struct product shapes[] = {{.m = 1, .n = 1, .k = 1},
                                            {.m = 5, .n = 7, .k = 3, .gap = 2},
                                            {.m = 33, .n = 40, .k = 50},
                                            {.m = 600, .n = 50, .k = 20, .gap = 1},
                                            {.m = 9, .n = 11, .k = 0, .gap = 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        each_transpose(shapes[i], check_overwrites);
}
END_TEST

static void check_empty(const struct product *shape)
{
    check_serial(shape);
    struct product p = *shape;
    p.alpha = 1;
    p.beta = 0.5f;
    struct arrays r = begin(&p, 3);
    float *c = copy_of(r.c, r.c_size);
    parallel(NULL, &p, &r, c);
    expect_right(&p, &r, r.c, c);
    free(c);
    end(&r);
}

START_TEST(nothing_to_add_or_nowhere)
{
    static const struct product shapes[] = {{.m = 9, .n = 11, .k = 0, .gap = 2},
                                            {.m = 1, .n = 1, .k = 0},
                                            {.m = 0, .n = 5, .k = 3},
                                            {.m = 5, .n = 0, .k = 3},
                                            {.m = 0, .n = 0, .k = 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        each_transpose(shapes[i], check_empty);
}
END_TEST

/* Small shapes, with each operand directly next to pages that fault: `before` its first byte, or
 * behind its last. */
struct sweep {
    struct guarded a, b, c;
    struct arrays values; /* drawn once, for the largest shape */
    bool at_end;
};

static struct sweep sweep;

static void check_guarded(const struct product *shape)
{
    for (int beta = 0; beta < 2; beta++) {
        struct product p = *shape;
        p.alpha = 1;
        p.beta = (float)beta;
        struct arrays r = sizes_of(&p);
        r.a = guarded_place(&sweep.a, r.a_size, sweep.at_end);
        r.b = guarded_place(&sweep.b, r.b_size, sweep.at_end);
        r.c = guarded_place(&sweep.c, r.c_size, sweep.at_end);
        memcpy(r.a, sweep.values.a, r.a_size * sizeof *r.a);
        memcpy(r.b, sweep.values.b, r.b_size * sizeof *r.b);
        memcpy(r.c, sweep.values.c, r.c_size * sizeof *r.c);
        serial(&p, &r, r.c);
        expect_right(&p, &r, sweep.values.c, r.c);
    }
}

START_TEST(stays_within_its_operands)
{
#ifdef TESTS_ADDRESS_SANITIZER
    const size_t limit = 12;
#else
    const size_t limit = 18;
#endif
    const struct product largest = {.m = 40, .n = 40, .k = 40, .gap = 1};
    sweep.values = begin(&largest, 1);
    sweep.a = guarded_begin(sweep.values.a_size);
    sweep.b = guarded_begin(sweep.values.b_size);
    sweep.c = guarded_begin(sweep.values.c_size);
    for (int at_end = 0; at_end < 2; at_end++) {
        sweep.at_end = at_end;
        for (size_t m = 1; m <= limit; m++)
            for (size_t n = 1; n <= limit; n++)
                for (size_t k = 0; k <= limit; k++)
                    each_transpose((struct product){.m = m, .n = n, .k = k}, check_guarded);
        /* Larger than a register tile, and rows with gaps. */
        for (size_t size = 13; size <= 40; size += 3)
            for (size_t other = 1; other <= 40; other += 13) {
                const size_t gap = size % 2;
                each_transpose((struct product){size, other, 7, .gap = gap}, check_guarded);
                each_transpose((struct product){other, size, 9, .gap = gap}, check_guarded);
                each_transpose((struct product){other, other, size, .gap = gap}, check_guarded);
            }
    }
    guarded_end(&sweep.a);
    guarded_end(&sweep.b);
    guarded_end(&sweep.c);
    end(&sweep.values);
}
END_TEST

START_TEST(says_what_it_is)
{
    ck_assert_uint_gt(strlen(diffmm__blis_version()), 0);
    ck_assert_uint_gt(strlen(diffmm__blis_architecture()), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_double_loop,
                                  threads_give_the_same_bits,
                                  a_row_does_not_depend_on_the_others,
                                  beta_0_overwrites_whatever_there_is,
                                  nothing_to_add_or_nowhere,
                                  stays_within_its_operands,
                                  says_what_it_is};
    return run_tests("gemm", tests, sizeof tests / sizeof *tests) != 0;
}
