/* SPDX-License-Identifier: BSD-2-Clause */
/* What a function is given reaches C as it is, or is refused: nothing is cut to a type. */
#include <cfloat>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "support.hpp"

/* A fraction or a bool is no number, at compile time. */
static_assert(!std::is_convertible_v<double, diffmm::detail::number>);
static_assert(!std::is_convertible_v<float, diffmm::detail::amount>);
static_assert(std::is_convertible_v<short, diffmm::detail::amount>);
static_assert(std::is_convertible_v<std::uint64_t, diffmm::detail::number>);
static_assert(!std::is_convertible_v<const char *, diffmm::detail::number>);
static_assert(!std::is_convertible_v<bool, diffmm::detail::real<float>>);

template <class Call> void assert_refused(Call call)
{
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "is not a number from", call);
}

START_TEST(whole_numbers_arrive_or_are_refused)
{
    using diffmm::detail::amount;
    using diffmm::detail::number;
    ck_assert_int_eq(number(INT32_MAX), INT32_MAX);
    ck_assert_int_eq(number(std::int64_t(INT32_MIN)), INT32_MIN);
    ck_assert_int_eq(number(DIFFMM_NEW_USER), -1);
    ck_assert_int_eq(number(std::size_t(7)), 7);
    ck_assert_uint_eq(amount(SIZE_MAX), SIZE_MAX);
    ck_assert_uint_eq(amount(std::int8_t(5)), 5);
    assert_refused([] { (void)number(std::size_t(1) << 32 | 1); });
    assert_refused([] { (void)number(std::int64_t(INT32_MAX) + 1); });
    assert_refused([] { (void)number(std::int64_t(INT32_MIN) - 1); });
    assert_refused([] { (void)number(UINT64_MAX); });
    assert_refused([] { (void)amount(-1); });
    assert_refused([] { (void)amount(INT64_MIN); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT,
                 "4294967297 is not a number from -2147483648 to 2147483647",
                 [] { (void)number(4294967297); });
}
END_TEST

START_TEST(real_numbers_stay_finite)
{
    using single = diffmm::detail::real<float>;
    ck_assert(single(0.5) == 0.5f && single(3) == 3.0f);
    ck_assert(single(static_cast<double>(FLT_MAX)) == FLT_MAX);
    ck_assert(std::isinf(single(std::numeric_limits<double>::infinity())));
    ck_assert(std::isnan(single(std::numeric_limits<double>::quiet_NaN())));
    for (double large : {1e39, -1e39})
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "too large", [&] { (void)single(large); });
    diffmm::query query;
    query.min_score = 0.25;
    ck_assert(*query.min_score == 0.25f);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "too large", [&] { query.min_score = 1e39; });
}
END_TEST

START_TEST(users_items_and_counts)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::model model(data, small_options());
    model.forward();
    const diffmm::scorer scorer(model);
    const std::vector<std::int32_t> items = {1, 2};
    const std::vector<float> embedding(scorer.dimensions());
    for (std::uint64_t user : {std::uint64_t(1) << 32 | 1, std::uint64_t(1) << 31, UINT64_MAX}) {
        assert_refused([&] { scorer.recommend(user, 5); });
        assert_refused([&] { scorer.score(user); });
        assert_refused([&] { scorer.score(user, items); });
        assert_refused([&] { scorer.seen(user); });
        assert_refused([&] { scorer.user_id(user); });
        assert_refused([&] { scorer.item_id(user); });
        assert_refused([&] { scorer.fold_in(user, items); });
        assert_refused([&] { scorer.explain(user, 0); });
        assert_refused([&] { scorer.explain(0, user); });
        assert_refused([&] { scorer.similar_items(user, 5); });
        assert_refused([&] { scorer.similar_users(user, 5); });
        assert_refused([&] { data.user_id(user); });
        assert_refused([&] { data.item_id(user); });
        assert_refused([&] { model.user_embedding(user); });
        assert_refused([&] { model.item_embedding(user); });
    }
    assert_refused([&] { scorer.recommend(0, -1); });
    assert_refused([&] { scorer.recommend_users(items, -1); });
    assert_refused([&] { scorer.recommend_all(-1, [](std::int32_t, auto) {}); });
    assert_refused([&] { scorer.recommend_embedding(embedding, -1); });
    assert_refused([&] { scorer.similar_items(0, -1); });
    assert_refused([&] { scorer.similar_users(0, -1); });
    assert_refused([&] { scorer.modality_name(-1); });
    ck_assert_uint_eq(scorer.recommend(DIFFMM_NEW_USER + 1, 5).size(), 5);
    ck_assert_uint_eq(scorer.recommend(std::size_t(3), 5u).size(), 5);
}
END_TEST

START_TEST(sizes)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context), open(context);
    data.seal();
    const std::vector<float> floats(4);
    assert_refused([] { diffmm::context made(-1); });
    assert_refused([] {
        diffmm::settings settings;
        settings.threads = -1;
    });
    assert_refused([&] { open.reserve(-1, 0); });
    assert_refused([&] { open.reserve(0, -1); });
    assert_refused([&] { open.add_modality("a", -1, 2, floats); });
    assert_refused([&] { open.add_modality("a", 2, -1, floats); });
    assert_refused([&] { open.add_modality("a", 2, 2, floats, -2); });
    assert_refused([&] { open.add_modality("a", -1, std::vector<float>(4)); });
    assert_refused([&] { open.append_features("a", -1, floats); });
    assert_refused([&] { open.hold_out(0.1, 0.1, -1); });
    assert_refused([&] { data.features(0, -1, 1); });
    assert_refused([&] { data.features(0, 0, -1); });
    assert_refused([&] { data.features(-1, 0, 1); });
    assert_refused([&] { data.modality_dimensions(-1); });
    assert_refused([&] { diffmm::sample_pairs(data, -1, 1); });
    assert_refused([&] { diffmm::schedule made(context, -1, 0.1, 1e-4, 0.02); });
    const std::vector<std::int32_t> none;
    assert_refused([&] { diffmm::graph made(context, -1, 3, none, none); });
    ck_assert_uint_ge(diffmm::context(0).threads(), 1); /* 0 is a number like any other */
}
END_TEST

START_TEST(products_that_are_no_size)
{
    diffmm::context context(1);
    const std::vector<std::int32_t> ends = {0};
    const diffmm::graph graph(context, 2, 2, ends, ends);
    std::vector<float> none;
    const std::size_t d = SIZE_MAX / 4 + 1; /* four nodes: 4 d is 0 */
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "not (users + items) x d",
                 [&] { graph.multiply(d, none, none); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "not (users + items) x d",
                 [&] { graph.propagate(1, d, none, none); });
    diffmm::dataset data(context);
    data.add_interactions(DIFFMM_TRAIN, ends, ends).reserve(4, 4).seal();
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "user_matrix",
                 [&] { data.evaluate(DIFFMM_TEST, d, none, none, {1}); });
    assert_fails(DIFFMM_ERROR_NO_MEMORY, "address space",
                 [] { diffmm::rankings(SIZE_MAX / 2, 3); });
}
END_TEST

/* Every std::string that goes to C: none ends at a NUL without a word. */
START_TEST(texts_with_a_nul_inside)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context), open(context);
    diffmm::options options;
    diffmm::trainer trainer(data, small_options());
    diffmm::model model(data, small_options());
    model.forward();
    const diffmm::scorer scorer(model);
    const diffmm::placer placer(model, data);
    const std::string nul("u1\0x", 4);
    const std::vector<std::string> good = {"u1"}, bad = {nul};
    const std::vector<float> floats(2), row(scorer.dimensions());
    const diffmm::graph graph(context, 1, 1, {}, {});
    auto refused = [](auto call) {
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "'u1' goes on after a NUL", call);
    };
    refused([&] { scorer.find_user(nul); });
    refused([&] { scorer.find_item(nul); });
    refused([&] { scorer.extend(row, bad); });
    refused([&] { scorer.export_vectors(DIFFMM_USERS, DIFFMM_VECTORS_NPY, nul); });
    refused([&] { diffmm::scorer::open(context, nul); });
    refused([&] { diffmm::model::load(context, nul); });
    refused([&] { model.save(nul); });
    refused([&] { model.setting(nul); });
    refused([&] { model.parameter(nul); });
    refused([&] { model.set_parameter(nul, floats); });
    refused([&] { model.view(nul); });
    refused([&] { model.set_graph(nul, graph); });
    refused([&] { model.generated_graph(nul); });
    refused([&] { diffmm::dataset::open(context, nul); });
    refused([&] { open.read_interactions(nul); });
    refused([&] { open.add_interactions(DIFFMM_TRAIN, bad, good); });
    refused([&] { open.add_interactions(DIFFMM_TRAIN, good, bad); });
    refused([&] { open.declare_items(bad); });
    refused([&] { open.add_modality(nul, 1, 2, floats); });
    refused([&] { open.add_modality(nul, 2, std::vector<float>(2)); });
    refused([&] { open.add_modality(nul, 2, [](std::size_t, std::size_t, auto) {}); });
    refused([&] { open.add_modality_by_id(nul, 2, [](auto, auto) {}); });
    refused([&] { open.append_features(nul, 2, floats); });
    refused([&] { open.read_modality(nul, "x.npy"); });
    refused([&] { open.read_modality("x", nul); });
    refused([&] { options.set(nul, 1); });
    refused([&] { options.set(nul, 1.5); });
    refused([&] { options.set(nul, true); });
    refused([&] { options.set(nul, "x"); });
    refused([&] { options.set("epochs", nul); });
    refused([&] { options.set_preset(nul); });
    refused([&] { options.get_text(nul); });
    refused([&] { options.get_integer(nul); });
    refused([&] { options.get_real(nul); });
    refused([&] { trainer.checkpoint(nul); });
    refused([&] { diffmm::trainer::resume(data, nul); });
    refused([&] { placer.save(nul); });
    refused([&] { diffmm::placer::open(context, nul); });
    refused([&] { diffmm::file::open(context, nul); });
    ck_assert_ptr_null(diffmm::detail::thrown_goes_to()); /* no call is left half begun */
}
END_TEST

TCase *argument_cases()
{
    TCase *cases = tcase_create("argument");
    tcase_add_test(cases, whole_numbers_arrive_or_are_refused);
    tcase_add_test(cases, real_numbers_stay_finite);
    tcase_add_test(cases, users_items_and_counts);
    tcase_add_test(cases, sizes);
    tcase_add_test(cases, products_that_are_no_size);
    tcase_add_test(cases, texts_with_a_nul_inside);
    return cases;
}
