/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/random.h"
#include "linalg/normal.h"
#include "support/failure.h"
#include "support/ulps.h"
#include "support/variants.h"

START_TEST(the_fastest_is_chosen)
{
    const struct diffmm__vector_kernels *all[most_variants];
    size_t count = variants(all);
    size_t fastest = count - 1;
#ifdef __x86_64__
    if (count == most_variants && __builtin_cpu_is("amdfam19h"))
        fastest--; /* Zen 4 (linalg/kernels.c) */
#endif
    ck_assert_ptr_eq(diffmm__kernels(), all[fastest]);
    static const char *const names[] = {"portable", "avx2", "avx512", "avx512_wide"};
    for (size_t v = 0; v < count; v++)
        ck_assert_str_eq(all[v]->name, names[v]);
}
END_TEST

/* The operands of one call, beginning at float `offset` of each array: every alignment that a float
 * may have. */
enum { room = 1400, most_rows = 5, row_room = 5 * room };

struct operands {
    size_t n, offset;
    float x[room], y[room], z[room], w[room];
    uint32_t words[room];
    float rows[row_room];
    double result;
};

static const int32_t row_numbers[] = {3, 0, 0, 4, 2, 1, 3};
static const float row_values[] = {0.5f, -1.25f, 3, 1e-3f, 0.1f, -0.7f, 2};
enum { row_count = 7 };

static const struct diffmm__adam_coefficients factors = {.beta1 = 0.9f,
                                                         .rest1 = 0.1f,
                                                         .beta2 = 0.999f,
                                                         .rest2 = 0.001f,
                                                         .step_size = 3e-3f,
                                                         .correction2 = 1.7f,
                                                         .epsilon = 1e-8f};

typedef void (*call)(const struct diffmm__vector_kernels *kernels, struct operands *o);

static void call_exp(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->exp(o->n, o->z + o->offset, o->y + o->offset);
}

static void call_tanh(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->tanh(o->n, o->z + o->offset, o->y + o->offset);
}

static void call_log(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->log(o->n, o->w + o->offset, o->y + o->offset);
}

static void call_exp_scaled_sum(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    o->result = kernels->exp_scaled_sum(o->n, 2.3f, 1.1f, o->x + o->offset);
}

static void call_bias_tanh(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->bias_tanh(o->n, o->x + o->offset, o->y + o->offset);
}

static void call_tanh_backward(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->tanh_backward(o->n, o->x + o->offset, o->y + o->offset);
}

static void call_dot(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    o->result = kernels->dot(o->n, o->x + o->offset, o->y + o->offset);
}

static void call_dot_float(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    o->result = (double)kernels->dot_float(o->n, o->x + o->offset, o->y + o->offset);
}

static void call_add_scaled(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->add_scaled(o->n, -0.3f, o->x + o->offset, o->y + o->offset);
}

static void call_scale(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->scale(o->n, 1.7f, o->x + o->offset);
}

static void call_scale_to(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->scale_to(o->n, 1.7f, o->x + o->offset, o->y + o->offset);
}

static void call_scale_difference(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->scale_difference(o->n, 1.7f, o->x + o->offset, -0.3f, o->y + o->offset, o->offset % 2,
                              o->w + o->offset);
}

static void call_add_rows(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->add_rows(o->n % (row_count + 1), row_numbers, row_values, 0.75f, o->n,
                      o->rows + o->offset, o->n % 2 ? o->y + o->offset : NULL, o->y + o->offset);
}

static void call_normal(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->normal(o->n, 17, UINT64_C(0xfffffff0) / 16, o->n % 20, o->x + o->offset);
}

static void call_bits(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->bits(o->n, 17, UINT64_C(0xfffffff0) / 16, o->n % 20, o->words + o->offset);
}

static void call_adam(const struct diffmm__vector_kernels *kernels, struct operands *o)
{
    kernels->adam(o->n, &factors, o->x + o->offset, o->y + o->offset, o->z + o->offset,
                  o->w + o->offset);
}

static const struct {
    const char *name;
    call call;
} calls[] = {{"exp", call_exp},
             {"tanh", call_tanh},
             {"log", call_log},
             {"exp_scaled_sum", call_exp_scaled_sum},
             {"bias_tanh", call_bias_tanh},
             {"tanh_backward", call_tanh_backward},
             {"dot", call_dot},
             {"dot_float", call_dot_float},
             {"add_scaled", call_add_scaled},
             {"scale", call_scale},
             {"scale_to", call_scale_to},
             {"scale_difference", call_scale_difference},
             {"add_rows", call_add_rows},
             {"normal", call_normal},
             {"bits", call_bits},
             {"adam", call_adam}};

/* x, y, rows: normal draws; z: of all magnitudes, some special; w: positive of all magnitudes. */
static void draw(struct operands *o)
{
    static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-42f, -1e-45f};
    traps_off(); /* NaN, infinity, and what overflows */
    memset(o, 0, sizeof *o);
    diffmm__normal_draws(1, 0, 0, room, o->x);
    diffmm__normal_draws(2, 0, 0, room, o->y);
    diffmm__normal_draws(3, 0, 0, room, o->z);
    diffmm__normal_draws(4, 0, 0, row_room, o->rows);
    for (size_t i = 0; i < room; i++) {
        uint64_t kind = diffmm__random_below(5, 0, i, 12);
        if (kind < 2)
            o->z[i] *= 40;
        else if (kind == 2)
            o->z[i] *= 1e-3f;
        else if (kind == 3)
            o->z[i] = special[i % (sizeof special / sizeof *special)];
        o->w[i] = exp2f((float)(250 * diffmm__random_real(6, 0, i) - 125));
    }
}

/* adam's moments are z and w: no NaN there, whose bits no processor promises. */
static void make_finite(struct operands *o)
{
    for (size_t i = 0; i < room; i++)
        o->z[i] = isfinite(o->z[i]) ? o->z[i] : 1.0f;
}

static void expect_same_bits(size_t n, size_t offset)
{
    static struct operands drawn, want, got;
    const struct diffmm__vector_kernels *all[most_variants];
    size_t count = variants(all);
    if (drawn.x[0] == 0.0f)
        draw(&drawn);
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        want = drawn;
        want.n = n;
        want.offset = offset;
        if (calls[c].call == call_adam)
            make_finite(&want);
        got = want;
        calls[c].call(all[0], &want);
        const struct operands begin = got;
        for (size_t v = 1; v < count; v++) {
            got = begin;
            calls[c].call(all[v], &got);
            ck_assert_msg(memcmp(&got, &want, sizeof got) == 0,
                          "%s: %s differs for n = %zu, offset %zu", calls[c].name, all[v]->name, n,
                          offset);
        }
    }
}

START_TEST(every_variant_gives_the_same_bits)
{
    for (size_t n = 0; n <= 70; n++)
        for (size_t offset = 0; offset < 4; offset++)
            expect_same_bits(n, offset + (n % 3) * 4);
    expect_same_bits(255, 1);
    expect_same_bits(1024 + 16 + 3, 2);
    expect_same_bits(1337, 0);
}
END_TEST

static bool near(double got, double want, double bound)
{
    return fabs(got - want) <= bound;
}

/* Lengths around a lane, and around the stretches that are summed in floats. */
static const size_t lengths[] = {0, 1, 15, 16, 17, 64, 255, 256, 257, 1023, 1024, 1025, 1391};
enum { length_count = sizeof lengths / sizeof *lengths };

START_TEST(dots)
{
    static struct operands o;
    draw(&o);
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    for (size_t l = 0; l < length_count; l++) {
        double sum = 0, magnitude = 0;
        for (size_t i = 0; i < lengths[l]; i++) {
            sum += (double)o.x[i] * (double)o.y[i];
            magnitude += fabs((double)o.x[i] * (double)o.y[i]);
        }
        /* A stretch of 256 adds 15 products to each lane; then 4 halvings. */
        double dot = kernels->dot(lengths[l], o.x, o.y);
        ck_assert(near(dot, sum, 36 * 0x1p-24 * magnitude));
        double dot_float = (double)kernels->dot_float(lengths[l], o.x, o.y);
        ck_assert(near(dot_float, sum, ((double)lengths[l] / 16 + 21) * 0x1p-24 * magnitude));
    }
}
END_TEST

/* Finite operands have a finite dot product, also where its terms are no floats. */
START_TEST(dots_that_overflow_as_floats)
{
    static struct operands o;
    const struct diffmm__vector_kernels *all[most_variants];
    size_t count = variants(all);
    draw(&o);
    for (size_t l = 1; l < length_count; l++) {
        double sum = 0, magnitude = 0;
        for (size_t i = 0; i < lengths[l]; i++) {
            o.x[i] = ldexpf(1 + (float)(i % 13), i % 5 ? 90 : 0);
            o.y[i] = ldexpf(i % 3 ? 1 : -1, i % 7 ? 3 : 120);
            sum += (double)o.x[i] * (double)o.y[i];
            magnitude += fabs((double)o.x[i] * (double)o.y[i]);
        }
        o.y[0] = -3e38f;
        sum += (double)o.x[0] * ((double)o.y[0] + 0x1p120);
        for (size_t v = 0; v < count; v++)
            ck_assert(near(all[v]->dot(lengths[l], o.x, o.y), sum, 0x1p-20 * magnitude + 1e33));
    }
    const float large[] = {3e38f, -3e38f}, other[] = {3e38f, 3e38f}, bad[] = {INFINITY, 1};
    ck_assert(all[0]->dot(2, large, other) == 0.0);
    ck_assert(isfinite(all[0]->dot(2, other, other)) && isinf(all[0]->dot(2, bad, other)));
}
END_TEST

START_TEST(exp_with_its_sum)
{
    static struct operands o;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const float scale = 2.3f, shift = 1.1f;
    for (size_t l = 0; l < length_count; l++) {
        draw(&o);
        float before[room];
        memcpy(before, o.x, sizeof before);
        double got = kernels->exp_scaled_sum(lengths[l], scale, shift, o.x), sum = 0;
        for (size_t i = 0; i < lengths[l]; i++) {
            float argument = scale * before[i];
            argument -= shift;
            ck_assert(ulps(o.x[i], exp((double)argument)) <= 2);
            sum += (double)o.x[i];
        }
        ck_assert(near(got, sum, 70 * 0x1p-24 * sum));
        ck_assert(o.x[lengths[l]] == before[lengths[l]]);
    }
}
END_TEST

/* y = factor x, and z = factor (y - along x), apart and in place. */
static void check_scaled(size_t n, const struct operands *before)
{
    static struct operands o;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    const float factor = 1.7f, along = -0.3f;
    for (int in_place = 0; in_place < 2; in_place++) {
        o = *before;
        float *to = in_place ? o.x : o.y;
        const float *untouched = in_place ? before->x : before->y;
        kernels->scale_to(n, factor, o.x, to);
        for (size_t i = 0; i < room; i++)
            ck_assert(to[i] == (i < n ? factor * before->x[i] : untouched[i]));
        for (int add_to = 0; add_to < 2; add_to++) {
            o = *before;
            kernels->scale_difference(n, factor, o.y, along, o.x, add_to, in_place ? o.y : o.w);
            const float *z = in_place ? o.y : o.w, *old = in_place ? before->y : before->w;
            for (size_t i = 0; i < room; i++) {
                float off = along * before->x[i], value = factor * (before->y[i] - off);
                float expected = add_to ? old[i] + value : value;
                ck_assert(z[i] == (i < n ? expected : old[i]));
            }
        }
    }
}

START_TEST(element_by_element)
{
    static struct operands before, o;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    draw(&before);
    for (size_t l = 0; l < length_count; l++) {
        size_t n = lengths[l];
        o = before;
        kernels->add_scaled(n, -0.3f, o.x, o.y);
        for (size_t i = 0; i < room; i++) {
            double x = (double)before.x[i], y = (double)before.y[i], added = (double)-0.3f * x;
            ck_assert(i < n ? near((double)o.y[i], y + added, 0x1p-23 * (fabs(added) + fabs(y)))
                            : o.y[i] == before.y[i]);
        }
        o = before;
        kernels->scale(n, 1.7f, o.x);
        for (size_t i = 0; i < room; i++)
            ck_assert(o.x[i] == (i < n ? 1.7f * before.x[i] : before.x[i]));
        check_scaled(n, &before);
        o = before;
        kernels->bias_tanh(n, o.x, o.y);
        for (size_t i = 0; i < room; i++)
            ck_assert(i < n ? ulps(o.y[i], tanh((double)(before.y[i] + before.x[i]))) <= 2
                            : o.y[i] == before.y[i]);
        o = before;
        kernels->tanh_backward(n, o.x, o.y);
        for (size_t i = 0; i < room; i++) {
            double a = (double)before.x[i], dz = (double)before.y[i];
            ck_assert(i < n
                          ? near((double)o.y[i], dz * (1 - a * a), 0x1p-22 * fabs(dz) * (1 + a * a))
                          : o.y[i] == before.y[i]);
        }
    }
}
END_TEST

START_TEST(sparse_rows)
{
    static struct operands before, o;
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    draw(&before);
    for (size_t l = 0; l < length_count; l++)
        for (size_t count = 0; count <= row_count; count++) {
            size_t d = lengths[l];
            o = before;
            const float *const starts[] = {o.y, o.x, NULL}, *start = starts[(l + count) % 3];
            kernels->add_rows(count, row_numbers, row_values, 0.5f, d, o.rows, start, o.y);
            size_t wrong = 0;
            for (size_t j = 0; j < room; j++) {
                double want = (double)before.y[j];
                if (j < d)
                    want = start == NULL ? 0.0 : start == o.x ? (double)o.x[j] : want;
                double magnitude = fabs(want);
                for (size_t e = 0; j < d && e < count; e++) {
                    double row = (double)o.rows[(size_t)row_numbers[e] * d + j];
                    want += 0.5 * (double)row_values[e] * row;
                    magnitude += fabs(0.5 * (double)row_values[e] * row);
                }
                wrong += !near((double)o.y[j], want, (double)(count + 1) * 0x1p-24 * magnitude);
            }
            ck_assert_uint_eq(wrong, 0);
        }
}
END_TEST

START_TEST(adam_steps)
{
    static struct operands before, o;
    draw(&before);
    make_finite(&before);
    for (size_t l = 0; l < length_count; l++) {
        o = before;
        o.n = lengths[l];
        call_adam(diffmm__kernels(), &o);
        const double beta1 = (double)factors.beta1, beta2 = (double)factors.beta2;
        const double rest1 = (double)factors.rest1, rest2 = (double)factors.rest2;
        for (size_t i = 0; i < room; i++) {
            if (i >= o.n) {
                ck_assert(o.x[i] == before.x[i] && o.z[i] == before.z[i] && o.w[i] == before.w[i]);
                continue;
            }
            double g = (double)before.y[i], old = (double)before.z[i], square = (double)before.w[i];
            double m = beta1 * old + rest1 * g, v = beta2 * square + rest2 * g * g;
            double m_error = 3 * 0x1p-24 * (beta1 * fabs(old) + rest1 * fabs(g));
            ck_assert(near((double)o.z[i], m, m_error + 0x1p-148));
            ck_assert(near((double)o.w[i], v, 5 * 0x1p-24 * v + 0x1p-148));
            double root = sqrt(v) * (double)factors.correction2 + (double)factors.epsilon;
            double step = (double)factors.step_size / root, x = (double)before.x[i];
            ck_assert(
                near((double)o.x[i], x - step * m,
                     step * (m_error + 10 * 0x1p-24 * fabs(m)) + 0x1p-24 * fabs(x - step * m)));
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_fastest_is_chosen,
                                  every_variant_gives_the_same_bits,
                                  dots,
                                  dots_that_overflow_as_floats,
                                  exp_with_its_sum,
                                  element_by_element,
                                  sparse_rows,
                                  adam_steps};
    return run_tests("vector_kernels", tests, sizeof tests / sizeof *tests) != 0;
}
