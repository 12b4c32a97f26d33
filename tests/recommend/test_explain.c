/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "../support/failure.h"
#include "attached_world.h"

enum { users = attached_users, items = attached_items, d = attached_d };

static struct attached_world world;

/* What some sources bring to the score of an item. */
static double part_of(const struct attach_user *user, struct attach_sources sources, double norm,
                      int32_t item)
{
    double final[d], sum = 0.0;
    const float *f = diffmm_model_item_embeddings(world.model.model) + item * d;
    attach_final(&world.frozen, user, sources, norm, final);
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
    struct attach_user attached = attached_user(&world, user, wanted);
    double final[d], size = 1.0;
    double norm = attach_final(&world.frozen, &attached, attach_everything, 0.0, final);
    for (size_t j = 0; j < d; j++)
        size += fabs(final[j] * (double)diffmm_model_item_embeddings(
                                    world.model.model)[item * d + (int32_t)j]);

    float by_modality[4];
    diffmm_hit by_item[items + 1];
    diffmm_explanation out = {
        .struct_size = sizeof out, .modalities = by_modality, .items = by_item};
    expect_success(diffmm_explain(world.scorer, user, count, list, item, &out));
    double modality_sum = (double)out.collaborative, item_sum = (double)out.rest;
    expect_part("score", part_of(&attached, attach_everything, norm, item), out.score, size);
    for (size_t m = 0; m < modalities; m++) {
        struct attach_sources sources = {.item = ATTACH_ALL, .modality = (int)m};
        expect_part("modality", part_of(&attached, sources, norm, item), by_modality[m], size);
        modality_sum += (double)by_modality[m];
    }
    expect_part("collaborative",
                part_of(&attached, (struct attach_sources){true, true, ATTACH_ALL, ATTACH_NONE},
                        norm, item),
                out.collaborative, size);
    ck_assert_uint_eq(out.item_count, attached.count);
    for (size_t i = 0; i < attached.count; i++) {
        struct attach_sources sources = {.learnt = true, .item = (int)i, .modality = ATTACH_ALL};
        ck_assert_int_eq(by_item[i].item, (int32_t)attached.items[i]);
        expect_part("item", part_of(&attached, sources, norm, item), by_item[i].score, size);
        item_sum += (double)by_item[i].score;
    }
    expect_part("rest",
                part_of(&attached, (struct attach_sources){true, false, ATTACH_NONE, ATTACH_NONE},
                        norm, item),
                out.rest, size);
    expect_part("sum of modalities", modality_sum, out.score, size);
    expect_part("sum of items", item_sum, out.score, size);
}

START_TEST(parts_are_what_their_sources_bring_and_sum_to_the_score)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        size_t modalities = 1 + layers;
        attached_begin(&world, layers, modalities);
        for (int32_t user = -1; user < users; user++)
            for (unsigned set = 0; set < 1u << items; set += 13)
                explain_one(user, set, (int32_t)(set % items), modalities);
        attached_end(&world);
    }
}
END_TEST

START_TEST(the_score_explained_is_the_score)
{
    attached_begin(&world, 1, 2);
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
    attached_end(&world);
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t outside[] = {items};
    diffmm_explanation out = {.struct_size = sizeof out, .score = 77};
    attached_begin(&world, 1, 2);
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
    attached_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {parts_are_what_their_sources_bring_and_sum_to_the_score,
                                  the_score_explained_is_the_score, bad_arguments_are_named};
    return run_tests("explain", tests, sizeof tests / sizeof *tests) != 0;
}
