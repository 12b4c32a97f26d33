/* SPDX-License-Identifier: BSD-2-Clause */
/* Data sets, options, graphs and schedules say the same as the C handles they stand for. */
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support.hpp"

static const std::vector<std::string> names = {"anna", "bert", "anna", "carl"},
                                      things = {"tea", "tea", "rum", "gin"};

START_TEST(a_data_set_is_filled_piece_by_piece)
{
    diffmm::context context(1);
    const float features[] = {1, 2, -1, 3, 4, -1, 5, 6};
    diffmm::dataset data(context);
    data.declare_items({"rum", "gin", "tea"})
        .add_interactions(DIFFMM_TRAIN, names, things)
        .add_interactions(DIFFMM_TEST, {"bert"}, {"gin"})
        .add_modality("taste", 3, 2, features, 3)
        .add_modality("smell", 1, std::vector<float>{1, 2, 3})
        .seal();
    ck_assert_uint_eq(data.users(), 3);
    ck_assert_uint_eq(data.items(), 3);
    ck_assert_uint_eq(data.interactions(DIFFMM_TRAIN), 4);
    ck_assert_uint_eq(data.interactions(DIFFMM_TEST), 1);
    ck_assert_uint_eq(data.modalities(), 2);
    ck_assert_str_eq(data.modality_name(1), "smell");
    ck_assert_ptr_null(data.modality_name(2));
    ck_assert_uint_eq(data.modality_dimensions(0), 2);
    ck_assert_str_eq(data.user_id(2), "carl");
    ck_assert_str_eq(data.item_id(0), "rum");
    ck_assert_ptr_null(data.item_id(3));
}
END_TEST

START_TEST(rows_of_features_have_ids)
{
    diffmm::context context(1);
    diffmm::dataset data(context);
    float features[] = {1, 2, 3};
    diffmm::dataset fewer(context);
    fewer.add_interactions(DIFFMM_TRAIN, names, things)
        .add_modality_copy("taste", 1, features)
        .name_rows("taste", {"gin", "ale", "tea"})
        .filter_features()
        .filter_features("taste")
        .seal();
    ck_assert(fewer.features(0, 0, 2) == std::vector<float>({3, 1}));
    data.add_interactions(DIFFMM_TRAIN, names, things)
        .add_modality_copy("taste", 1, features)
        .add_modality("smell", 1,
                      [](std::size_t first, std::size_t count, diffmm::span<float> out) {
                          for (std::size_t i = 0; i < count; i++)
                              out[i] = float(first + i);
                      });
    features[0] = 9;
    data.name_rows("taste", {"gin", "ale", "tea"}).name_rows("smell", {"rum", "tea", "gin"}).seal();
    /* Items are tea, rum, gin. */
    ck_assert(data.features(0, 0, 3) == std::vector<float>({3, 0, 1}));
    ck_assert(data.features(1, 0, 3) == std::vector<float>({1, 0, 2}));
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "whole number",
                 [&] { data.add_modality_copy("m", 2, features); });
}
END_TEST

START_TEST(sizes_that_do_not_fit_are_refused)
{
    diffmm::context context(1);
    diffmm::dataset data(context);
    const std::vector<float> five(5);
    const diffmm_status status = DIFFMM_ERROR_INVALID_ARGUMENT;
    assert_fails(status, "equally many", [&] {
        data.add_interactions(DIFFMM_TRAIN, {"a", "b"}, {"c"});
    });
    assert_fails(status, "shorter", [&] { data.add_modality("m", 3, 2, five); });
    assert_fails(status, "shorter", [&] { data.add_modality("m", 2, 2, five, 4); });
    assert_fails(status, "shorter", [&] { data.add_modality("m", SIZE_MAX / 2, 2, five); });
    assert_fails(status, "whole number",
                 [&] { data.add_modality("m", 2, std::vector<float>(five)); });
    assert_fails(status, "whole number", [&] { data.add_modality("m", 0, std::vector<float>()); });
    ck_assert_uint_eq(data.modalities(), 0);
    data.add_modality("m", 2, 2, five, 3); /* the last row needs no padding */
    ck_assert_uint_eq(data.modalities(), 1);
}
END_TEST

START_TEST(popularity_is_evaluated)
{
    diffmm::context context(2);
    diffmm::dataset data = small_data(context);
    data.seal();
    const std::vector<float> ones(data.users(), 1.0f), flat(data.items(), 1.0f);
    const auto found = data.evaluate(DIFFMM_TEST, 1, ones, flat, {5, data.items()});
    ck_assert_uint_eq(found.size(), 2);
    ck_assert_uint_eq(found[0].cutoff, 5);
    ck_assert_double_lt(found[0].recall, 1);
    ck_assert_double_eq_tol(found[1].recall, 1, 1e-12);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "item_matrix is not items x d",
                 [&] { data.evaluate(DIFFMM_TEST, 1, ones, ones, {5}); });
}
END_TEST

START_TEST(options_take_every_type)
{
    diffmm::options options = diffmm::options::preset("tiktok");
    options.set("epochs", 7)
        .set("seed", std::uint64_t{123456789012})
        .set("keep_rate", 0.25)
        .set("ssl_reg", 0.5f)
        .set("norm", true)
        .set("contrastive.anchor", "main")
        .set("projection", std::string("linear"))
        .set("hidden_sizes", {64, 32})
        .set("cutoffs", std::vector<std::int64_t>{10, 20, 50});
    ck_assert_int_eq(options.get_integer("epochs"), 7);
    ck_assert_int_eq(options.get_integer("seed"), 123456789012);
    ck_assert_double_eq(options.get_real("keep_rate"), 0.25);
    ck_assert(options.get_flag("norm"));
    ck_assert(options.get_text("contrastive.anchor") == "main");
    ck_assert(options.get_text("hidden_sizes") == "64,32");
    ck_assert(options.get_text("cutoffs") == "10,20,50");
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "epochs", [&] { options.set("epochs", 0); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "seed", [&] { options.set("seed", UINT64_MAX); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "nothing", [&] { options.get_real("nothing"); });
    ck_assert_int_eq(options.get_integer("epochs"), 7);
}
END_TEST

START_TEST(options_are_listed)
{
    const auto all = diffmm::options::list();
    ck_assert_uint_eq(all.size(), diffmm_option_count());
    diffmm::options defaults;
    for (const diffmm_option_info &info : all) {
        ck_assert_uint_gt(std::strlen(info.help), 0);
        if (std::strchr(info.name, '*') == nullptr)
            ck_assert(defaults.get_text(info.name) == info.default_value);
    }
}
END_TEST

START_TEST(a_graph_with_weights)
{
    diffmm::context context(1);
    const std::vector<std::int32_t> user{0, 1}, item{1, 0};
    const std::vector<float> weight{3, 0.5F}, short_one{3};
    const diffmm::graph graph(context, 2, 2, user, item, weight);
    ck_assert_double_eq_tol(static_cast<double>(graph.rows().values[1]), 0.75, 1e-7);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "equally many",
                 [&] { diffmm::graph made(context, 2, 2, user, item, short_one); });
}
END_TEST

START_TEST(a_graph_lends_its_entries_and_multiplies)
{
    diffmm::context context(1);
    const std::vector<int32_t> user = {0, 0, 1}, item = {0, 1, 1};
    diffmm::graph graph(context, 2, 2, user, item);
    const diffmm::graph_rows rows = graph.rows();
    const float *values = nullptr;
    diffmm::check(diffmm_graph_rows(graph.get(), nullptr, nullptr, &values));
    ck_assert_ptr_eq(rows.values.data(), values);
    ck_assert_uint_eq(rows.pointers.size(), 5);
    ck_assert_uint_eq(rows.columns.size(), graph.entries());
    ck_assert_int_eq(rows.pointers[4], static_cast<int64_t>(graph.entries()));

    const std::vector<float> x = {1, 0, 0, 0};
    std::vector<float> y(4), h(4), back(4);
    graph.multiply(1, x, y);
    for (std::size_t r = 0; r < 4; r++)
        ck_assert_float_eq(y[r],
                           r == 1 ? 0 : rows.values[static_cast<std::size_t>(rows.pointers[r])]);
    graph.view().multiply_transposed(1, x, back);
    ck_assert_mem_eq(y.data(), back.data(), sizeof(float) * 4); /* it is symmetric */
    graph.propagate(1, 1, x, h);
    ck_assert_float_eq(h[0], 1 + y[0]);
    graph.propagate_backward(1, 1, x, back);
    ck_assert_mem_eq(h.data(), back.data(), sizeof(float) * 4);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "(users + items) x d",
                 [&] { graph.multiply(2, x, y); });

    const std::vector<std::uint8_t> none(graph.entries(), 0);
    ck_assert_uint_eq(graph.drop_edges(0.5, none).entries(), 0);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "one byte per entry",
                 [&] { graph.drop_edges(0.5, std::vector<std::uint8_t>(1)); });
}
END_TEST

START_TEST(a_schedule_lends_its_values)
{
    diffmm::context context(1);
    diffmm::schedule schedule(context, 5, 0.1, 1e-4, 0.02);
    const auto beta = schedule.values(DIFFMM_SCHEDULE_BETA);
    ck_assert_uint_eq(beta.size(), 5);
    ck_assert_ptr_eq(beta.data(), diffmm_schedule_values(schedule.get(), DIFFMM_SCHEDULE_BETA));
    ck_assert_double_eq_tol(beta[0], 1e-4, 1e-15);
    ck_assert_double_eq_tol(schedule.values(DIFFMM_SCHEDULE_ALPHA_BAR)[0], 1 - 1e-4, 1e-15);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "no such quantity",
                 [&] { schedule.values(static_cast<diffmm_schedule_quantity>(7)); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "steps",
                 [&] { diffmm::schedule(context, 0, 0.1, 1e-4, 0.02); });
}
END_TEST

TCase *data_cases()
{
    TCase *cases = tcase_create("data");
    tcase_add_test(cases, a_data_set_is_filled_piece_by_piece);
    tcase_add_test(cases, rows_of_features_have_ids);
    tcase_add_test(cases, sizes_that_do_not_fit_are_refused);
    tcase_add_test(cases, popularity_is_evaluated);
    tcase_add_test(cases, options_take_every_type);
    tcase_add_test(cases, options_are_listed);
    tcase_add_test(cases, a_graph_with_weights);
    tcase_add_test(cases, a_graph_lends_its_entries_and_multiplies);
    tcase_add_test(cases, a_schedule_lends_its_values);
    return cases;
}
