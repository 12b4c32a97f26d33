/* SPDX-License-Identifier: BSD-2-Clause */
/* After a training with held-out items, these are not recommended, unless asked for; evaluation,
 * folding in and explanations go by the training rows all the same. */
#include <stdlib.h>

#include <diffmm/new_items.h>
#include <diffmm/recommend.h>

#include "serve/scorer.h"
#include "support/folder.h"
#include "support/training.h"

enum { users = 70, items = 60, d = 8, most = 40 };

/* The same training, of which all interactions count as seen, or those of training. */
static struct training all, train;
static struct folder folder;

/* Scorers from a model, from its file, from the file of a model that was read, and from memory. */
enum { ways = 4 };
static diffmm_scorer *of_all[ways], *of_train[ways];
static void *memory[2];

static void make_scorers(const struct training *t, const char *name, void **data,
                         diffmm_scorer *out[ways])
{
    char path[128];
    diffmm_model *back;
    size_t size;
    folder_file(&folder, name, path);
    expect_success(diffmm_scorer_create(t->model, &out[0]));
    expect_success(diffmm_model_save(t->model, path));
    expect_success(diffmm_model_load(t->context, path, &back));
    expect_success(diffmm_scorer_create(back, &out[1]));
    expect_success(diffmm_model_save_memory(back, NULL, 0, &size));
    *data = malloc(size);
    expect_success(diffmm_model_save_memory(back, *data, size, &size));
    expect_success(diffmm_scorer_open_memory(t->context, *data, size, &out[2]));
    expect_success(diffmm_scorer_open(t->context, path, &out[3]));
    diffmm_model_destroy(back);
}

static void begin(void)
{
    folder = folder_begin();
    training_begin(&all, (const char *const[]){"layers", "2", NULL});
    training_begin(&train, (const char *const[]){"layers", "2", "seen", "train", NULL});
    expect_success(diffmm_trainer_fit(all.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit(train.trainer, NULL, NULL));
    make_scorers(&all, "all", &memory[0], of_all);
    make_scorers(&train, "train", &memory[1], of_train);
}

static void end(void)
{
    for (size_t w = 0; w < ways; w++) {
        diffmm_scorer_destroy(of_all[w]);
        diffmm_scorer_destroy(of_train[w]);
    }
    free(memory[0]);
    free(memory[1]);
    training_end(&all);
    training_end(&train);
    folder_end(&folder);
}

static bool has(const diffmm_dataset *dataset, diffmm_split split, int32_t user, int32_t item)
{
    const int32_t *row;
    size_t count, i = 0;
    expect_success(diffmm_dataset_row(dataset, split, user, &row, &count));
    while (i < count && row[i] != item)
        i++;
    return i < count;
}

static bool is_held(const diffmm_dataset *dataset, int32_t user, int32_t item)
{
    return !has(dataset, DIFFMM_TRAIN, user, item) &&
           (has(dataset, DIFFMM_VALID, user, item) || has(dataset, DIFFMM_TEST, user, item));
}

/* Whether an item must not come back. */
static bool is_seen(const diffmm_dataset *dataset, bool training_only, int32_t user, int32_t item)
{
    return has(dataset, DIFFMM_TRAIN, user, item) ||
           (!training_only && is_held(dataset, user, item));
}

/* A query that everything fits into: exactly what was not seen comes back. */
struct expected {
    const diffmm_dataset *dataset;
    bool training_only;
    size_t held; /* how many of the hits were held out */
};

static void expect_unseen(struct expected *e, int32_t user, const diffmm_hit *hits, size_t found)
{
    size_t wanted = 0, wrong = 0;
    for (int32_t i = 0; i < items; i++)
        wanted += !is_seen(e->dataset, e->training_only, user, i);
    for (size_t h = 0; h < found; h++) {
        wrong += is_seen(e->dataset, e->training_only, user, hits[h].item);
        e->held += is_held(e->dataset, user, hits[h].item);
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(found, wanted);
}

static int take(int32_t user, const diffmm_hit *hits, size_t found, void *expected)
{
    expect_unseen(expected, user, hits, found);
    return 0;
}

/* Returns how many hits of each of three calls were held out. */
static size_t expect_rankings(const diffmm_scorer *scorer, const diffmm_dataset *dataset,
                              bool training_only)
{
    static diffmm_hit hits[users * items];
    size_t found[users];
    const diffmm_query query = {.struct_size = sizeof query, .count = items};
    struct expected one = {dataset, training_only, 0}, block = one, each = one;
    for (int32_t u = 0; u < users; u++) {
        expect_success(diffmm_recommend(scorer, u, &query, hits, found));
        expect_unseen(&one, u, hits, *found);
    }
    expect_success(diffmm_recommend_users(scorer, users, NULL, &query, hits, found));
    for (int32_t u = 0; u < users; u++)
        expect_unseen(&block, u, hits + (size_t)u * items, found[u]);
    expect_success(diffmm_recommend_all(scorer, &query, take, &each));
    ck_assert(one.held == block.held && one.held == each.held);
    return one.held;
}

START_TEST(no_held_out_item_is_recommended)
{
    begin();
    size_t held = 0;
    for (int32_t u = 0; u < users; u++)
        for (int32_t i = 0; i < items; i++)
            held += is_held(all.dataset, u, i);
    ck_assert_uint_ge(held, users);
    for (size_t w = 0; w < ways; w++) {
        ck_assert_uint_eq(expect_rankings(of_all[w], all.dataset, false), 0);
        ck_assert_uint_eq(expect_rankings(of_train[w], train.dataset, true), held);
    }
    end();
}
END_TEST

/* Also where the query names candidates; and everything comes back where it says so. */
START_TEST(candidates_and_include_seen)
{
    int32_t candidates[items];
    diffmm_hit hits[items];
    size_t found;
    begin();
    for (int32_t i = 0; i < items; i++)
        candidates[i] = items - 1 - i;
    diffmm_query query = {.struct_size = sizeof query,
                          .count = items,
                          .candidates = candidates,
                          .candidate_count = items};
    for (int32_t u = 0; u < users; u++) {
        struct expected e = {all.dataset, false, 0};
        query.include_seen = 0;
        expect_success(diffmm_recommend(of_all[0], u, &query, hits, &found));
        expect_unseen(&e, u, hits, found);
        query.include_seen = 1;
        expect_success(diffmm_recommend(of_all[0], u, &query, hits, &found));
        ck_assert_uint_eq(found, items);
    }
    end();
}
END_TEST

static void expect_listed(const diffmm_scorer *scorer, const diffmm_dataset *dataset,
                          bool training_only)
{
    for (int32_t u = 0; u < users; u++) {
        const int32_t *seen;
        size_t count, at = 0;
        expect_success(diffmm_scorer_seen(scorer, u, &seen, &count));
        for (int32_t i = 0; i < items; i++)
            if (is_seen(dataset, training_only, u, i)) {
                ck_assert_uint_lt(at, count);
                ck_assert_int_eq(seen[at++], i);
            }
        ck_assert_uint_eq(at, count);
    }
}

START_TEST(the_list_of_seen_items)
{
    begin();
    for (size_t w = 0; w < ways; w++) {
        expect_listed(of_all[w], all.dataset, false);
        expect_listed(of_train[w], train.dataset, true);
    }
    end();
}
END_TEST

/* What is served does not change what is trained. */
START_TEST(training_is_the_same)
{
    begin();
    expect_same_bits(all.model, train.model);
    diffmm_report a = {.struct_size = sizeof a}, b = a;
    expect_success(diffmm_trainer_report(all.trainer, &a));
    expect_success(diffmm_trainer_report(train.trainer, &b));
    ck_assert(a.best_epoch == b.best_epoch && a.cutoff_count == b.cutoff_count);
    ck_assert_mem_eq(a.valid, b.valid, a.cutoff_count * sizeof *a.valid);
    ck_assert_mem_eq(a.test, b.test, a.cutoff_count * sizeof *a.test);
    end();
}
END_TEST

/* Recall of rankings from which the training row alone is left out. */
static double naive_recall(diffmm_split split, size_t cutoff)
{
    double sum = 0, count = 0;
    for (int32_t u = 0; u < users; u++) {
        const int32_t *row, *wanted;
        int32_t ranked[most];
        float scores[items];
        size_t row_count, wanted_count, found;
        diffmm_metrics one;
        expect_success(diffmm_dataset_row(all.dataset, split, u, &wanted, &wanted_count));
        if (wanted_count == 0)
            continue;
        expect_success(diffmm_dataset_row(all.dataset, DIFFMM_TRAIN, u, &row, &row_count));
        expect_success(diffmm_score(of_all[0], u, items, NULL, scores));
        expect_success(diffmm_top_k(items, scores, row_count, row, cutoff, ranked, NULL, &found));
        expect_success(diffmm_ranking_metrics(found, ranked, wanted_count, wanted, cutoff, &one));
        sum += one.recall;
        count++;
    }
    return sum / count;
}

START_TEST(evaluation_leaves_out_the_training_row_alone)
{
    const size_t cutoff = 20;
    begin();
    const diffmm_metrics *valid, *test;
    size_t epoch;
    expect_success(diffmm_trainer_best(all.trainer, &epoch, &valid, &test));
    for (int split = DIFFMM_VALID; split <= DIFFMM_TEST; split++) {
        diffmm_metrics found;
        double wanted = naive_recall((diffmm_split)split, cutoff);
        ck_assert_double_gt(wanted, 0);
        expect_success(diffmm_evaluate(all.context, all.dataset, (diffmm_split)split, d,
                                       diffmm_model_user_embeddings(all.model),
                                       diffmm_model_item_embeddings(all.model), 1, &cutoff,
                                       &found));
        ck_assert_double_eq_tol(found.recall, wanted, 1e-12);
        ck_assert(found.recall == (split == DIFFMM_VALID ? valid : test)->recall);
    }
    end();
}
END_TEST

static void explain(const diffmm_scorer *scorer, int32_t user, size_t count, const int32_t *more,
                    diffmm_explanation *out, float modalities[2], diffmm_hit parts[items])
{
    *out =
        (diffmm_explanation){.struct_size = sizeof *out, .modalities = modalities, .items = parts};
    expect_success(diffmm_explain(scorer, user, count, more, user % items, out));
}

static void expect_same_explanation(const diffmm_scorer *a, const diffmm_scorer *b, int32_t user,
                                    size_t count, const int32_t *more)
{
    diffmm_explanation x, y;
    float modalities[2][2];
    diffmm_hit parts[2][items];
    explain(a, user, count, more, &x, modalities[0], parts[0]);
    explain(b, user, count, more, &y, modalities[1], parts[1]);
    ck_assert(x.score == y.score && x.collaborative == y.collaborative && x.rest == y.rest);
    ck_assert_uint_eq(x.item_count, y.item_count);
    ck_assert_mem_eq(modalities[0], modalities[1], sizeof modalities[0]);
    ck_assert_mem_eq(parts[0], parts[1], x.item_count * sizeof *parts[0]);
    for (size_t i = 0; i < x.item_count && count == 0; i++)
        ck_assert(has(all.dataset, DIFFMM_TRAIN, user, parts[0][i].item));
}

/* The user as trained, and with each held-out item in turn: to the embedding, that is a new one. */
START_TEST(folding_in_and_explanations_go_by_the_training_rows)
{
    float x[d], y[d], own[d];
    begin();
    for (int32_t u = 0; u < users; u++)
        for (size_t w = 0; w < ways; w++) {
            expect_success(diffmm_fold_in(of_all[w], u, 0, NULL, own));
            ck_assert_mem_eq(own, diffmm__scorer_user(of_all[w], u), sizeof own);
            expect_same_explanation(of_all[w], of_train[0], u, 0, NULL);
            for (int32_t i = 0; i < items; i++) {
                if (!is_held(all.dataset, u, i))
                    continue;
                expect_success(diffmm_fold_in(of_all[w], u, 1, &i, x));
                expect_success(diffmm_fold_in(of_train[0], u, 1, &i, y));
                ck_assert_mem_eq(x, y, sizeof x);
                ck_assert(memcmp(x, own, sizeof x) != 0);
                expect_same_explanation(of_all[w], of_train[0], u, 1, &i);
            }
        }
    expect_success(diffmm_fold_in(of_all[0], DIFFMM_NEW_USER, 2, (const int32_t[]){3, 9}, x));
    expect_success(diffmm_fold_in(of_train[0], DIFFMM_NEW_USER, 2, (const int32_t[]){3, 9}, y));
    ck_assert_mem_eq(x, y, sizeof x);
    end();
}
END_TEST

/* Further items are seen by nobody, and nothing of what was seen is forgotten. */
START_TEST(an_extended_scorer)
{
    float rows[2 * d] = {0};
    diffmm_scorer *extended;
    begin();
    for (size_t w = 0; w < ways; w++) {
        expect_success(diffmm_scorer_extend(of_all[w], 2, NULL, rows, &extended));
        for (int32_t u = 0; u < users; u++) {
            const int32_t *a, *b;
            size_t count, old_count;
            expect_success(diffmm_scorer_seen(extended, u, &a, &count));
            expect_success(diffmm_scorer_seen(of_all[w], u, &b, &old_count));
            ck_assert_uint_eq(count, old_count);
            for (size_t i = 0; i < count; i++)
                ck_assert_int_eq(a[i], b[i]);
        }
        diffmm_scorer_destroy(extended);
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_held_out_item_is_recommended,
                                  candidates_and_include_seen,
                                  the_list_of_seen_items,
                                  training_is_the_same,
                                  evaluation_leaves_out_the_training_row_alone,
                                  folding_in_and_explanations_go_by_the_training_rows,
                                  an_extended_scorer};
    return run_tests("held_out", tests, sizeof tests / sizeof *tests) != 0;
}
