/* SPDX-License-Identifier: BSD-2-Clause */
/* Restricted rankings, all users, new users, similar rows, explanations. */
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "support.hpp"

static const std::size_t users = 40, items = 30;

static diffmm::scorer trained(const diffmm::context &context)
{
    diffmm::dataset data = small_data(context);
    return diffmm::scorer(diffmm::trainer(data, small_options(2)).fit());
}

static void assert_hits(diffmm::span<const diffmm::hit> hits,
                        const std::vector<diffmm::hit> &expected)
{
    ck_assert_uint_eq(hits.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); i++) {
        ck_assert_int_eq(hits[i].item, expected[i].item);
        ck_assert_float_eq(hits[i].score, expected[i].score);
    }
}

START_TEST(restrictions_hold_together)
{
    diffmm::context context(2);
    const diffmm::scorer scorer = trained(context);
    const auto all = scorer.recommend(3, items);
    const float least = all[all.size() / 2].score;
    std::vector<bool> flags(items);
    for (std::size_t i = 0; i < items; i++)
        flags[i] = i % 5 != 0;
    const auto bits = diffmm::bitmap(flags);
    ck_assert_uint_eq(bits.size(), 4);
    diffmm::query query;
    query.allowed = bits;
    query.min_score = least;
    query.filter = [](std::int32_t, std::int32_t item) { return item % 2 == 0; };
    std::vector<diffmm::hit> expected;
    for (const diffmm::hit &hit : all)
        if (hit.item % 5 != 0 && hit.item % 2 == 0 && hit.score >= least)
            expected.push_back(hit);
    ck_assert_uint_gt(expected.size(), 0);
    assert_hits(scorer.recommend(3, items, query), expected);
    const std::vector<int32_t> some = {9, 3};
    assert_hits(scorer.recommend_users(some, items, query)[1], expected);

    query = {};
    query.allowed = diffmm::span<const std::uint8_t>(bits.data(), 3);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "allowed_size is 3",
                 [&] { scorer.recommend(3, 1, query); });
    query.allowed = diffmm::span<const std::uint8_t>(); /* none is not the same as all */
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "allowed_size is 0",
                 [&] { scorer.recommend(3, 1, query); });
}
END_TEST

START_TEST(what_a_filter_throws_arrives)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    const std::vector<int32_t> some = {9, 3};
    const std::vector<float> embedding(8, 1.0f);
    diffmm::query query;
    query.filter = [](std::int32_t, std::int32_t) -> bool { throw std::out_of_range("stock"); };
    int thrown = 0;
    const auto arrives = [&](auto call) {
        try {
            call();
        } catch (const std::out_of_range &) {
            thrown++;
        }
    };
    arrives([&] { scorer.recommend(3, 5, query); });
    arrives([&] { scorer.recommend_users(some, 5, query); });
    arrives([&] {
        scorer.recommend_all(
            5, [](std::int32_t, auto) {}, query);
    });
    arrives([&] { scorer.recommend_embedding(embedding, 5, query); });
    arrives([&] { scorer.similar_items(3, 5, DIFFMM_COSINE, query); });
    arrives([&] { scorer.similar_users(3, 5, DIFFMM_DOT, query); });
    ck_assert_int_eq(thrown, 6);
}
END_TEST

START_TEST(every_user_is_told_of)
{
    diffmm::context context(2);
    const diffmm::scorer scorer = trained(context);
    std::int32_t next = 0;
    scorer.recommend_all(4, [&](std::int32_t user, diffmm::span<const diffmm::hit> hits) {
        ck_assert_int_eq(user, next++);
        assert_hits(hits, scorer.recommend(user, 4));
    });
    ck_assert_int_eq(next, users);
    next = 0;
    scorer.recommend_all(4, [&](std::int32_t user, diffmm::span<const diffmm::hit>) {
        next++;
        return user < 6;
    });
    ck_assert_int_eq(next, 7);
    try {
        scorer.recommend_all(4, [](std::int32_t, diffmm::span<const diffmm::hit>) {
            throw std::logic_error("enough");
        });
        ck_abort_msg("nothing was thrown");
    } catch (const std::logic_error &thrown) {
        ck_assert_str_eq(thrown.what(), "enough");
    }
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "count",
                 [&] { scorer.recommend_all(0, [](std::int32_t, auto) {}); });
}
END_TEST

START_TEST(new_users_are_folded_in)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    const std::vector<int32_t> touched = {4, 8, 15}, repeated = {15, 8, 4, 8};
    const auto embedding = scorer.fold_in(diffmm::new_user, touched);
    ck_assert_uint_eq(embedding.size(), 8);
    ck_assert(embedding == scorer.fold_in(diffmm::new_user, repeated));
    ck_assert(embedding != scorer.fold_in(3, touched));
    const auto scores = scorer.score_embedding(embedding);
    ck_assert_uint_eq(scores.size(), items);
    ck_assert(scorer.score_embedding(embedding, touched) ==
              (std::vector<float>{scores[4], scores[8], scores[15]}));
    ck_assert_uint_eq(scorer.score_embedding(embedding, diffmm::span<const int32_t>()).size(), 0);
    std::int32_t told = 7;
    diffmm::query query;
    query.exclude = touched;
    query.filter = [&](std::int32_t user, std::int32_t) {
        told = user;
        return true;
    };
    const auto hits = scorer.recommend_embedding(embedding, items, query);
    ck_assert_uint_eq(hits.size(), items - 3);
    ck_assert_int_eq(told, diffmm::new_user);
    for (auto [item, score] : hits)
        ck_assert_float_eq(score, scores[static_cast<std::size_t>(item)]);
    diffmm::hit own[2];
    ck_assert_uint_eq(scorer.recommend_embedding(embedding, own, query), 2);
    ck_assert_int_eq(own[1].item, hits[1].item);

    const std::vector<float> shorter(7), bad(8, NAN);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "d floats",
                 [&] { scorer.score_embedding(shorter); });
    assert_fails(DIFFMM_ERROR_NUMERIC, "embedding", [&] { scorer.recommend_embedding(bad, 1); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "40 users", [&] { scorer.fold_in(40, touched); });
}
END_TEST

START_TEST(similar_rows_are_sorted)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    const diffmm::model model = diffmm::trainer(data, small_options(2)).fit();
    const diffmm::scorer scorer(model);
    const auto dot = [](diffmm::span<const float> a, diffmm::span<const float> b) {
        double sum = 0;
        for (std::size_t k = 0; k < a.size(); k++)
            sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
        return sum;
    };
    const auto one = model.item_embedding(4);
    float last = 1e9f;
    const auto near = scorer.similar_items(4, SIZE_MAX);
    ck_assert_uint_eq(near.size(), items - 1);
    for (auto [item, score] : near) {
        const auto other = model.item_embedding(item);
        ck_assert_int_ne(item, 4);
        ck_assert_float_le(score, last);
        ck_assert_double_eq_tol(static_cast<double>(score),
                                dot(one, other) / std::sqrt(dot(one, one) * dot(other, other)),
                                1e-5);
        last = score;
    }
    const auto alike = scorer.similar_users(7, 5, DIFFMM_DOT);
    ck_assert_uint_eq(alike.size(), 5);
    for (auto [user, score] : alike)
        ck_assert_double_eq_tol(static_cast<double>(score),
                                dot(model.user_embedding(7), model.user_embedding(user)), 1e-4);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "item", [&] { scorer.similar_items(30, 1); });
}
END_TEST

static void assert_adds_up(const diffmm::explanation &explained)
{
    float parts = explained.collaborative, by_item = explained.rest;
    for (float part : explained.modalities)
        parts += part;
    for (auto [item, part] : explained.items)
        by_item += part;
    ck_assert_float_eq_tol(parts, explained.score, 1e-3f);
    ck_assert_float_eq_tol(by_item, explained.score, 1e-3f);
}

START_TEST(ways_of_searching_give_the_same_hits)
{
    diffmm::context context(2);
    diffmm::scorer scorer = trained(context);
    diffmm_scorer_info info = scorer.describe();
    ck_assert_uint_eq(info.items, scorer.items());
    ck_assert_int_eq(info.search, DIFFMM_SEARCH_FLAT);
    const auto flat = scorer.recommend(3, 5);
    scorer.set_search(DIFFMM_SEARCH_FIRST_PASS);
    info = scorer.describe();
    ck_assert_int_eq(info.search, DIFFMM_SEARCH_FIRST_PASS);
    ck_assert_uint_gt(info.search_bytes, 0);
    diffmm::query query;
    query.threads = 2;
    const auto other = scorer.recommend(3, 5, query);
    ck_assert_uint_eq(flat.size(), other.size());
    for (std::size_t i = 0; i < flat.size(); i++)
        ck_assert(flat[i].item == other[i].item && flat[i].score == other[i].score);
}
END_TEST

START_TEST(scores_are_explained)
{
    diffmm::context context(1);
    const diffmm::scorer scorer = trained(context);
    ck_assert_uint_eq(scorer.modalities(), 2);
    ck_assert_str_eq(scorer.modality_name(0), "image");
    ck_assert_ptr_null(scorer.modality_name(2));
    const auto weights = scorer.modality_weights();
    ck_assert_float_eq_tol(weights[0] + weights[1], 1.0f, 1e-6f);

    const diffmm::explanation known = scorer.explain(3, 17);
    const auto seen = scorer.seen(3); /* held-out items too, which the score does not go by */
    assert_adds_up(known);
    ck_assert_float_eq_tol(known.score, scorer.score(3)[17], 1e-4f);
    ck_assert_uint_eq(known.modalities.size(), 2);
    ck_assert_uint_gt(known.items.size(), 0);
    ck_assert_uint_lt(known.items.size(), seen.size());
    for (std::size_t i = 0; i < known.items.size(); i++) {
        ck_assert(std::find(seen.begin(), seen.end(), known.items[i].item) != seen.end());
        ck_assert(i == 0 || known.items[i - 1].item < known.items[i].item);
    }

    const std::vector<int32_t> touched = {15, 4, 15};
    const diffmm::explanation unknown = scorer.explain(diffmm::new_user, 17, touched);
    assert_adds_up(unknown);
    ck_assert_uint_eq(unknown.items.size(), 2);
    ck_assert_int_eq(unknown.items[1].item, 15);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "item", [&] { scorer.explain(3, 30); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "user", [&] { scorer.explain(40, 3); });
}
END_TEST

TCase *query_cases()
{
    TCase *cases = tcase_create("queries");
    tcase_add_test(cases, restrictions_hold_together);
    tcase_add_test(cases, what_a_filter_throws_arrives);
    tcase_add_test(cases, every_user_is_told_of);
    tcase_add_test(cases, new_users_are_folded_in);
    tcase_add_test(cases, similar_rows_are_sorted);
    tcase_add_test(cases, ways_of_searching_give_the_same_hits);
    tcase_add_test(cases, scores_are_explained);
    return cases;
}
