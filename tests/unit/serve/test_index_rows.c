/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows for an index of L2 distances: searched by distance, they give the ranking by score. */
#include "serve/index_rows.h"

#include <math.h>

#include "support/small_model.h"

enum { users = 7, items = 37, d = 19 };

static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;

static void begin(void)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    model = small_model(context, users, items, d, false);
    expect_success(diffmm_scorer_create(model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

/* In parts, as a stream of tables takes them. */
static void rows_of(diffmm_side side, size_t count, float *out)
{
    struct diffmm__index_rows rows;
    expect_success(diffmm__index_rows_begin(scorer, side, DIFFMM_INDEX_L2, &rows));
    ck_assert(rows.columns == d + 1 && rows.ids->count == count);
    diffmm__index_rows_copy(&rows, 0, 3, out);
    diffmm__index_rows_copy(&rows, 3, count - 3, out + 3 * (d + 1));
}

/* In double. */
static double squared_distance(const float *x, const float *y)
{
    double sum = 0;
    for (size_t k = 0; k <= d; k++)
        sum += ((double)x[k] - (double)y[k]) * ((double)x[k] - (double)y[k]);
    return sum;
}

static double largest_square(const float *item_rows)
{
    double largest = 0;
    for (size_t i = 0; i < items; i++) {
        double sum = 0;
        for (size_t k = 0; k < d; k++)
            sum += (double)item_rows[i * (d + 1) + k] * (double)item_rows[i * (d + 1) + k];
        largest = fmax(largest, sum);
    }
    return largest;
}

/* Sort by distance, as an index that misses nothing would, and compare with the ranking: items
 * change places at most where their scores are closer than what rounding the column moves (2^-23 M)
 * and what a score of floats is rounded by. */
static void expect_order_of_scores(int32_t user, const float *user_row, const float *item_rows)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = items, .include_seen = 1};
    diffmm_hit hits[items], nearest[items];
    float scores[items];
    size_t found;
    expect_success(diffmm_recommend(scorer, user, &query, hits, &found));
    expect_success(diffmm_score(scorer, user, items, NULL, scores));
    ck_assert_uint_eq(found, items);
    for (size_t i = 0; i < items; i++) { /* insertion sort */
        double distance = squared_distance(user_row, item_rows + i * (d + 1));
        size_t at = i;
        for (; at > 0 && squared_distance(user_row, item_rows + (size_t)nearest[at - 1].item *
                                                                    (d + 1)) > distance;
             at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = (diffmm_hit){.item = (int32_t)i, .score = scores[i]};
    }
    for (size_t n = 0; n < items; n++) {
        double magnitudes = 0;
        for (size_t k = 0; k < d; k++)
            magnitudes +=
                fabs((double)user_row[k] * (double)item_rows[(size_t)hits[n].item * (d + 1) + k]);
        double bound = 0x1p-23 * largest_square(item_rows) + 4 * d * 0x1p-24 * magnitudes;
        if (fabs((double)nearest[n].score - (double)hits[n].score) > bound)
            ck_abort_msg("place %zu: the nearest item %d scores %.9g, but the ranking has %.9g", n,
                         nearest[n].item, (double)nearest[n].score, (double)hits[n].score);
    }
}

START_TEST(distances_rank_as_scores)
{
    float user_rows[users * (d + 1)], item_rows[items * (d + 1)];
    const float none[d + 1] = {0};
    begin();
    rows_of(DIFFMM_USERS, users, user_rows);
    rows_of(DIFFMM_ITEMS, items, item_rows);
    double largest = largest_square(item_rows);
    bool longest = false;
    for (size_t i = 0; i < items; i++) {
        const float *row = item_rows + i * (d + 1);
        ck_assert_mem_eq(row, model->final + (users + i) * d, d * sizeof *row);
        ck_assert_double_le(fabs(squared_distance(row, none) - largest), 0x1.01p-23 * largest);
        longest = longest || row[d] == 0;
    }
    ck_assert(longest);
    for (size_t u = 0; u < users; u++) {
        ck_assert_mem_eq(user_rows + u * (d + 1), model->final + u * d, d * sizeof *user_rows);
        ck_assert(user_rows[u * (d + 1) + d] == 0);
        expect_order_of_scores((int32_t)u, user_rows + u * (d + 1), item_rows);
    }
    end();
}
END_TEST

/* For inner products, the scorer's own rows. */
START_TEST(inner_products_take_no_column)
{
    struct diffmm__index_rows rows;
    float copy[items * d];
    begin();
    expect_success(
        diffmm__index_rows_begin(scorer, DIFFMM_ITEMS, DIFFMM_INDEX_INNER_PRODUCT, &rows));
    ck_assert(rows.columns == d && rows.rows == scorer->items);
    diffmm__index_rows_copy(&rows, 0, items, copy);
    ck_assert_mem_eq(copy, scorer->items, sizeof copy);
    end();
}
END_TEST

/* Scores are floats, but the length of an item is not. */
START_TEST(items_longer_than_floats)
{
    struct diffmm__index_rows rows;
    begin();
    for (size_t i = 0; i < (users + items) * d; i++)
        model->final[i] = i < users * d ? 1e-5f : 2e38f;
    diffmm_scorer_destroy(scorer);
    expect_success(diffmm_scorer_create(model, &scorer));
    expect_failure(diffmm__index_rows_begin(scorer, DIFFMM_ITEMS, DIFFMM_INDEX_L2, &rows),
                   DIFFMM_ERROR_NUMERIC, "longer than the largest float");
    expect_success(diffmm__index_rows_begin(scorer, DIFFMM_USERS, DIFFMM_INDEX_L2, &rows));
    end();
}
END_TEST

START_TEST(bad_input)
{
    struct diffmm__index_rows rows;
    begin();
    expect_invalid(diffmm__index_rows_begin(scorer, (diffmm_side)2, DIFFMM_INDEX_L2, &rows),
                   "side is 2");
    expect_invalid(diffmm__index_rows_begin(scorer, DIFFMM_USERS, (diffmm_index)-1, &rows),
                   "index is -1");
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {distances_rank_as_scores, inner_products_take_no_column,
                                  items_longer_than_floats, bad_input};
    return run_tests("index_rows", tests, sizeof tests / sizeof *tests) != 0;
}
