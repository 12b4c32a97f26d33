/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "fold_in_world.h"
#include "serve/scorer.h"
#include "support/failure.h"

enum { users = fold_in_users, items = fold_in_items, d = fold_in_d };

static struct fold_in_world world;

/* What some sources bring to the score of an item. */
static double part_of(const struct fold_in_user *user, struct fold_in_sources sources, double norm,
                      int32_t item)
{
    double final[d], sum = 0.0;
    const float *f = diffmm_model_item_embeddings(world.model.model) + item * d;
    fold_in_final(&world.frozen, user, sources, norm, final);
    for (size_t j = 0; j < d; j++)
        sum += final[j] * (double)f[j];
    return sum;
}

static void expect_part(const char *what, double expected, float got, double size)
{
    ck_assert_msg(fabs((double)got - expected) <= 2e-5 * size, "%s: %.9g, not %.9g", what,
                  (double)got, expected);
}

static void explain_one(int32_t user, unsigned set, int32_t item, size_t modalities)
{
    bool wanted[items];
    int32_t list[items];
    size_t count = 0;
    for (int32_t i = 0; i < items; i++) {
        wanted[i] = set >> i & 1;
        if (wanted[i])
            list[count++] = i;
    }
    struct fold_in_user folded = fold_in_user_with(&world, user, wanted);
    double final[d], size = 1.0;
    double norm = fold_in_final(&world.frozen, &folded, fold_in_everything, 0.0, final);
    for (size_t j = 0; j < d; j++)
        size += fabs(final[j] * (double)diffmm_model_item_embeddings(
                                    world.model.model)[item * d + (int32_t)j]);

    float by_modality[4];
    diffmm_hit by_item[items + 1];
    diffmm_explanation out = {
        .struct_size = sizeof out, .modalities = by_modality, .items = by_item};
    expect_success(diffmm_explain(world.scorer, user, count, list, item, &out));
    double modality_sum = (double)out.collaborative, item_sum = (double)out.rest;
    expect_part("score", part_of(&folded, fold_in_everything, norm, item), out.score, size);
    for (size_t m = 0; m < modalities; m++) {
        struct fold_in_sources sources = {.item = FOLD_IN_ALL, .modality = (int)m};
        expect_part("modality", part_of(&folded, sources, norm, item), by_modality[m], size);
        modality_sum += (double)by_modality[m];
    }
    expect_part("collaborative",
                part_of(&folded, (struct fold_in_sources){true, true, FOLD_IN_ALL, FOLD_IN_NONE},
                        norm, item),
                out.collaborative, size);
    ck_assert_uint_eq(out.item_count, folded.count);
    for (size_t i = 0; i < folded.count; i++) {
        struct fold_in_sources sources = {.learnt = true, .item = (int)i, .modality = FOLD_IN_ALL};
        ck_assert_int_eq(by_item[i].item, (int32_t)folded.items[i]);
        expect_part("item", part_of(&folded, sources, norm, item), by_item[i].score, size);
        item_sum += (double)by_item[i].score;
    }
    expect_part("rest",
                part_of(&folded, (struct fold_in_sources){true, false, FOLD_IN_NONE, FOLD_IN_NONE},
                        norm, item),
                out.rest, size);
    expect_part("sum of modalities", modality_sum, out.score, size);
    expect_part("sum of items", item_sum, out.score, size);
}

START_TEST(parts_are_what_their_sources_bring_and_sum_to_the_score)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        size_t modalities = 1 + layers;
        fold_in_begin(&world, layers, modalities);
        for (int32_t user = -1; user < users; user++)
            for (unsigned set = 0; set < 1u << items; set += 13)
                explain_one(user, set, (int32_t)(set % items), modalities);
        fold_in_end(&world);
    }
}
END_TEST

START_TEST(the_score_explained_is_the_score)
{
    fold_in_begin(&world, 1, 2);
    for (int32_t user = 0; user < users; user++)
        for (int32_t item = 0; item < items; item++) {
            diffmm_explanation out = {.struct_size = sizeof out}; /* no room for lists */
            const int32_t *seen;
            size_t count;
            float score;
            expect_success(diffmm_score(world.scorer, user, 1, &item, &score));
            expect_success(diffmm_scorer_seen(world.scorer, user, &seen, &count));
            expect_success(diffmm_explain(world.scorer, user, 0, NULL, item, &out));
            ck_assert(out.score == score && out.item_count == count);
        }
    fold_in_end(&world);
}
END_TEST

static float *own(const float *borrowed)
{
    return (float *)(uintptr_t)borrowed;
}

/* Parts that cancel in the embedding, but exceed the largest float themselves: the caller's arrays
 * stay. */
START_TEST(parts_that_overflow)
{
    float by_modality[2] = {5, 5};
    diffmm_hit by_item[items] = {{5, 5}};
    const int32_t list[] = {0, 1, 2, 3, 4, 5, 6};
    diffmm_explanation out = {.struct_size = sizeof out,
                              .modalities = by_modality,
                              .items = by_item,
                              .score = 7,
                              .item_count = 77};
    fold_in_begin(&world, 1, 2);
    const struct diffmm__fold_in_state *parts = world.scorer->fold_in;
    float *f = own(diffmm__scorer_item(world.scorer, 3));
    parts->weights[0] = parts->weights[1] = 0.5f;
    for (size_t i = 0; i < items * d; i++) {
        own(parts->content[0])[i] = 1e38f;
        own(parts->content[1])[i] = -1e38f;
    }
    for (size_t j = 0; j < d; j++)
        f[j] = 100;
    expect_failure(diffmm_explain(world.scorer, DIFFMM_NEW_USER, items, list, 3, &out),
                   DIFFMM_ERROR_NUMERIC, "the parts of the score overflow");
    ck_assert(by_modality[0] == 5 && by_item[0].item == 5 && out.score == 7);
    ck_assert_uint_eq(out.item_count, 77);
    for (size_t j = 0; j < d; j++)
        f[j] = 1e-3f;
    expect_success(diffmm_explain(world.scorer, DIFFMM_NEW_USER, items, list, 3, &out));
    ck_assert(isfinite(by_modality[0]) && isfinite(by_modality[1]) && isfinite(out.score));
    fold_in_end(&world);
}
END_TEST

/* An embedding is folded in only if it can be scored. */
START_TEST(scores_that_overflow)
{
    const int32_t list[] = {0, 1, 2};
    float embedding[d] = {5, 5, 5, 5};
    diffmm_explanation out = {.struct_size = sizeof out, .score = 7};
    fold_in_begin(&world, 1, 2);
    for (size_t i = 0; i < items * d; i++)
        own(world.scorer->fold_in->content[0])[i] = 1e37f;
    expect_success(diffmm_fold_in(world.scorer, DIFFMM_NEW_USER, 3, list, embedding));
    world.scorer->norms.item = 100; /* as of an item with larger rows */
    embedding[0] = 5;
    expect_failure(diffmm_fold_in(world.scorer, DIFFMM_NEW_USER, 3, list, embedding),
                   DIFFMM_ERROR_NUMERIC, "an embedding whose scores overflow");
    ck_assert(embedding[0] == 5);
    expect_failure(diffmm_explain(world.scorer, DIFFMM_NEW_USER, 3, list, 0, &out),
                   DIFFMM_ERROR_NUMERIC, "an embedding whose scores overflow");
    ck_assert(out.score == 7);
    fold_in_end(&world);
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t outside[] = {items};
    diffmm_explanation out = {.struct_size = sizeof out, .score = 77};
    fold_in_begin(&world, 1, 2);
    diffmm_scorer *s = world.scorer;
    expect_failure(diffmm_explain(NULL, 0, 0, NULL, 0, &out), bad, "scorer");
    expect_failure(diffmm_explain(s, 0, 0, NULL, 0, NULL), bad, "out");
    expect_failure(diffmm_explain(s, users, 0, NULL, 0, &out), bad, "user is 6");
    expect_failure(diffmm_explain(s, 0, 0, NULL, items, &out), bad, "item is 7");
    expect_failure(diffmm_explain(s, 0, 0, NULL, -1, &out), bad, "item is -1");
    expect_failure(diffmm_explain(s, 0, 1, NULL, 0, &out), bad, "items");
    expect_failure(diffmm_explain(s, 0, 1, outside, 0, &out), bad, "items[0] is 7");
    out.struct_size = 3;
    expect_failure(diffmm_explain(s, 0, 0, NULL, 0, &out), bad, "struct_size is 3");
    ck_assert(out.score == 77);
    fold_in_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {parts_are_what_their_sources_bring_and_sum_to_the_score,
                                  the_score_explained_is_the_score, parts_that_overflow,
                                  scores_that_overflow, bad_arguments_are_named};
    return run_tests("explain", tests, sizeof tests / sizeof *tests) != 0;
}
