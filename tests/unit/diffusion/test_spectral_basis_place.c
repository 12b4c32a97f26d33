/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/spectral_basis_place.h"

#include <math.h>
#include <stdlib.h>

#include <diffmm/diffusion.h>

#include "support/contexts.h"
#include "support/draws.h"
#include "support/failing.h"

enum { items = 60, width = 3, rank = 5, fresh = 9 };

/* B = weight x (features times a matrix) + noise; and new items. */
struct world {
    float features[items * width], basis[items * rank], fresh_features[fresh * width];
    double map[width * rank];
};

static struct world begin(double weight, double noise)
{
    struct world w = {{0}, {0}, {0}, {0}};
    struct draws draws = {7};
    draw_normals(&draws, items * width, 2.0, w.features);
    draw_normals(&draws, fresh * width, 2.0, w.fresh_features);
    for (size_t k = 0; k < width * rank; k++)
        w.map[k] = draw_normal(&draws);
    for (size_t i = 0; i < items; i++)
        for (size_t r = 0; r < rank; r++) {
            double sum = 0.5 + noise * draw_normal(&draws);
            for (size_t c = 0; c < width; c++)
                sum += weight * (double)w.features[i * width + c] * w.map[c * rank + r];
            w.basis[i * rank + r] = (float)sum;
        }
    return w;
}

static diffmm_status place(const diffmm_context *context, const struct world *w, float *out)
{
    const struct diffmm__spectral_placement placement = {.items = items,
                                                         .feature_columns = width,
                                                         .features = w->features,
                                                         .rank = rank,
                                                         .basis = w->basis,
                                                         .seed = 1,
                                                         .stream = 9};
    return diffmm__spectral_basis_place(context, &placement, fresh, w->fresh_features, out);
}

/* Without noise, what is linear is placed exactly. */
START_TEST(a_linear_relation_is_continued)
{
    struct world w = begin(1.0, 0.0);
    float out[fresh * rank];
    expect_success(place(NULL, &w, out));
    for (size_t i = 0; i < fresh; i++)
        for (size_t r = 0; r < rank; r++) {
            double wanted = 0.5;
            for (size_t c = 0; c < width; c++)
                wanted += (double)w.fresh_features[i * width + c] * w.map[c * rank + r];
            ck_assert_double_eq_tol((double)out[i * rank + r], wanted, 1e-4);
        }
}
END_TEST

/* x = A^-1 b for a small positive definite A, by Gauss's elimination. */
static void eliminate(double a[width][width], size_t columns, double *b)
{
    for (size_t k = 0; k < width; k++)
        for (size_t r = 0; r < width; r++) {
            double factor = r == k ? 0.0 : a[r][k] / a[k][k];
            for (size_t c = 0; c < width; c++)
                a[r][c] -= factor * a[k][c];
            for (size_t c = 0; c < columns; c++)
                b[r * columns + c] -= factor * b[k * columns + c];
        }
    for (size_t k = 0; k < width; k++)
        for (size_t c = 0; c < columns; c++)
            b[k * columns + c] /= a[k][k];
}

struct oracle {
    double features[items][width], mean[width], basis[items][rank], basis_mean[rank];
};

static struct oracle centre(const struct world *w)
{
    struct oracle o = {{{0}}, {0}, {{0}}, {0}};
    for (size_t i = 0; i < items; i++) {
        for (size_t c = 0; c < width; c++)
            o.mean[c] += (double)w->features[i * width + c] / items;
        for (size_t r = 0; r < rank; r++)
            o.basis_mean[r] += (double)w->basis[i * rank + r] / items;
    }
    for (size_t i = 0; i < items; i++) {
        for (size_t c = 0; c < width; c++)
            o.features[i][c] = (double)w->features[i * width + c] - o.mean[c];
        for (size_t r = 0; r < rank; r++)
            o.basis[i][r] = (double)w->basis[i * rank + r] - o.basis_mean[r];
    }
    return o;
}

/* (F^T F + lambda)^-1 times F^T x, for x with `columns` columns. */
static void solve(const struct oracle *o, double lambda, size_t columns, const double *x,
                  double *out)
{
    double gram[width][width] = {{0}};
    memset(out, 0, width * columns * sizeof *out);
    for (size_t c = 0; c < width; c++) {
        gram[c][c] = lambda;
        for (size_t i = 0; i < items; i++) {
            for (size_t e = 0; e < width; e++)
                gram[c][e] += o->features[i][c] * o->features[i][e];
            for (size_t k = 0; k < columns; k++)
                out[c * columns + k] += o->features[i][c] * x[i * columns + k];
        }
    }
    eliminate(gram, columns, out);
}

/* GCV as it stands: the squared residuals, and the trace of the matrix that maps B onto its fit. */
static double cross_validate(const struct oracle *o, double lambda)
{
    double map[width * rank], unit[width * items], identity[items * items] = {0};
    double square = 0.0, trace = 1.0;
    for (size_t i = 0; i < items; i++)
        identity[i * items + i] = 1.0;
    solve(o, lambda, rank, &o->basis[0][0], map);
    solve(o, lambda, items, identity, unit);
    for (size_t i = 0; i < items; i++) {
        for (size_t r = 0; r < rank; r++) {
            double left = o->basis[i][r];
            for (size_t c = 0; c < width; c++)
                left -= o->features[i][c] * map[c * rank + r];
            square += left * left;
        }
        for (size_t c = 0; c < width; c++)
            trace += o->features[i][c] * unit[c * items + i];
    }
    return square / ((1.0 - trace / items) * (1.0 - trace / items));
}

/* Of the ridges 10^-6 .. 10^3 times the mean eigenvalue, the best by GCV; from little noise to
 * nothing but noise, for which the best is not the least. */
START_TEST(equals_ridge_regression_with_the_ridge_of_cross_validation)
{
    static const double weights[] = {1.0, 0.05, 0.0};
    double chosen[3];
    for (size_t k = 0; k < 3; k++) {
        struct world w = begin(weights[k], 1.0);
        struct oracle o = centre(&w);
        double trace = 0.0, best = INFINITY, map[width * rank];
        for (size_t i = 0; i < items; i++)
            for (size_t c = 0; c < width; c++)
                trace += o.features[i][c] * o.features[i][c];
        for (int power = 3; power >= -6; power--) {
            double lambda = trace / width * pow(10.0, power), error = cross_validate(&o, lambda);
            if (error < best) {
                best = error;
                chosen[k] = lambda;
            }
        }
        solve(&o, chosen[k], rank, &o.basis[0][0], map);
        float out[fresh * rank];
        expect_success(place(NULL, &w, out));
        for (size_t i = 0; i < fresh; i++)
            for (size_t r = 0; r < rank; r++) {
                double wanted = o.basis_mean[r];
                for (size_t c = 0; c < width; c++)
                    wanted +=
                        ((double)w.fresh_features[i * width + c] - o.mean[c]) * map[c * rank + r];
                ck_assert_double_eq_tol((double)out[i * rank + r], wanted, 1e-5);
            }
    }
    ck_assert_double_lt(chosen[0], chosen[2]);
}
END_TEST

/* Features that tell nothing give the mean of B. */
START_TEST(constant_features_give_the_mean)
{
    struct world w = begin(1.0, 0.1);
    for (size_t k = 0; k < items * width; k++)
        w.features[k] = 0.1f;
    struct oracle o = centre(&w);
    float out[fresh * rank];
    expect_success(place(NULL, &w, out));
    for (size_t k = 0; k < fresh * rank; k++)
        ck_assert_double_eq_tol((double)out[k], o.basis_mean[k % rank], 1e-6);
}
END_TEST

/* As many features as items and more: what is fitted stays within what B is. */
START_TEST(more_features_than_items)
{
    enum { wide = 700 };
    struct world w = begin(1.0, 0.1);
    float *features = malloc(items * wide * sizeof *features), out[items * rank];
    struct draws draws = {3};
    draw_normals(&draws, items * wide, 1.0, features);
    const struct diffmm__spectral_placement placement = {.items = items,
                                                         .feature_columns = wide,
                                                         .features = features,
                                                         .rank = rank,
                                                         .basis = w.basis};
    expect_success(diffmm__spectral_basis_place(NULL, &placement, items, features, out));
    for (size_t k = 0; k < items * rank; k++)
        ck_assert(fabs((double)out[k]) < 30.0);
    free(features);
}
END_TEST

START_TEST(features_far_outside_are_refused)
{
    struct world w = begin(1.0, 0.1);
    float out[fresh * rank] = {77.0f};
    w.fresh_features[4 * width + 1] = 1e20f;
    expect_failure(place(NULL, &w, out), DIFFMM_ERROR_NUMERIC, "row 4, column 1");
    ck_assert_float_eq(out[0], 77.0f);
}
END_TEST

/* Each row alone, against all together. */
START_TEST(rows_do_not_depend_on_each_other)
{
    struct world w = begin(1.0, 0.5);
    float all[fresh * rank], alone[fresh * rank], other[fresh * rank];
    expect_success(place(NULL, &w, all));
    for (size_t i = 0; i < fresh; i++) {
        struct world changed = w;
        for (size_t k = 0; k < fresh * width; k++)
            if (k / width != i)
                changed.fresh_features[k] = 0.0f;
        expect_success(place(NULL, &changed, other));
        memcpy(alone + i * rank, other + i * rank, rank * sizeof *alone);
    }
    ck_assert_mem_eq(all, alone, sizeof all);
}
END_TEST

static void place_into(diffmm_context *context, void *argument, void *out)
{
    expect_success(place(context, argument, out));
}

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    struct world w = begin(1.0, 0.5);
    expect_same_bits(fresh * rank * sizeof(float), place_into, &w);
}
END_TEST

static diffmm_status without_memory(void *context)
{
    struct world w = begin(1.0, 0.5);
    float out[fresh * rank];
    return place(context, &w, out);
}

START_TEST(survives_no_memory)
{
    expect_survives_no_memory(without_memory);
}
END_TEST

START_TEST(the_public_function_computes_the_same)
{
    struct world w = begin(1.0, 0.5);
    float wanted[fresh * rank], got[fresh * rank];
    diffmm_spectral_basis_place_arguments arguments = {.struct_size = sizeof arguments,
                                                       .items = items,
                                                       .feature_columns = width,
                                                       .features = w.features,
                                                       .rank = rank,
                                                       .basis = w.basis,
                                                       .new_items = fresh,
                                                       .new_features = w.fresh_features,
                                                       .seed = 1,
                                                       .placed = got};
    expect_success(place(NULL, &w, wanted));
    expect_success(diffmm_spectral_basis_place_with(NULL, &arguments));
    for (size_t k = 0; k < fresh * rank; k++) /* random starts differ */
        ck_assert_double_eq_tol((double)got[k], (double)wanted[k], 1e-5);
    arguments.new_items = 0;
    arguments.new_features = NULL;
    arguments.placed = NULL;
    expect_success(diffmm_spectral_basis_place_with(NULL, &arguments));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_linear_relation_is_continued,
                                  equals_ridge_regression_with_the_ridge_of_cross_validation,
                                  constant_features_give_the_mean,
                                  more_features_than_items,
                                  features_far_outside_are_refused,
                                  rows_do_not_depend_on_each_other,
                                  any_number_of_threads_gives_the_same_bits,
                                  survives_no_memory,
                                  the_public_function_computes_the_same};
    return run_tests("spectral_basis_place", tests, sizeof tests / sizeof *tests) != 0;
}
