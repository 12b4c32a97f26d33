/* SPDX-License-Identifier: BSD-2-Clause */
#include <float.h>
#include <math.h>

#include "naive_ranking.h"

enum { users = 40, items = 600, d = 9 };

static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;

/* Some rows are copies of others, so that scores tie; user 3 and item 5 are 0. */
static void begin(void)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    model = small_model(context, users, items, d, false);
    float *final = model->final;
    for (size_t i = 100; i < 200; i++)
        memcpy(final + (users + i) * d, final + (users + i % 20) * d, d * sizeof *final);
    memset(final + 3 * d, 0, d * sizeof *final);
    memset(final + (users + 5) * d, 0, d * sizeof *final);
    expect_success(diffmm_scorer_create(model, &scorer));
    expect_success(diffmm_scorer_set_search(scorer, ranking_search));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

static double likeness(const float *x, const float *y, diffmm_similarity similarity)
{
    double dot = 0, xx = 0, yy = 0;
    for (size_t j = 0; j < d; j++) {
        dot += (double)x[j] * (double)y[j];
        xx += (double)x[j] * (double)x[j];
        yy += (double)y[j] * (double)y[j];
    }
    if (similarity == DIFFMM_DOT)
        return dot;
    return xx > 0 && yy > 0 ? dot / sqrt(xx * yy) : 0;
}

/* The scores that the library gives, each close to the exact one. */
static void all_scores(bool of_users, int32_t number, diffmm_similarity similarity, float *scores)
{
    size_t total = of_users ? users : items, found;
    const float *rows = of_users ? model->final : model->final + users * d;
    static diffmm_hit hits[items];
    const diffmm_query query = {.struct_size = sizeof query, .count = total};
    expect_success((of_users ? diffmm_similar_users : diffmm_similar_items)(
        scorer, number, similarity, &query, hits, &found));
    ck_assert_uint_eq(found, total - 1);
    scores[number] = 0;
    for (size_t i = 0; i < found; i++) {
        double exact = likeness(rows + number * d, rows + hits[i].item * d, similarity);
        if (fabs((double)hits[i].score - exact) > 2e-6 * (1 + fabs(exact)))
            ck_abort_msg("%d and %d: %.9g, not %.9g", number, hits[i].item, (double)hits[i].score,
                         exact);
        scores[hits[i].item] = hits[i].score;
    }
}

static void compare(bool of_users, diffmm_similarity similarity)
{
    size_t total = of_users ? users : items, found;
    static float scores[items];
    static diffmm_hit hits[5000], expected[items];
    static struct drawn_query drawn;
    for (uint64_t seed = 0; seed < 40; seed++) {
        int32_t number = (int32_t)(seed % total);
        all_scores(of_users, number, similarity, scores);
        draw_query(seed, total, &drawn);
        expect_success((of_users ? diffmm_similar_users : diffmm_similar_items)(
            scorer, number, similarity, &drawn.query, hits, &found));
        size_t wanted =
            naive_ranking(total, scores, 1, &number, DIFFMM_NEW_USER, &drawn.query, expected);
        ck_assert_uint_eq(found, wanted);
        if (found)
            ck_assert_mem_eq(hits, expected, found * sizeof *hits);
    }
}

START_TEST(similar_items_equal_a_full_sort)
{
    begin();
    compare(false, DIFFMM_COSINE);
    compare(false, DIFFMM_DOT);
    end();
}
END_TEST

START_TEST(similar_users_equal_a_full_sort)
{
    begin();
    compare(true, DIFFMM_COSINE);
    compare(true, DIFFMM_DOT);
    end();
}
END_TEST

static int keep_even(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    if (user != DIFFMM_NEW_USER)
        ck_abort_msg("user is %d", user);
    *keep = item % 2 == 0;
    return user_data != NULL;
}

START_TEST(a_callback_filters)
{
    diffmm_hit hits[10];
    size_t found;
    diffmm_query query = {.struct_size = sizeof query, .count = 10, .filter = keep_even};
    begin();
    expect_success(diffmm_similar_items(scorer, 6, DIFFMM_COSINE, &query, hits, &found));
    ck_assert_uint_eq(found, 10);
    for (size_t i = 0; i < found; i++)
        ck_assert(hits[i].item % 2 == 0 && hits[i].item != 6);
    query.filter_data = &query;
    hits[0].item = -7;
    expect_failure(diffmm_similar_users(scorer, 6, DIFFMM_COSINE, &query, hits, &found),
                   DIFFMM_ERROR_CALLBACK, "query->filter");
    ck_assert(hits[0].item == -7 && found == 10);
    end();
}
END_TEST

static double length(const float *x)
{
    return sqrt(likeness(x, x, DIFFMM_DOT));
}

/* A scorer whose scores are floats, while products of two users or of two items are not: every
 * other row is found, with a finite score, in the order of the products so far as floats tell. */
static void expect_all_alike(bool of_users, int32_t number, diffmm_similarity similarity)
{
    size_t total = of_users ? users : items, found;
    const float *rows = of_users ? model->final : model->final + users * d;
    static diffmm_hit hits[items];
    const diffmm_query query = {.struct_size = sizeof query, .count = total};
    expect_success((of_users ? diffmm_similar_users : diffmm_similar_items)(
        scorer, number, similarity, &query, hits, &found));
    ck_assert_uint_eq(found, total - 1);
    for (size_t i = 0; i < found; i++) {
        double exact = likeness(rows + number * d, rows + hits[i].item * d, similarity);
        double held = fmax(-(double)FLT_MAX, fmin(exact, (double)FLT_MAX));
        double size = similarity == DIFFMM_COSINE
                          ? 1
                          : length(rows + number * d) * length(rows + hits[i].item * d);
        if (!(fabs((double)hits[i].score - held) <= 2e-6 * fmin(size, (double)FLT_MAX)))
            ck_abort_msg("%d and %d: %.9g, not %.9g", number, hits[i].item, (double)hits[i].score,
                         held);
        ck_assert(i == 0 || hits[i].score < hits[i - 1].score ||
                  (hits[i].score == hits[i - 1].score && hits[i].item > hits[i - 1].item));
    }
}

START_TEST(products_that_are_no_floats)
{
    for (int large_users = 0; large_users < 2; large_users++) {
        begin();
        for (size_t i = 0; i < (users + items) * d; i++)
            model->final[i] *= (i < users * d) == (large_users != 0) ? 1e25f : 1e-5f;
        diffmm_scorer_destroy(scorer);
        expect_success(diffmm_scorer_create(model, &scorer));
    expect_success(diffmm_scorer_set_search(scorer, ranking_search));
        for (int32_t number = 0; number < 12; number++)
            for (int of_users = 0; of_users < 2; of_users++) {
                expect_all_alike(of_users != 0, number, DIFFMM_DOT);
                expect_all_alike(of_users != 0, number, DIFFMM_COSINE);
            }
        end();
    }
}
END_TEST

/* Where products are the largest floats that there are, at either end of the bound. */
START_TEST(products_about_the_largest_float)
{
    for (float size = 1e18f; size < 3e19f; size *= 1.2f) {
        begin();
        for (size_t i = 0; i < (users + items) * d; i++)
            model->final[i] *= i < users * d ? size : 1e-3f;
        diffmm_scorer_destroy(scorer);
        expect_success(diffmm_scorer_create(model, &scorer));
    expect_success(diffmm_scorer_set_search(scorer, ranking_search));
        for (int32_t number = 0; number < 4; number++)
            expect_all_alike(true, number, DIFFMM_DOT);
        end();
    }
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t outside[] = {users};
    diffmm_hit hit = {-7, -7};
    size_t found = 77;
    diffmm_query query = {.struct_size = sizeof query, .count = 1};
    begin();
    expect_failure(diffmm_similar_items(NULL, 0, DIFFMM_DOT, &query, &hit, &found), bad, "scorer");
    expect_failure(diffmm_similar_items(scorer, 0, DIFFMM_DOT, NULL, &hit, &found), bad, "query");
    expect_failure(diffmm_similar_items(scorer, 0, DIFFMM_DOT, &query, NULL, &found), bad, "hits");
    expect_failure(diffmm_similar_items(scorer, 0, DIFFMM_DOT, &query, &hit, NULL), bad, "found");
    expect_failure(diffmm_similar_items(scorer, items, DIFFMM_DOT, &query, &hit, &found), bad,
                   "item is 600");
    expect_failure(diffmm_similar_items(scorer, -1, DIFFMM_DOT, &query, &hit, &found), bad,
                   "item is -1");
    expect_failure(diffmm_similar_items(scorer, 0, (diffmm_similarity)2, &query, &hit, &found), bad,
                   "similarity is 2");
    expect_failure(diffmm_similar_users(NULL, 0, DIFFMM_DOT, &query, &hit, &found), bad, "scorer");
    expect_failure(diffmm_similar_users(scorer, users, DIFFMM_DOT, &query, &hit, &found), bad,
                   "user is 40");
    expect_failure(diffmm_similar_users(scorer, 0, (diffmm_similarity)-1, &query, &hit, &found),
                   bad, "similarity is -1");
    query.exclude = outside;
    query.exclude_count = 1;
    expect_failure(diffmm_similar_users(scorer, 0, DIFFMM_DOT, &query, &hit, &found), bad,
                   "query->exclude[0] is 40, but there are 40 users");
    ck_assert(hit.item == -7 && found == 77);
    expect_success(diffmm_similar_items(scorer, 0, DIFFMM_DOT, &query, &hit, &found));
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {similar_items_equal_a_full_sort,
                                  similar_users_equal_a_full_sort,
                                  products_that_are_no_floats,
                                  products_about_the_largest_float,
                                  a_callback_filters,
                                  bad_arguments_are_named};
    return run_in_all_ways("similar", tests, sizeof tests / sizeof *tests) != 0;
}
