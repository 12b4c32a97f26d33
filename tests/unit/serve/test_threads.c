/* SPDX-License-Identifier: BSD-2-Clause */
/* Eight threads use one scorer at once: each gets the bits that one thread alone gets. */
#include <pthread.h>
#include <stdlib.h>

#include "support/failure.h"
#include "support/model_world.h"

#include <diffmm/recommend.h>

enum { users = 40, items = 350, threads = 8, rounds = 3, best = 12 };

struct answers {
    diffmm_hit hits[7][best];
    size_t found[7], block_found[5];
    diffmm_hit block[5 * best];
    float embedding[4], parts[2];
    diffmm_hit by_item[items];
    float score, collaborative, rest;
};

static const diffmm_scorer *scorer;

static int keep_some(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    (void)user_data;
    *keep = (user + item) % 3 != 0;
    return 0;
}

static int keep_hits(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    struct answers *a = user_data;
    if (user == 11) {
        memcpy(a->hits[6], hits, found * sizeof *hits);
        a->found[6] = found;
    }
    return 0;
}

static void ask_rankings(int32_t user, struct answers *a)
{
    const int32_t exclude[] = {9, 3, 200};
    const diffmm_query plain = {.struct_size = sizeof plain, .count = best};
    diffmm_query filtered = plain;
    filtered.exclude = exclude;
    filtered.exclude_count = 3;
    filtered.filter = keep_some;
    expect_success(diffmm_recommend(scorer, user, &plain, a->hits[0], &a->found[0]));
    expect_success(diffmm_recommend(scorer, user, &filtered, a->hits[1], &a->found[1]));
    expect_success(
        diffmm_similar_items(scorer, user, DIFFMM_COSINE, &filtered, a->hits[2], &a->found[2]));
    expect_success(
        diffmm_similar_users(scorer, user, DIFFMM_DOT, &plain, a->hits[3], &a->found[3]));
    expect_success(
        diffmm_recommend_embedding(scorer, a->embedding, &plain, a->hits[4], &a->found[4]));
    expect_success(diffmm_recommend_users(scorer, 5, NULL, &plain, a->block, a->block_found));
    expect_success(diffmm_recommend_all(scorer, &plain, keep_hits, a));
}

static void ask(int32_t user, struct answers *a)
{
    const int32_t touched[] = {user, 300, 7};
    diffmm_explanation explanation = {
        .struct_size = sizeof explanation, .modalities = a->parts, .items = a->by_item};
    memset(a, 0, sizeof *a);
    expect_success(
        diffmm_fold_in(scorer, user % 2 ? user : DIFFMM_NEW_USER, 3, touched, a->embedding));
    ask_rankings(user, a);
    expect_success(diffmm_explain(scorer, user, 3, touched, 5, &explanation));
    a->score = explanation.score;
    a->collaborative = explanation.collaborative;
    a->rest = explanation.rest;
}

static struct answers *alone; /* one per user */

static void *work(void *argument)
{
    int32_t shift = (int32_t)(size_t)argument;
    struct answers *a = malloc(sizeof *a);
    size_t different = 0;
    for (int32_t i = 0; i < rounds * users; i++) {
        int32_t user = (i + 5 * shift) % users;
        ask(user, a);
        different += memcmp(a, &alone[user], sizeof *a) != 0;
    }
    free(a);
    return (void *)different;
}

static void compare(size_t pool)
{
    struct model_world world;
    diffmm_scorer *made;
    pthread_t handles[threads];
    model_world_begin(
        &(struct model_case){
            .users = users, .items = items, .layers = 1, .no_contrast = true, .threads = pool},
        &world);
    expect_success(diffmm_model_forward(world.model));
    expect_success(diffmm_scorer_create(world.model, &made));
    scorer = made;
    alone = calloc(users, sizeof *alone);
    for (int32_t user = 0; user < users; user++)
        ask(user, &alone[user]);
    for (size_t t = 0; t < threads; t++)
        ck_assert_int_eq(pthread_create(&handles[t], NULL, work, (void *)t), 0);
    for (size_t t = 0; t < threads; t++) {
        void *different;
        ck_assert_int_eq(pthread_join(handles[t], &different), 0);
        ck_assert_msg(!different, "thread %zu: other bits for %zu users", t, (size_t)different);
    }
    free(alone);
    diffmm_scorer_destroy(made);
    model_world_end(&world);
}

START_TEST(eight_threads_get_the_bits_of_one)
{
    compare(1);
    compare(3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {eight_threads_get_the_bits_of_one};
    return run_tests("threads", tests, sizeof tests / sizeof *tests) != 0;
}
