/* SPDX-License-Identifier: BSD-2-Clause */
/* Users, items and interactions that come after a training. */
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "support.hpp"

/* Six users, twelve items with ids, two modalities: an array given away, and a loader. */
static diffmm::dataset begun(const diffmm::context &context)
{
    diffmm::dataset data(context);
    std::vector<std::string> ids, users, items;
    std::vector<float> taste;
    for (int i = 0; i < 12; i++) {
        ids.push_back("i" + std::to_string(i));
        taste.push_back(static_cast<float>(i % 3));
        taste.push_back(static_cast<float>(i));
        for (int u = 0; u < 6; u++)
            if ((u + i) % 3 == 0) {
                users.push_back("u" + std::to_string(u));
                items.push_back(ids.back());
            }
    }
    data.declare_items(ids).add_interactions(DIFFMM_TRAIN, users, items);
    data.add_modality("taste", 2, std::move(taste))
        .add_modality("smell", 3,
                      [](std::size_t first, std::size_t count, diffmm::span<float> rows) {
                          for (std::size_t i = 0; i < 3 * count; i++)
                              rows[i] = static_cast<float>((first + i / 3) * (1 + i % 3) % 7);
                      })
        .seal();
    return data;
}

static const std::vector<float> new_taste = {1, 12, 2, 13};

/* The same with a user and two items more. */
static diffmm::dataset grown(const diffmm::dataset &source)
{
    diffmm::dataset data = source.extend();
    data.declare_items({"new", "newer"})
        .append_features("taste", 2, new_taste)
        .add_interactions(DIFFMM_TRAIN, {"guest", "guest"}, {"i3", "new"})
        .seal();
    return data;
}

START_TEST(a_data_set_is_extended)
{
    diffmm::context context(1);
    diffmm::dataset data(context);
    {
        const diffmm::dataset source = begun(context);
        data = grown(source);
        ck_assert_uint_eq(source.items(), 12);
    } /* what it was lent lives on */
    ck_assert_uint_eq(data.users(), 7);
    ck_assert_str_eq(data.item_id(13), "newer");
    ck_assert_str_eq(data.item_id(3), "i3");
    ck_assert(data.features(0, 12, 2) == new_taste);
    ck_assert(data.features(1, 13, 1) == (std::vector<float>{6, 5, 4}));
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "so many items", [&] { data.features(0, 13, 2); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "", [&] { data.features(2, 0, 1); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "whole number",
                 [&] { data.append_features("taste", 3, new_taste); });
    diffmm::dataset larger = data.extend();
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    for (std::size_t dimensions : {std::size_t{1}, std::size_t{4}})
        assert_fails(bad, "not the modality's",
                     [&] { larger.append_features("taste", dimensions, new_taste); });
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "sound",
                 [&] { larger.append_features("sound", 4, new_taste); });
    assert_fails(DIFFMM_ERROR_STATE, "its loader",
                 [&] { larger.append_features("smell", 3, std::vector<float>(3)); });
}
END_TEST

START_TEST(training_goes_on_from_a_model)
{
    diffmm::context context(1);
    diffmm::dataset source = begun(context), data = grown(source);
    const diffmm::model model = diffmm::trainer(source, small_options(2)).fit();
    diffmm::trainer trainer = diffmm::trainer::create_from(data, model);
    ck_assert_mem_eq(trainer.model().parameter("user_embedding").values.data(),
                     model.parameter("user_embedding").values.data(), 6 * 8 * sizeof(float));
    ck_assert(trainer.model().setting("epochs") == "2");
    ck_assert_uint_eq(trainer.epoch().epoch, 1);
    ck_assert(
        diffmm::trainer::create_from(data, small_options(7), model).model().setting("epochs") ==
        "7");
    diffmm::options longer = model.settings();
    diffmm::options copied = longer.set("epochs", 8).copy();
    copied.set("epochs", 9);
    ck_assert(longer.get_integer("epochs") == 8 && copied.get_integer("epochs") == 9);
    ck_assert(copied.get_text("hidden_sizes") == model.setting("hidden_sizes"));
    ck_assert(model.setting("epochs") == "2");
    diffmm::options other = small_options();
    other.set("embedding_size", 4);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "embedding",
                 [&] { diffmm::trainer::create_from(data, other, model); });
    diffmm::options seeded = small_options();
    seeded.set("seed", 9);
    diffmm::model heir(data, seeded);
    heir.inherit(model);
    ck_assert_mem_eq(heir.parameter("item_embedding").values.data(),
                     model.parameter("item_embedding").values.data(), 12 * 8 * sizeof(float));
}
END_TEST

START_TEST(a_final_fit_trains_on_everything)
{
    diffmm::context context(1);
    std::unique_ptr<diffmm::trainer> trainer;
    std::size_t epochs = 0, steps = 0;
    {
        diffmm::dataset data = begun(context).extend();
        data.add_interactions(DIFFMM_VALID, {"u0"}, {"i5"}).seal();
        trainer.reset(new diffmm::trainer(data, small_options(3)));
    }
    assert_fails(DIFFMM_ERROR_STATE, "no epoch", [&] { trainer->create_final(); });
    assert_fails(DIFFMM_ERROR_STATE, "no epoch", [&] { trainer->fit_final(); });
    trainer->fit();
    const std::size_t best = trainer->best().epoch;
    trainer->on_progress([&](const diffmm::progress &) { steps++; });
    const diffmm::model final = trainer->fit_final([&](const diffmm::report &) { epochs++; });
    ck_assert_uint_eq(epochs, best);
    ck_assert_uint_ge(steps, 4 * best);
    diffmm::trainer other = trainer->create_final();
    ck_assert(other.fit().save_memory() == final.save_memory());
    ck_assert(trainer->fit_final().save_memory() == final.save_memory());
    trainer->on_progress([](const diffmm::progress &) { return false; });
    assert_fails(DIFFMM_CANCELLED, "epoch 1", [&] { trainer->fit_final(); });
    trainer.reset();
    ck_assert(final.setting("epochs") == std::to_string(best));
    const diffmm::scorer scorer(final);
    const auto seen = scorer.seen(0);
    ck_assert(std::count(seen.begin(), seen.end(), scorer.find_item("i5")) == 1);
}
END_TEST

START_TEST(new_items_are_placed_and_ranked)
{
    char folder[] = "/tmp/diffmm-cpp-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const std::string path = std::string(folder) + "/placer";
    diffmm::context context(1);
    diffmm::dataset data = begun(context);
    const diffmm::model model = diffmm::trainer(data, small_options(2)).fit();
    const diffmm::placer placer(model, data);
    ck_assert_uint_eq(placer.dimensions(), 8);
    ck_assert_uint_eq(placer.modalities(), 2);
    ck_assert_str_eq(placer.modality_name(1), "smell");
    ck_assert_uint_eq(placer.modality_dimensions(1), 3);
    const diffmm::span<const float> taste(new_taste.data(), 2), none;
    const auto rows = placer.place({{taste, none}, {none, none}});
    ck_assert_uint_eq(rows.size(), 2 * 8);
    placer.save(path);
    ck_assert(diffmm::placer::open(context, path).place({{taste, none}, {none, none}}) == rows);

    const diffmm::scorer scorer(model), extended = scorer.extend(rows, {"new", "newer"});
    ck_assert_uint_eq(extended.items(), scorer.items() + 2);
    ck_assert_int_eq(extended.find_item("newer"), 13);
    const auto scores = extended.score(2), before = scorer.score(2);
    ck_assert_mem_eq(scores.data(), before.data(), before.size() * sizeof(float));
    const std::vector<int32_t> both = {12, 13};
    diffmm::query query;
    query.candidates = both;
    ck_assert_uint_eq(extended.recommend(2, 5, query).size(), 2);

    ck_assert_uint_eq(extended.modalities(), 2);
    ck_assert(extended.fold_in(2, both) != scorer.fold_in(2, {}));
    const auto explained = extended.explain(2, 12);
    ck_assert_uint_eq(explained.modalities.size(), 2);
    ck_assert(explained.score == scores[12]);
    const auto bytes = extended.save_memory();
    ck_assert(diffmm::scorer::open_memory(context, bytes).score(2) == scores);
    ck_assert_uint_eq(diffmm::model::load_memory(context, bytes).items(), 14);
    extended.save(path);
    ck_assert(diffmm::scorer::open(context, path).fold_in(2, both) == extended.fold_in(2, both));
    unlink(path.c_str());
    rmdir(folder);

    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    assert_fails(bad, "one entry per modality", [&] { placer.place({{taste}}); });
    assert_fails(bad, "as many as the modality's", [&] { placer.place({{taste, taste}}); });
    assert_fails(bad, "whole number", [&] { scorer.extend(taste); });
    assert_fails(bad, "equally many", [&] { scorer.extend(rows, {"one"}); });
    assert_fails(bad, "i3", [&] { scorer.extend(rows, {"i3", "other"}); });
    assert_fails(DIFFMM_ERROR_IO, "no/such",
                 [&] { diffmm::placer::open(context, "no/such/file"); });
}
END_TEST

TCase *growth_cases()
{
    TCase *cases = tcase_create("growth");
    tcase_add_test(cases, a_data_set_is_extended);
    tcase_add_test(cases, training_goes_on_from_a_model);
    tcase_add_test(cases, a_final_fit_trains_on_everything);
    tcase_add_test(cases, new_items_are_placed_and_ranked);
    return cases;
}
