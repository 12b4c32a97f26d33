/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_*: ranking by given scores, and its Recall, NDCG and Precision. */
#include <check.h>

#include <diffmm/metrics.h>

#include "cases.h"

static void add_pairs(struct reference *reference, diffmm_dataset *dataset, diffmm_split split,
                      const char *user_array, const char *item_array)
{
    struct array *user = reference_array(reference, "%s", user_array);
    struct array *item = reference_array(reference, "%s", item_array);
    ck_assert_uint_eq(user->count, item->count);
    must(diffmm_dataset_add_interactions(dataset, split, user->count, as_integers(reference, user),
                                         as_integers(reference, item)),
         "diffmm_dataset_add_interactions");
}

static void expect_metrics(struct reference *reference, size_t users, const diffmm_metrics *got)
{
    ck_assert_uint_eq(got->users, users);
    expect_number(reference, "recall", got->recall);
    expect_number(reference, "ndcg", got->ndcg);
    expect_number(reference, "precision", got->precision);
}

/* Each user that has held-out items, ranked on its own; then the means. */
static void expect_rankings(struct reference *reference, const diffmm_dataset *dataset,
                            size_t items, const float *scores, size_t cutoff)
{
    struct array *users = reference_array(reference, "users");
    struct array *top = reference_array(reference, "top_items");
    int32_t *ranked = diffmm__arena_take(&reference->arena, users->count * cutoff, sizeof *ranked);
    int32_t *counted =
        diffmm__arena_take(&reference->arena, diffmm_dataset_users(dataset), sizeof *counted);
    ck_assert(!reference->arena.failed);
    diffmm_metrics sum = {.cutoff = cutoff};
    for (size_t user = 0; user < diffmm_dataset_users(dataset); user++) {
        const int32_t *seen, *held;
        size_t seen_count, held_count, found;
        must(diffmm_dataset_row(dataset, DIFFMM_TRAIN, (int32_t)user, &seen, &seen_count),
             "diffmm_dataset_row");
        must(diffmm_dataset_row(dataset, DIFFMM_TEST, (int32_t)user, &held, &held_count),
             "diffmm_dataset_row");
        if (held_count == 0)
            continue;
        ck_assert_uint_lt(sum.users, users->count);
        int32_t *row = ranked + sum.users * cutoff;
        must(
            diffmm_top_k(items, scores + user * items, seen_count, seen, cutoff, row, NULL, &found),
            "diffmm_top_k");
        ck_assert_uint_eq(found, cutoff);
        diffmm_metrics one;
        must(diffmm_ranking_metrics(found, row, held_count, held, cutoff, &one),
             "diffmm_ranking_metrics");
        sum.recall += one.recall;
        sum.precision += one.precision;
        sum.ndcg += one.ndcg;
        counted[sum.users++] = (int32_t)user;
    }
    expect_integers(reference, users, sum.users, 1, counted);
    expect_integers(reference, top, sum.users, cutoff, ranked);
    sum.recall /= (double)sum.users;
    sum.precision /= (double)sum.users;
    sum.ndcg /= (double)sum.users;
    expect_metrics(reference, users->count, &sum);
}

void case_metrics(struct reference *reference)
{
    struct array *scores_array = reference_array(reference, "scores");
    size_t users = scores_array->shape[0], items = scores_array->shape[1];
    size_t cutoff = reference_size(reference, "k");
    const float *scores = as_floats(reference, scores_array);
    diffmm_context *context;
    diffmm_dataset *dataset;
    must(diffmm_context_create(NULL, &context), "diffmm_context_create");
    must(diffmm_dataset_create(context, &dataset), "diffmm_dataset_create");
    must(diffmm_dataset_reserve(dataset, users, items), "diffmm_dataset_reserve");
    add_pairs(reference, dataset, DIFFMM_TRAIN, "train_user", "train_item");
    add_pairs(reference, dataset, DIFFMM_TEST, "test_user", "test_item");
    must(diffmm_dataset_seal(dataset), "diffmm_dataset_seal");
    expect_rankings(reference, dataset, items, scores, cutoff);

    /* With the scores as user embeddings and the identity as item embeddings, each dot product is
     * one score: so the all-ranking evaluation sees the same scores. */
    float *identity = reference_room(reference, items * items);
    for (size_t item = 0; item < items; item++)
        identity[item * items + item] = 1;
    diffmm_metrics evaluated;
    must(diffmm_evaluate(context, dataset, DIFFMM_TEST, items, scores, identity, 1, &cutoff,
                         &evaluated),
         "diffmm_evaluate");
    expect_metrics(reference, reference_array(reference, "users")->count, &evaluated);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
