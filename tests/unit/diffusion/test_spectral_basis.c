/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/spectral_basis.h"

#include <math.h>
#include <stdlib.h>

#include <diffmm/diffusion.h>

#include "base/streams.h"
#include "spectral_basis_numbers.h"
#include "support/contexts.h"
#include "support/counting.h"
#include "support/draws.h"
#include "support/failing.h"

struct world {
    struct diffmm__csr train;
    float *features, *vectors, *basis;
    struct diffmm__spectral_source source;
};

/* Users and items of groups, which like their own; features that tell of the groups; and three
 * vectors to project. As world() of spectral_basis_numbers.py. */
static struct world begin_world(const struct numbers *n)
{
    struct world w = {0};
    struct draws draws = {n->seed};
    expect_success(
        diffmm__csr_begin(NULL, n->users, n->items, n->users * n->items, false, &w.train));
    w.features = calloc(n->items * n->width + 1, sizeof *w.features);
    w.vectors = calloc(n->items * 3, sizeof *w.vectors);
    w.basis = calloc(n->items * n->rank, sizeof *w.basis);
    ck_assert(w.features && w.vectors && w.basis);
    int64_t entries = 0;
    w.train.pointers[0] = 0;
    for (size_t u = 0; u < n->users; u++) {
        for (size_t i = 0; i < n->items; i++) {
            size_t group = i % n->groups;
            double like = u % n->groups == group ? 0.5 + 0.05 * (double)group : 0.05;
            if (draw_real(&draws) < like)
                w.train.indices[entries++] = (int32_t)i;
        }
        w.train.pointers[u + 1] = entries;
    }
    for (size_t i = 0; i < n->items; i++)
        for (size_t c = 0; c < n->width; c++) {
            size_t group = i % n->groups;
            w.features[i * n->width + c] = (float)(3.0 * (group == c) + (double)group * (c == 1) +
                                                   2.0 * draw_real(&draws) + 5.0);
        }
    for (size_t i = 0; i < 3 * n->items; i++)
        w.vectors[i] = (float)draw_real(&draws);
    w.source = (struct diffmm__spectral_source){.feature_columns = n->width,
                                                .features = n->width ? w.features : NULL,
                                                .rank = n->rank,
                                                .seed = 5,
                                                .stream = 77};
    return w;
}

static void end_world(struct world *w)
{
    diffmm__csr_end(NULL, &w->train);
    free(w->features);
    free(w->vectors);
    free(w->basis);
}

static diffmm_status compute(const diffmm_context *context, const struct world *w, float *basis)
{
    struct diffmm__spectral_source source = w->source;
    source.train = &w->train;
    return diffmm__spectral_basis_compute(context, &source, basis);
}

static void expect_orthonormal(size_t items, size_t rank, const float *basis)
{
    for (size_t i = 0; i < rank; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.0;
            for (size_t r = 0; r < items; r++)
                sum += (double)basis[r * rank + i] * (double)basis[r * rank + j];
            if (!(fabs(sum - (i == j)) < 1e-6))
                ck_abort_msg("columns %zu and %zu of %zu have the product %.9g", i, j, rank, sum);
        }
}

/* out = B B^T x, for `count` columns. */
static void project(size_t items, size_t rank, const float *basis, size_t count, const float *x,
                    double *out)
{
    double *inside = calloc(rank * count, sizeof *inside);
    ck_assert_ptr_nonnull(inside);
    for (size_t i = 0; i < items; i++)
        for (size_t r = 0; r < rank; r++)
            for (size_t c = 0; c < count; c++)
                inside[r * count + c] += (double)basis[i * rank + r] * (double)x[i * count + c];
    memset(out, 0, items * count * sizeof *out);
    for (size_t i = 0; i < items; i++)
        for (size_t r = 0; r < rank; r++)
            for (size_t c = 0; c < count; c++)
                out[i * count + c] += (double)basis[i * rank + r] * inside[r * count + c];
    free(inside);
}

/* Within what the iteration leaves when the captured energy grows by less than a millionth. */
START_TEST(equals_the_singular_value_decomposition)
{
    for (size_t k = 0; k < sizeof all_numbers / sizeof *all_numbers; k++) {
        const struct numbers *n = &all_numbers[k];
        struct world w = begin_world(n);
        double *projected = malloc(n->items * 3 * sizeof *projected);
        expect_success(compute(NULL, &w, w.basis));
        expect_orthonormal(n->items, n->rank, w.basis);
        project(n->items, n->rank, w.basis, 3, w.vectors, projected);
        for (size_t i = 0; i < n->items * 3; i++)
            if (!(fabs(projected[i] - (double)n->projected[i]) < 1e-4))
                ck_abort_msg("%s: number %zu is %.7g, not %.7g", n->name, i, projected[i],
                             (double)n->projected[i]);
        free(projected);
        end_world(&w);
    }
}
END_TEST

/* Popularity and the constant are the first two directions, whatever the rank. */
START_TEST(begins_with_popularity_and_the_constant)
{
    for (size_t rank = 1; rank <= 3; rank++) {
        struct numbers n = all_numbers[1];
        n.rank = rank;
        struct world w = begin_world(&n);
        float known[90 * 2] = {0};
        double projected[90 * 2];
        expect_success(compute(NULL, &w, w.basis));
        expect_orthonormal(n.items, rank, w.basis);
        for (int64_t e = 0; e < w.train.pointers[n.users]; e++)
            known[w.train.indices[e] * 2] += 1.0f;
        for (size_t i = 0; i < n.items; i++)
            known[i * 2 + 1] = 1.0f;
        project(n.items, rank, w.basis, 2, known, projected);
        for (size_t i = 0; i < n.items; i++) {
            ck_assert_double_eq_tol(projected[i * 2], (double)known[i * 2], 1e-4);
            ck_assert(rank == 1 || fabs(projected[i * 2 + 1] - 1.0) < 1e-5);
        }
        end_world(&w);
    }
}
END_TEST

/* Users like whole groups, and nothing else: six directions hold all of their rows. */
START_TEST(planted_structure_is_recovered)
{
    struct numbers n = all_numbers[1];
    n.rank = 12;
    struct world w = begin_world(&n);
    int64_t entries = 0;
    for (size_t u = 0; u < n.users; u++) {
        for (size_t i = 0; i < n.items; i++)
            if (i % n.groups == u % n.groups || i % n.groups == u / n.groups % n.groups)
                w.train.indices[entries++] = (int32_t)i;
        w.train.pointers[u + 1] = entries;
    }
    expect_success(compute(NULL, &w, w.basis));
    expect_orthonormal(n.items, n.rank, w.basis);
    for (size_t u = 0; u < n.users; u++) {
        float row[90] = {0};
        double projected[90];
        for (int64_t e = w.train.pointers[u]; e < w.train.pointers[u + 1]; e++)
            row[w.train.indices[e]] = 1.0f;
        project(n.items, n.rank, w.basis, 1, row, projected);
        for (size_t i = 0; i < n.items; i++)
            ck_assert_double_eq_tol(projected[i], (double)row[i], 1e-5);
    }
    end_world(&w);
}
END_TEST

static void change_nothing(struct world *w, const struct numbers *n)
{
    (void)w, (void)n;
}

static void empty_the_matrix(struct world *w, const struct numbers *n)
{
    memset(w->train.pointers, 0, (n->users + 1) * sizeof *w->train.pointers);
}

/* Items 0 and 1 only; the others have no interactions. */
static void leave_two_items(struct world *w, const struct numbers *n)
{
    for (size_t u = 0; u < n->users; u++) {
        w->train.indices[2 * u] = 0;
        w->train.indices[2 * u + 1] = 1;
        w->train.pointers[u + 1] = 2 * (int64_t)(u + 1);
    }
}

static void make_features_constant(struct world *w, const struct numbers *n)
{
    for (size_t i = 0; i < n->items; i++)
        for (size_t c = 0; c < n->width; c++)
            w->features[i * n->width + c] = 0.1f + (float)c;
}

static void make_columns_alike(struct world *w, const struct numbers *n)
{
    for (size_t i = 0; i < n->items; i++)
        for (size_t c = 0; c < n->width; c++)
            w->features[i * n->width + c] = (float)(c + 1) * w->features[i * n->width];
}

static void make_features_large(struct world *w, const struct numbers *n)
{
    for (size_t i = 0; i < n->items * n->width; i++)
        w->features[i] = (i % 2 ? -2e37f : 2e37f) * w->features[i];
}

static void make_features_small(struct world *w, const struct numbers *n)
{
    for (size_t i = 0; i < n->items * n->width; i++)
        w->features[i] *= 0x1p-120f;
}

/* Data that have fewer directions than the rank, up to a rank of all items. */
START_TEST(degenerate_data_give_full_bases)
{
    static void (*const changes[])(struct world *, const struct numbers *) = {
        change_nothing,     empty_the_matrix,    leave_two_items,    make_features_constant,
        make_columns_alike, make_features_large, make_features_small};
    static const size_t items[] = {1, 2, 3, 5, 14, 40};
    for (size_t c = 0; c < sizeof changes / sizeof *changes; c++)
        for (size_t s = 0; s < sizeof items / sizeof *items; s++)
            for (size_t rank = 1; rank <= items[s];
                 rank += rank < 4 || rank + 1 >= items[s] ? 1 : items[s] - rank - 1) {
                struct numbers n = {.users = 6, .items = items[s], .groups = 3, .width = 7};
                n.rank = rank;
                struct world w = begin_world(&n);
                if (changes[c] != leave_two_items || n.items > 1)
                    changes[c](&w, &n);
                expect_success(compute(NULL, &w, w.basis));
                expect_orthonormal(n.items, rank, w.basis);
                end_world(&w);
            }
}
END_TEST

/* What the features leave over goes to the interactions: with constant features, the basis is that
 * of no features. */
START_TEST(directions_that_features_lack_go_to_the_interactions)
{
    struct numbers n = all_numbers[1];
    struct world w = begin_world(&n), without = begin_world(&n);
    make_features_constant(&w, &n);
    without.source.feature_columns = 0;
    without.source.features = NULL;
    expect_success(compute(NULL, &w, w.basis));
    expect_success(compute(NULL, &without, without.basis));
    ck_assert_mem_eq(w.basis, without.basis, n.items * n.rank * sizeof *w.basis);
    end_world(&w);
    end_world(&without);
}
END_TEST

/* Of users without items, and no users at all. */
START_TEST(users_may_be_none)
{
    struct numbers n = {.users = 0, .items = 8, .groups = 2, .width = 2, .rank = 6};
    struct world w = begin_world(&n);
    expect_success(compute(NULL, &w, w.basis));
    expect_orthonormal(n.items, n.rank, w.basis);
    end_world(&w);
}
END_TEST

static void compute_into(diffmm_context *context, void *argument, void *out)
{
    expect_success(compute(context, argument, out));
}

/* Users of several blocks, items of several blocks, and columns of several panels. */
START_TEST(any_number_of_threads_gives_the_same_bits)
{
    struct numbers n = {.users = 300, .items = 2100, .groups = 40, .width = 60, .rank = 120};
    struct world w = begin_world(&n);
    expect_same_bits(n.items * n.rank * sizeof *w.basis, compute_into, &w);
    end_world(&w);
}
END_TEST

/* The same seed and stream give the same basis; others give other random directions. */
START_TEST(seed_and_stream_decide)
{
    struct numbers n = all_numbers[1];
    struct world w = begin_world(&n);
    size_t size = n.items * n.rank * sizeof *w.basis;
    float *other = malloc(size);
    empty_the_matrix(&w, &n);
    expect_success(compute(NULL, &w, w.basis));
    expect_success(compute(NULL, &w, other));
    ck_assert_mem_eq(w.basis, other, size);
    w.source.seed++;
    expect_success(compute(NULL, &w, other));
    ck_assert_mem_ne(w.basis, other, size);
    w.source.seed--;
    w.source.stream += DIFFMM__SPECTRAL_STREAMS;
    expect_success(compute(NULL, &w, other));
    ck_assert_mem_ne(w.basis, other, size);
    free(other);
    end_world(&w);
}
END_TEST

static struct world memory_world;

static diffmm_status without_memory(void *context)
{
    return compute(context, &memory_world, memory_world.basis);
}

START_TEST(survives_no_memory)
{
    memory_world = begin_world(&all_numbers[1]);
    expect_survives_no_memory(without_memory);
    end_world(&memory_world);
}
END_TEST

/* The forecast is the peak; with features it may be more, as these might lack directions. */
START_TEST(forecast_is_the_peak)
{
    for (size_t k = 0; k < sizeof all_numbers / sizeof *all_numbers; k++) {
        const struct numbers *n = &all_numbers[k];
        struct world w = begin_world(n);
        struct counter counter = {0};
        diffmm_context *context = counting_context(&counter, 2);
        size_t before = counter.now;
        counter.peak = before;
        expect_success(compute(context, &w, w.basis));
        size_t used = counter.peak - before;
        size_t forecast = diffmm__spectral_basis_bytes(
            n->users, n->items, diffmm__csr_entries(&w.train), n->width, n->rank);
        ck_assert_uint_eq(counter.now, before);
        ck_assert_uint_le(used, forecast);
        ck_assert(n->width ? used * 2 > forecast : used == forecast);
        diffmm_context_destroy(context);
        end_world(&w);
    }
    ck_assert_uint_eq(diffmm__spectral_basis_bytes(10, SIZE_MAX / 8, 10, 0, 100), SIZE_MAX);
}
END_TEST

START_TEST(work_grows_with_each_size)
{
    double small = diffmm__spectral_basis_flops(1000, 10000, 100, 64);
    ck_assert_double_gt(small, 0.0);
    ck_assert_double_gt(diffmm__spectral_basis_flops(2000, 10000, 100, 64), small);
    ck_assert_double_gt(diffmm__spectral_basis_flops(1000, 20000, 100, 64), small);
    ck_assert_double_gt(diffmm__spectral_basis_flops(1000, 10000, 200, 64), small);
    ck_assert_double_gt(diffmm__spectral_basis_flops(1000, 10000, 100, 128), small);
}
END_TEST

/* diffmm_spectral_basis_with() draws from the streams of no modality. */
static diffmm_status compute_public(diffmm_context *context, const struct world *w, float *basis)
{
    const diffmm_spectral_basis_arguments arguments = {.struct_size = sizeof arguments,
                                                       .users = w->train.rows,
                                                       .items = w->train.columns,
                                                       .row_pointers = w->train.pointers,
                                                       .row_items = w->train.indices,
                                                       .feature_columns = w->source.feature_columns,
                                                       .features = w->source.features,
                                                       .rank = w->source.rank,
                                                       .seed = w->source.seed,
                                                       .basis = basis};
    return diffmm_spectral_basis_with(context, &arguments);
}

START_TEST(the_public_function_computes_the_same)
{
    for (size_t k = 0; k < sizeof all_numbers / sizeof *all_numbers; k++) {
        struct world w = begin_world(&all_numbers[k]);
        size_t size = all_numbers[k].items * all_numbers[k].rank * sizeof *w.basis;
        float *other = malloc(size);
        w.source.stream = diffmm__stream_spectral_basis(DIFFMM__NO_MODALITY);
        expect_success(compute(NULL, &w, w.basis));
        expect_success(compute_public(NULL, &w, other));
        ck_assert_mem_eq(w.basis, other, size);
        free(other);
        end_world(&w);
    }
}
END_TEST

static diffmm_status public_without_memory(void *context)
{
    memory_world.basis[0] = 77.0f;
    diffmm_status status = compute_public(context, &memory_world, memory_world.basis);
    ck_assert(!status || memory_world.basis[0] == 77.0f);
    return status;
}

START_TEST(a_failure_leaves_the_output_as_it_was)
{
    memory_world = begin_world(&all_numbers[1]);
    expect_survives_no_memory(public_without_memory);
    end_world(&memory_world);
}
END_TEST

START_TEST(wrong_arguments_are_named)
{
    struct world w = begin_world(&all_numbers[0]);
    w.source.rank = 15;
    expect_invalid(compute_public(NULL, &w, w.basis), "rank is 15, not 1 to 14");
    w.source.rank = 3;
    w.train.indices[1] = w.train.indices[0];
    expect_invalid(compute_public(NULL, &w, w.basis), "row_items[1]");
    w.train.columns = 5000;
    w.source.rank = 4097;
    expect_invalid(compute_public(NULL, &w, w.basis), "rank is 4097, not 1 to 4096");
    w.train.columns = 14;
    end_world(&w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_singular_value_decomposition,
                                  begins_with_popularity_and_the_constant,
                                  planted_structure_is_recovered,
                                  degenerate_data_give_full_bases,
                                  directions_that_features_lack_go_to_the_interactions,
                                  users_may_be_none,
                                  any_number_of_threads_gives_the_same_bits,
                                  seed_and_stream_decide,
                                  survives_no_memory,
                                  the_public_function_computes_the_same,
                                  a_failure_leaves_the_output_as_it_was,
                                  wrong_arguments_are_named,
                                  forecast_is_the_peak,
                                  work_grows_with_each_size};
    return run_tests("spectral_basis", tests, sizeof tests / sizeof *tests) != 0;
}
