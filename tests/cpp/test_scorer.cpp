/* SPDX-License-Identifier: BSD-2-Clause */
/* Serving from C++. */
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <unistd.h>
#include <vector>

#include "support.hpp"

static diffmm::scorer trained(const diffmm::context &context)
{
    diffmm::dataset data = small_data(context);
    return diffmm::scorer(diffmm::trainer(data, small_options(1)).fit());
}

START_TEST(recommendations_are_sorted_and_new)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    const auto seen = scorer.seen(3);
    const auto scores = scorer.score(3);
    ck_assert_uint_eq(scores.size(), 30);
    float last = 1e9f;
    std::size_t count = 0;
    for (auto [item, score] : scorer.recommend(3, 6)) {
        ck_assert_float_le(score, last);
        ck_assert_float_eq(score, scores[static_cast<std::size_t>(item)]);
        ck_assert(std::find(seen.begin(), seen.end(), item) == seen.end());
        last = score;
        count++;
    }
    ck_assert_uint_eq(count, 6);
    /* As many as there are, however many are asked for. */
    ck_assert_uint_eq(scorer.recommend(3, SIZE_MAX).size(), 30 - seen.size());
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "count", [&] { scorer.recommend(3, 0); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "40 users", [&] { scorer.recommend(40, 1); });
}
END_TEST

START_TEST(a_query_narrows_the_answer)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    const std::vector<int32_t> some = {4, 8, 15, 16, 23};
    diffmm::query query;
    query.include_seen = true;
    query.candidates = some;
    ck_assert_uint_eq(scorer.recommend(0, 30, query).size(), 5);
    const std::vector<int32_t> bought = {8, 23};
    query.exclude = bought;
    const auto left = scorer.recommend(0, 30, query);
    ck_assert_uint_eq(left.size(), 3);
    for (auto [item, score] : left)
        ck_assert(item == 4 || item == 15 || item == 16);
    query.candidates = diffmm::span<const int32_t>(); /* none is not the same as all */
    ck_assert_uint_eq(scorer.recommend(0, 30, query).size(), 0);
    query.candidates.reset();
    ck_assert_uint_eq(scorer.recommend(0, 30, query).size(), 28);
}
END_TEST

START_TEST(blocks_and_own_arrays_give_the_same)
{
    diffmm::context context(2);
    const diffmm::scorer scorer = trained(context);
    const std::vector<int32_t> users = {5, 0, 39};
    const diffmm::rankings block = scorer.recommend_users(users, 4);
    ck_assert_uint_eq(block.size(), 3);
    for (std::size_t b = 0; b < users.size(); b++) {
        diffmm::hit own[4];
        ck_assert_uint_eq(scorer.recommend(users[b], own), 4);
        ck_assert_uint_eq(block[b].size(), 4);
        ck_assert_mem_eq(block[b].data(), own, sizeof own);
    }
    ck_assert_uint_eq(scorer.recommend_users({}, 4).size(), 0);
    const std::vector<int32_t> items = {2, 9};
    const std::vector<float> all = scorer.score(5), two = scorer.score(5, items);
    ck_assert_float_eq(two[0], all[2]);
    ck_assert_float_eq(two[1], all[9]);
    ck_assert_uint_eq(scorer.score(5, diffmm::span<const int32_t>()).size(), 0);
    float out[1];
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "equally many",
                 [&] { scorer.score(5, items, out); });
}
END_TEST

START_TEST(ids_are_found)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    ck_assert_str_eq(scorer.user_id(12), "12");
    ck_assert_int_eq(scorer.find_user("12"), 12);
    ck_assert_int_eq(scorer.find_item(scorer.item_id(29)), 29);
    ck_assert_ptr_null(scorer.item_id(30));
    ck_assert_uint_eq(scorer.users() + scorer.items() + scorer.dimensions(), 40 + 30 + 8);
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "zoe", [&] { scorer.find_user("zoe"); });
}
END_TEST

START_TEST(vectors_are_exported)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    char path[] = "/tmp/diffmm-test-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    scorer.export_vectors(DIFFMM_ITEMS, DIFFMM_VECTORS_SAFETENSORS, path);
    std::ifstream written(path, std::ios::binary | std::ios::ate);
    ck_assert_int_gt(static_cast<long>(written.tellg()), 30 * 8 * 4);
    unlink(path);
    assert_fails(DIFFMM_ERROR_IO, "no-such-folder", [&] {
        scorer.export_vectors(DIFFMM_USERS, DIFFMM_VECTORS_NPY, "no-such-folder/users.npy");
    });
}
END_TEST

START_TEST(threads_share_one)
{
    diffmm::context context(2);
    const diffmm::scorer scorer = trained(context);
    const auto expected = scorer.recommend(1, 10);
    std::vector<std::vector<diffmm::hit>> found(4);
    std::vector<std::thread> threads;
    for (auto &mine : found)
        threads.emplace_back([&] {
            for (int i = 0; i < 50; i++)
                mine = scorer.recommend(1, 10);
        });
    for (std::thread &thread : threads)
        thread.join();
    for (const auto &mine : found) {
        ck_assert_uint_eq(mine.size(), expected.size());
        ck_assert_mem_eq(mine.data(), expected.data(), expected.size() * sizeof(diffmm::hit));
    }
}
END_TEST

TCase *scorer_cases()
{
    TCase *cases = tcase_create("scorer");
    tcase_add_test(cases, recommendations_are_sorted_and_new);
    tcase_add_test(cases, a_query_narrows_the_answer);
    tcase_add_test(cases, blocks_and_own_arrays_give_the_same);
    tcase_add_test(cases, ids_are_found);
    tcase_add_test(cases, vectors_are_exported);
    tcase_add_test(cases, threads_share_one);
    return cases;
}
