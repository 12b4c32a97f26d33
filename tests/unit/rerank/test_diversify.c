/* SPDX-License-Identifier: BSD-2-Clause */
/* Maximal marginal relevance against the formula as it stands, written down anew for each hit. */
#include <float.h>
#include <math.h>

#include "drawn_hits.h"
#include "serve/scorer.h"
#include "support/model_world.h"
#include "support/small_model.h"

enum { users = 5, items = 90, d = 9, most = 60 };

static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;

/* Some rows are copies of others; item 5 is 0. */
static void begin(void)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    model = small_model(context, users, items, d, false);
    float *rows = model->final + users * d;
    for (size_t i = 60; i < items; i++)
        memcpy(rows + i * d, rows + i % 20 * d, d * sizeof *rows);
    memset(rows + 5 * d, 0, d * sizeof *rows);
    expect_success(diffmm_scorer_create(model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

static double cosine(size_t n, const float *x, const float *y)
{
    double dot = 0, xx = 0, yy = 0;
    for (size_t j = 0; j < n; j++) {
        dot += (double)x[j] * (double)y[j];
        xx += (double)x[j] * (double)x[j];
        yy += (double)y[j] * (double)y[j];
    }
    return xx > 0 && yy > 0 ? dot / sqrt(xx * yy) : 0;
}

/* lambda r - (1 - lambda) max cos of a hit, after `taken` hits have been taken. */
static double marginal(const float *rows, size_t width, double lambda, size_t count,
                       const diffmm_hit *hits, size_t taken, const diffmm_hit *out, diffmm_hit hit)
{
    double low = INFINITY, high = -INFINITY, nearest = taken ? -INFINITY : 0;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, (double)hits[i].score);
        high = fmax(high, (double)hits[i].score);
    }
    for (size_t j = 0; j < taken; j++)
        nearest = fmax(nearest, cosine(width, rows + (size_t)hit.item * width,
                                       rows + (size_t)out[j].item * width));
    return lambda * (high > low ? ((double)hit.score - low) / (high - low) : 1) -
           (1 - lambda) * nearest;
}

static bool has(size_t count, const diffmm_hit *hits, diffmm_hit hit)
{
    for (size_t i = 0; i < count; i++)
        if (same_hit(hits[i], hit))
            return true;
    return false;
}

/* Each hit taken is, of those left, the best by the formula, and where the library computes as the
 * formula does, the first of them: copies of rows have the same cosine. `rows` are `width` wide. */
static void expect_best(const float *rows, size_t width, double lambda, size_t count,
                        const diffmm_hit *hits, size_t found, const diffmm_hit *out)
{
    for (size_t n = 0; n < found; n++) {
        double got = marginal(rows, width, lambda, count, hits, n, out, out[n]);
        ck_assert(has(count, hits, out[n]) && !has(n, out, out[n]));
        for (size_t i = 0; i < count; i++) {
            if (has(n, out, hits[i]))
                continue;
            double other = marginal(rows, width, lambda, count, hits, n, out, hits[i]);
            if (other > got + 1e-6)
                ck_abort_msg("place %zu: item %d has %.9g, but item %d has %.9g", n, out[n].item,
                             got, hits[i].item, other);
        }
    }
}

static void compare(const diffmm_scorer *of, const char *modality, const float *rows, size_t width,
                    size_t total)
{
    static const double lambdas[] = {0, .3, .7, 1};
    for (uint64_t seed = 0; seed < 48; seed++) {
        double lambda = lambdas[seed % 4], scratch[2 * most];
        size_t count = 1 + diffmm__random_below(seed, 1, 0, total < most ? total : most), found = 0;
        size_t wanted = 1 + diffmm__random_below(seed, 2, 0, most);
        diffmm_hit hits[most], out[most];
        draw_hits(seed, total, count, seed % 3 == 0, hits);
        mark_hits(most, out);
        expect_success(
            diffmm_diversify(of, modality, lambda, count, hits, wanted, scratch, out, &found));
        ck_assert_uint_eq(found, wanted < count ? wanted : count);
        expect_marked(found, most, out);
        ck_assert(same_hit(out[0], hits[0]) || lambda == 0);
        expect_best(rows, width, lambda, count, hits, found, out);
    }
}

START_TEST(by_final_embeddings)
{
    begin();
    compare(scorer, NULL, model->final + users * d, d, items);
    end();
}
END_TEST

START_TEST(by_the_features_of_a_modality)
{
    struct model_world world;
    diffmm_scorer *served;
    model_world_begin(&(struct model_case){.users = 20, .items = 70, .d = 8, .layers = 1}, &world);
    expect_success(diffmm_model_forward(world.model));
    expect_success(diffmm_scorer_create(world.model, &served));
    for (size_t m = 0; m < diffmm_scorer_modalities(served); m++)
        compare(served, diffmm_scorer_modality_name(served, m), served->fold_in->content[m], 8, 70);
    /* The modalities are told apart. */
    diffmm_hit hits[70], out[2][70];
    double scratch[140];
    size_t found;
    draw_hits(3, 70, 70, true, hits);
    for (size_t m = 0; m < 2; m++)
        expect_success(diffmm_diversify(served, diffmm_scorer_modality_name(served, m), .3, 70,
                                        hits, 70, scratch, out[m], &found));
    ck_assert_mem_ne(out[0], out[1], sizeof out[0]);
    diffmm_scorer_destroy(served);
    model_world_end(&world);
}
END_TEST

/* With lambda 1 nothing changes; and scores count only by where they lie between the ends. */
START_TEST(lambda_and_the_scale_of_scores)
{
    diffmm_hit hits[most], scaled[most], out[most], again[most];
    double scratch[2 * most];
    size_t found;
    begin();
    draw_hits(4, items, most, false, hits);
    for (size_t i = 0; i < most; i++)
        scaled[i] = (diffmm_hit){.item = hits[i].item, .score = hits[i].score * 1024};
    expect_success(diffmm_diversify(scorer, NULL, 1, most, hits, most, scratch, out, &found));
    ck_assert_mem_eq(out, hits, sizeof out);
    expect_success(diffmm_diversify(scorer, NULL, .5, most, hits, 20, scratch, out, &found));
    expect_success(diffmm_diversify(scorer, NULL, .5, most, scaled, 20, scratch, again, &found));
    for (size_t i = 0; i < 20; i++)
        ck_assert_int_eq(out[i].item, again[i].item);
    /* Items 0, 20 (its own row) and 60 (a copy of 0's): the copy comes last. */
    const diffmm_hit three[] = {{0, 3}, {60, 2.9f}, {20, 2}};
    expect_success(diffmm_diversify(scorer, NULL, .2, 3, three, 3, scratch, out, &found));
    ck_assert(out[0].item == 0 && out[1].item == 20 && out[2].item == 60);
    ck_assert_float_eq(out[2].score, 2.9f);
    /* Hits alike in all: the earlier one first. */
    const diffmm_hit alike[] = {{80, 1}, {60, 1}, {0, 1}};
    expect_success(diffmm_diversify(scorer, NULL, .5, 3, alike, 3, scratch, out, &found));
    ck_assert_mem_eq(out, alike, sizeof alike);
    end();
}
END_TEST

START_TEST(large_and_small_rows)
{
    diffmm_hit hits[20], out[20], again[20];
    double scratch[40];
    size_t found;
    begin();
    draw_hits(9, 50, 20, false, hits);
    expect_success(diffmm_diversify(scorer, NULL, .4, 20, hits, 20, scratch, out, &found));
    for (size_t i = users * d; i < (users + items) * d; i++)
        model->final[i] *= 0x1p100f;
    for (size_t i = 0; i < users * d; i++)
        model->final[i] *= 0x1p-100f;
    diffmm_scorer_destroy(scorer);
    expect_success(diffmm_scorer_create(model, &scorer));
    const diffmm_hit far[] = {{1, FLT_MAX}, {2, 0}, {3, -FLT_MAX}};
    expect_success(diffmm_diversify(scorer, NULL, .4, 20, hits, 20, scratch, again, &found));
    ck_assert_mem_eq(out, again, sizeof out);
    expect_success(diffmm_diversify(scorer, NULL, .9, 3, far, 3, scratch, out, &found));
    ck_assert_int_eq(out[0].item, 1);
    end();
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_hit good[] = {{1, 2}, {3, 1}}, beyond[] = {{1, 2}, {items, 1}},
                     below[] = {{-1, 2}}, no_number[] = {{1, 2}, {3, NAN}};
    double s[4];
    diffmm_hit out[2];
    size_t n = 77;
    begin();
    traps_off(); /* NaN is handed over */
    mark_hits(2, out);
    expect_invalid(diffmm_diversify(NULL, NULL, 0, 2, good, 2, s, out, &n), "scorer");
    expect_invalid(diffmm_diversify(scorer, NULL, 1.5, 2, good, 2, s, out, &n), "lambda is 1.5");
    expect_invalid(diffmm_diversify(scorer, NULL, -.1, 2, good, 2, s, out, &n), "lambda is -0.1");
    expect_invalid(diffmm_diversify(scorer, NULL, NAN, 2, good, 2, s, out, &n), "lambda is");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, 2, NULL, 2, s, out, &n), "hits");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, 2, good, 2, NULL, out, &n), "scratch");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, 2, good, 2, s, NULL, &n), "out");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, 2, good, 2, s, out, NULL), "found");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, 2, beyond, 2, s, out, &n),
                   "hits[1].item is 90, but there are 90 items");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, 1, below, 2, s, out, &n),
                   "hits[0].item is -1");
    expect_invalid(diffmm_diversify(scorer, NULL, 0, SIZE_MAX, good, 2, s, out, &n), "hits");
    expect_failure(diffmm_diversify(scorer, NULL, 0, 2, no_number, 2, s, out, &n),
                   DIFFMM_ERROR_NUMERIC, "hits[1].score");
    expect_failure(diffmm_diversify(scorer, "image", 0, 2, good, 2, s, out, &n), DIFFMM_ERROR_STATE,
                   "fold-in");
    ck_assert_uint_eq(n, 77);
    expect_marked(0, 2, out);
    expect_success(diffmm_diversify(scorer, NULL, 0, 0, NULL, 2, NULL, out, &n));
    ck_assert_uint_eq(n, 0);
    expect_success(diffmm_diversify(scorer, NULL, 0, 2, good, 0, s, NULL, &n));
    ck_assert_uint_eq(n, 0);
    end();
}
END_TEST

START_TEST(a_modality_that_is_none)
{
    struct model_world world;
    diffmm_scorer *served;
    const diffmm_hit good[] = {{1, 2}, {3, 1}};
    double s[4];
    diffmm_hit out[2];
    size_t n;
    model_world_begin(&(struct model_case){0}, &world);
    expect_success(diffmm_model_forward(world.model));
    expect_success(diffmm_scorer_create(world.model, &served));
    expect_failure(diffmm_diversify(served, "smell", 0, 2, good, 2, s, out, &n),
                   DIFFMM_ERROR_NOT_FOUND, "'smell'");
    diffmm_scorer_destroy(served);
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        by_final_embeddings,  by_the_features_of_a_modality, lambda_and_the_scale_of_scores,
        large_and_small_rows, bad_arguments_are_named,       a_modality_that_is_none};
    return run_tests("diversify", tests, sizeof tests / sizeof *tests) != 0;
}
