/* SPDX-License-Identifier: BSD-2-Clause */
/* Folding in, explanations and modalities of scorers with further items. */
#include <stdlib.h>

#include <diffmm/new_items.h>

#include "fold_in_world.h"
#include "serve/scorer.h"
#include "support/failure.h"

enum { users = fold_in_users, items = fold_in_items, d = fold_in_d, more = 3 };

static struct fold_in_world world;
static float rows[more * d];
static diffmm_scorer *extended;

/* The first new item stands where item 0 does, which nobody has touched; the second is too short to
 * be other than ris_lambda V / ||V||. */
static void begin(size_t layers, size_t modalities)
{
    fold_in_begin(&world, layers, modalities);
    memcpy(rows, diffmm_model_item_embeddings(world.model.model), d * sizeof *rows);
    for (size_t j = 0; j < d; j++) {
        rows[d + j] = j == 1 ? 0.5f : 0.0f;
        rows[2 * d + j] = 1.0f - 0.7f * (float)j;
    }
    expect_success(diffmm_scorer_extend(world.scorer, more, NULL, rows, &extended));
}

static void end(void)
{
    diffmm_scorer_destroy(extended);
    fold_in_end(&world);
}

/* Everything that an explanation holds. */
struct explained {
    diffmm_explanation out;
    float modalities[4];
    diffmm_hit items[items + more];
};

static void explain(const diffmm_scorer *scorer, int32_t user, size_t count, const int32_t *list,
                    int32_t item, struct explained *e)
{
    memset(e, 0, sizeof *e);
    e->out.struct_size = sizeof e->out;
    e->out.modalities = e->modalities;
    e->out.items = e->items;
    expect_success(diffmm_explain(scorer, user, count, list, item, &e->out));
    e->out.modalities = NULL;
    e->out.items = NULL;
}

static size_t items_of(unsigned set, int32_t *list)
{
    size_t count = 0;
    for (int32_t i = 0; i < items + more; i++)
        if (set >> i & 1)
            list[count++] = i;
    return count;
}

static void expect_same(const diffmm_scorer *before, const diffmm_scorer *after, int32_t user,
                        unsigned set)
{
    int32_t list[items];
    float a[d], b[d];
    size_t count = items_of(set, list);
    expect_success(diffmm_fold_in(before, user, count, list, a));
    expect_success(diffmm_fold_in(after, user, count, list, b));
    ck_assert_mem_eq(a, b, sizeof a);
    for (int32_t i = 0; i < items; i++) {
        struct explained x, y;
        explain(before, user, count, list, i, &x);
        explain(after, user, count, list, i, &y);
        ck_assert_mem_eq(&x, &y, sizeof x);
    }
}

START_TEST(what_was_known_before_stays_the_same)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        float a[4], b[4];
        size_t modalities = 1 + layers;
        diffmm_scorer *again;
        begin(layers, modalities);
        expect_success(diffmm_scorer_extend(extended, more, NULL, rows, &again));
        const diffmm_scorer *const after[] = {extended, again};
        for (size_t s = 0; s < 2; s++) {
            ck_assert_uint_eq(diffmm_scorer_modalities(after[s]), modalities);
            ck_assert_str_eq(diffmm_scorer_modality_name(after[s], 0), "cover");
            expect_success(diffmm_scorer_modality_weights(world.scorer, a));
            expect_success(diffmm_scorer_modality_weights(after[s], b));
            ck_assert_mem_eq(a, b, modalities * sizeof *a);
            for (int32_t user = -1; user < users; user++)
                for (unsigned set = 0; set < 1u << items; set += 1 + set % 17)
                    expect_same(world.scorer, after[s], user, set);
        }
        diffmm_scorer_destroy(again);
        end();
    }
}
END_TEST

/* Both ways of dividing a score sum to it. */
static void expect_sums(int32_t user, unsigned set, int32_t item, size_t modalities)
{
    int32_t list[items + more];
    float embedding[d], score;
    struct explained e;
    size_t count = items_of(set, list);
    explain(extended, user, count, list, item, &e);
    expect_success(diffmm_fold_in(extended, user, count, list, embedding));
    expect_success(diffmm_score_embedding(extended, embedding, 1, &item, &score));
    double by_modality = (double)e.out.collaborative, by_item = (double)e.out.rest, size = 1.0;
    for (size_t m = 0; m < modalities; m++) {
        by_modality += (double)e.modalities[m];
        size += fabs((double)e.modalities[m]);
    }
    for (size_t i = 0; i < e.out.item_count; i++) {
        by_item += (double)e.items[i].score;
        size += fabs((double)e.items[i].score);
    }
    ck_assert(e.out.score == score);
    ck_assert(fabs(by_modality - (double)score) <= 2e-5 * size);
    ck_assert(fabs(by_item - (double)score) <= 2e-5 * size);
}

START_TEST(the_score_of_a_new_item_is_explained_by_modality_and_item)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        bool any = false;
        begin(layers, 3);
        for (int32_t user = -1; user < users; user++)
            for (int32_t item = items; item < items + more; item++) {
                struct explained e;
                for (unsigned set = 0; set < 1u << (items + more); set += 1 + set % 97)
                    expect_sums(user, set, item, 3);
                explain(extended, user, 1, (const int32_t[]){2}, item, &e);
                any = any || (e.modalities[0] != 0 && e.modalities[1] != 0 && e.modalities[2] != 0);
            }
        ck_assert(any);
        end();
    }
}
END_TEST

/* The oracle takes item 0 for the new one: nobody else has touched it, and its V is its content. */
static void stand_in(void)
{
    struct oracle *o = &world.model.oracle;
    for (size_t m = 0; m < o->modality_count; m++)
        memcpy(o->modality[m].normalized, world.frozen.propagated[0] + o->users * d,
               d * sizeof *o->modality[m].normalized);
    memset(o->item, 0, d * sizeof *o->item);
}

static void expect_as_item_zero(int32_t user, unsigned set)
{
    int32_t list[items];
    bool wanted[items];
    double expected[d];
    float got[d];
    size_t count = items_of(set & ~1u, list);
    list[count++] = items; /* in place of item 0 */
    for (int32_t i = 0; i < items; i++)
        wanted[i] = i == 0 || set >> i & 1;
    struct fold_in_user folded = fold_in_user_with(&world, user, wanted);
    fold_in_final(&world.frozen, &folded, fold_in_everything, 0.0, expected);
    expect_success(diffmm_fold_in(extended, user, count, list, got));
    expect_close("embedding", d, expected, got, 2e-5);
}

START_TEST(what_a_new_item_brings_is_divided_by_the_weights_of_modalities)
{
    for (size_t layers = 0; layers <= 2; layers++) {
        float weights[2];
        struct explained e;
        begin(layers, 2);
        explain(extended, DIFFMM_NEW_USER, 1, (const int32_t[]){items}, 3, &e);
        expect_success(diffmm_scorer_modality_weights(extended, weights));
        double content = (double)e.modalities[0] + (double)e.modalities[1];
        ck_assert(content != 0);
        for (size_t m = 0; m < 2; m++)
            ck_assert(fabs((double)e.modalities[m] - (double)weights[m] * content) <=
                      1e-5 * fabs(content));
        /* Without layers it hands nothing else on. */
        bool alone = fabs((double)e.items[0].score - content) <= 1e-5 * fabs(content);
        ck_assert(alone == (layers == 0));
        end();
    }
}
END_TEST

START_TEST(a_new_item_takes_part_as_one_that_nobody_else_has)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        begin(layers, 2);
        const struct diffmm__fold_in_state *state = extended->fold_in;
        for (size_t l = 0; l < layers; l++)
            expect_close("propagated", d, world.frozen.propagated[l] + users * d,
                         state->propagated[l] + items * d, 2e-5);
        stand_in();
        for (int32_t user = -1; user < users; user++)
            for (unsigned set = 0; set < 1u << items; set += 1 + set % 7)
                expect_as_item_zero(user, set);
        end();
    }
}
END_TEST

/* ris_lambda is 0.8, the row's length 0.5. */
START_TEST(a_row_that_is_shorter_than_its_share_of_rows_hands_nothing_on)
{
    begin(2, 2);
    const struct diffmm__fold_in_state *state = extended->fold_in;
    ck_assert(state->ris_lambda > 0.5f);
    for (size_t j = 0; j < d; j++) {
        size_t at = (items + 1) * d + j;
        ck_assert(state->items[at] == 0 && state->content[1][at] == 0);
        ck_assert(state->propagated[0][at] == 0 && state->propagated[1][at] == 0);
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_was_known_before_stays_the_same,
                                  the_score_of_a_new_item_is_explained_by_modality_and_item,
                                  a_new_item_takes_part_as_one_that_nobody_else_has,
                                  what_a_new_item_brings_is_divided_by_the_weights_of_modalities,
                                  a_row_that_is_shorter_than_its_share_of_rows_hands_nothing_on};
    return run_tests("fold_in_extended", tests, sizeof tests / sizeof *tests) != 0;
}
