/* SPDX-License-Identifier: BSD-2-Clause */
/* Callables that end or replace the object that is calling them: the call goes on with the handle
 * it has. The address sanitiser watches. */
#include <cstring>
#include <optional>
#include <vector>

#include "support.hpp"

START_TEST(progress_ends_its_trainer)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    std::optional<diffmm::trainer> trainer(std::in_place, data, small_options(1));
    std::vector<int> captured(1000, 7);
    int told = 0;
    trainer->on_progress([&, captured](const diffmm::progress &) {
        trainer.reset();
        told += captured.back() == 7;
    });
    ck_assert_uint_eq(trainer->epoch().epoch, 1);
    ck_assert_int_gt(told, 1);
    ck_assert(!trainer);
}
END_TEST

START_TEST(epochs_end_or_replace_their_trainer)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    const diffmm::model expected = diffmm::trainer(data, small_options()).fit();
    for (bool replaced : {false, true}) {
        std::optional<diffmm::trainer> trainer(std::in_place, data, small_options());
        std::size_t epochs = 0;
        const diffmm::model model = trainer->fit([&](const diffmm::report &report) {
            if (report.epoch == 1 && replaced)
                *trainer = diffmm::trainer(data, small_options(1));
            else if (report.epoch == 1)
                trainer.reset();
            epochs = report.epoch;
        });
        ck_assert_uint_eq(epochs, 3);
        ck_assert_mem_eq(model.user_embeddings().data(), expected.user_embeddings().data(),
                         expected.user_embeddings().size() * sizeof(float));
    }
}
END_TEST

START_TEST(a_fit_without_a_function_whose_progress_ends_it)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    std::optional<diffmm::trainer> trainer(std::in_place, data, small_options(1));
    trainer->on_progress([&](const diffmm::progress &) { trainer.reset(); });
    const diffmm::model model = trainer->fit();
    ck_assert_uint_eq(model.users(), 40);
}
END_TEST

/* Whether C lets a trainer be told of another function while it calls one or not: what runs, lives.
 */
START_TEST(progress_replaces_itself)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(1));
    std::vector<int> captured(1000, 7);
    int told = 0;
    trainer.on_progress([&, captured](const diffmm::progress &) {
        try {
            trainer.on_progress([&](const diffmm::progress &) { told++; });
        } catch (const diffmm::error &refused) {
            ck_assert_int_eq(refused.status(), DIFFMM_ERROR_STATE);
        }
        told += captured.back() == 7;
    });
    trainer.epoch();
    ck_assert_int_gt(told, 1);
}
END_TEST

/* A data set whose loader ends it. */
struct ending {
    std::optional<diffmm::dataset> data;

    explicit ending(const diffmm::context &context)
    {
        std::vector<std::int32_t> user, item;
        for (std::int32_t i = 0; i < 24; i++) {
            user.push_back(i % 4);
            item.push_back(i * 7 % 12);
        }
        std::vector<int> captured(1000, 7);
        data.emplace(context);
        data->add_interactions(DIFFMM_TRAIN, user, item);
        data->add_modality("cover", 2, [this, captured](std::size_t first, std::size_t, auto rows) {
            data.reset();
            for (std::size_t i = 0; i < rows.size(); i++)
                rows[i] = static_cast<float>(first + i + captured.size());
        });
    }
    ending(const ending &) = delete;
};

START_TEST(a_loader_ends_its_data_set)
{
    diffmm::context context(1);
    {
        ending of(context);
        diffmm::model model(*of.data, small_options());
        ck_assert(!of.data);
        model.forward();
        ck_assert_uint_eq(model.users(), 4);
    }
    {
        ending of(context);
        diffmm::trainer trainer(*of.data, small_options(1));
        ck_assert_uint_eq(trainer.epoch().epoch, 1);
    }
    {
        ending of(context);
        of.data->seal();
        if (of.data)
            ck_assert_uint_eq(of.data->features(0, 0, 12).size(), 24);
        ck_assert(!of.data);
    }
    {
        ending of(context);
        ck_assert_uint_gt(diffmm::trainer::forecast(*of.data, small_options()).peak_bytes, 0);
    }
    {
        ending of(context), same(context);
        const diffmm::model model = diffmm::trainer(*same.data, small_options(1)).fit();
        const diffmm::placer placer(model, *of.data);
        ck_assert(!of.data);
        ck_assert_uint_eq(placer.modalities(), 1);
    }
}
END_TEST

START_TEST(filters_and_hits_end_their_scorer)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    const diffmm::model model = diffmm::trainer(data, small_options(1)).fit();
    std::optional<diffmm::scorer> scorer;
    diffmm::query query;
    query.filter = [&](std::int32_t, std::int32_t) {
        scorer.reset();
        return true;
    };
    const std::vector<std::int32_t> users = {0, 1, 2};
    const std::vector<float> embedding(model.dimensions(), 1);
    auto ends = [&](auto call) {
        scorer.emplace(model);
        call();
        ck_assert(!scorer);
    };
    ends([&] { ck_assert_uint_eq(scorer->recommend(0, 5, query).size(), 5); });
    ends([&] { ck_assert_uint_eq(scorer->recommend_users(users, 5, query)[2].size(), 5); });
    ends([&] { ck_assert_uint_eq(scorer->recommend_embedding(embedding, 5, query).size(), 5); });
    ends([&] { ck_assert_uint_eq(scorer->similar_items(0, 5, DIFFMM_DOT, query).size(), 5); });
    ends([&] { ck_assert_uint_eq(scorer->similar_users(0, 5, DIFFMM_DOT, query).size(), 5); });
    ends([&] {
        std::size_t told = 0;
        scorer->recommend_all(5, [&](std::int32_t, diffmm::span<const diffmm::hit> hits) {
            scorer.reset();
            told += hits.size();
        });
        ck_assert_uint_eq(told, 40 * 5);
    });
}
END_TEST

START_TEST(a_log_ends_everything)
{
    std::optional<diffmm::context> context;
    std::optional<diffmm::dataset> data;
    std::optional<diffmm::trainer> trainer;
    bool end = false;
    diffmm::settings settings;
    settings.threads = 1;
    settings.log = [&, captured = std::vector<int>(1000, 7)](diffmm_log_level, const char *) {
        if (end) {
            trainer.reset();
            data.reset();
            context.reset();
        }
        ck_assert_int_eq(captured.back(), 7);
    };
    context.emplace(settings);
    data.emplace(small_data(*context));
    trainer.emplace(*data, small_options(1));
    end = true;
    ck_assert_uint_eq(trainer->epoch().epoch, 1);
    ck_assert(!trainer && !data && !context);
}
END_TEST

TCase *reentry_cases()
{
    TCase *cases = tcase_create("reentry");
    tcase_add_test(cases, progress_ends_its_trainer);
    tcase_add_test(cases, epochs_end_or_replace_their_trainer);
    tcase_add_test(cases, a_fit_without_a_function_whose_progress_ends_it);
    tcase_add_test(cases, progress_replaces_itself);
    tcase_add_test(cases, a_loader_ends_its_data_set);
    tcase_add_test(cases, filters_and_hits_end_their_scorer);
    tcase_add_test(cases, a_log_ends_everything);
    return cases;
}
