/* SPDX-License-Identifier: BSD-2-Clause */
/* Checkpoints, files in memory, and what files say of themselves. */
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support.hpp"

/* A folder that goes with its files. */
struct scratch {
    scratch()
    {
        ck_assert_ptr_nonnull(mkdtemp(folder));
        path = std::string(folder) + "/file";
    }
    ~scratch()
    {
        unlink(path.c_str());
        rmdir(folder);
    }
    char folder[24] = "/tmp/diffmm-cpp-XXXXXX";
    std::string path;
};

static void assert_same(const diffmm::model &model, const diffmm::model &expected)
{
    ck_assert_uint_eq(model.user_embeddings().size(), expected.user_embeddings().size());
    ck_assert_mem_eq(model.user_embeddings().data(), expected.user_embeddings().data(),
                     expected.user_embeddings().size() * sizeof(float));
}

START_TEST(a_resumed_training_ends_with_the_same_bits)
{
    diffmm::context context(2);
    diffmm::dataset data = small_data(context);
    const diffmm::model whole = diffmm::trainer(data, small_options(3)).fit();
    scratch file;
    std::vector<std::uint8_t> memory;
    {
        diffmm::trainer trainer(data, small_options(3));
        trainer.epoch();
        trainer.checkpoint(file.path);
        memory = trainer.checkpoint_memory();
    }
    diffmm::dataset equal = small_data(context);
    assert_same(diffmm::trainer::resume(equal, file.path).fit(), whole);
    diffmm::trainer resumed = diffmm::trainer::resume_memory(data, memory);
    memory.clear();
    std::size_t steps = 0;
    resumed.on_progress([&](const diffmm::progress &) { steps++; });
    assert_same(resumed.fit(), whole);
    ck_assert_uint_gt(steps, 0);
}
END_TEST

START_TEST(a_checkpoint_is_written_when_told_of_an_epoch)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    std::vector<std::vector<std::uint8_t>> written;
    diffmm::trainer trainer(data, small_options(3));
    const diffmm::model whole = trainer.fit(
        [&](const diffmm::report &) { written.push_back(trainer.checkpoint_memory()); });
    ck_assert_uint_eq(written.size(), 3);
    assert_same(diffmm::trainer::resume_memory(data, written[1]).fit(), whole);
    trainer = diffmm::trainer(data, small_options(1));
    trainer.on_progress([&](const diffmm::progress &) { trainer.checkpoint_memory(); });
    assert_fails(DIFFMM_ERROR_STATE, "", [&] { trainer.epoch(); });
}
END_TEST

START_TEST(a_finished_training_goes_on_where_it_may)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(2));
    ck_assert_uint_eq(trainer.report().epoch, 0);
    trainer.epoch();
    const diffmm::report last = trainer.epoch();
    ck_assert(last.finished);
    ck_assert_uint_eq(trainer.report().epoch, 2);
    const auto memory = trainer.checkpoint_memory();
    diffmm::trainer longer = diffmm::trainer::resume_memory(data, memory, small_options(3));
    ck_assert_double_eq(longer.report().loss.total, last.loss.total);
    ck_assert_double_eq(longer.report().valid[0].recall, last.valid[0].recall);
    ck_assert_uint_eq(longer.epoch().epoch, 3);
    scratch file;
    trainer.checkpoint(file.path);
    ck_assert_uint_eq(diffmm::trainer::resume(data, file.path, small_options(4)).epoch().epoch, 3);
    diffmm::options other = small_options(3);
    other.set("batch", 32);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "batch",
                 [&] { diffmm::trainer::resume(data, file.path, other); });
}
END_TEST

START_TEST(what_is_no_checkpoint_is_refused)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(1));
    auto memory = trainer.checkpoint_memory();
    memory.pop_back();
    assert_fails(DIFFMM_ERROR_FORMAT, "", [&] { diffmm::trainer::resume_memory(data, memory); });
    assert_fails(DIFFMM_ERROR_FORMAT, "",
                 [&] { diffmm::trainer::resume_memory(data, trainer.model().save_memory()); });
    assert_fails(DIFFMM_ERROR_IO, "no/such/file",
                 [&] { diffmm::trainer::resume(data, "no/such/file"); });
    assert_fails(DIFFMM_ERROR_IO, "no/such", [&] { trainer.checkpoint("no/such/file"); });
}
END_TEST

START_TEST(what_a_loader_throws_arrives_from_a_resume)
{
    diffmm::context context(1);
    bool works = true;
    diffmm::dataset data(context);
    const std::vector<int32_t> numbers = {0, 1, 2, 3, 4, 5};
    data.add_interactions(DIFFMM_TRAIN, numbers, numbers)
        .add_modality("cover", 2, [&](std::size_t, std::size_t, diffmm::span<float> rows) {
            if (!works)
                throw std::domain_error("no features today");
            for (float &value : rows)
                value = 1;
        });
    const auto memory = diffmm::trainer(data, small_options(1)).checkpoint_memory();
    works = false;
    try {
        diffmm::trainer::resume_memory(data, memory);
        ck_abort_msg("nothing was thrown");
    } catch (const std::domain_error &thrown) {
        ck_assert_str_eq(thrown.what(), "no features today");
    }
}
END_TEST

START_TEST(a_model_goes_through_memory)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    const diffmm::model model = diffmm::trainer(data, small_options(2)).fit();
    const auto memory = model.save_memory();
    assert_same(diffmm::model::load_memory(context, memory), model);
    const auto expected = diffmm::scorer(model).score(7);
    const diffmm::scorer borrowing = diffmm::scorer::open_memory(context, memory);
    ck_assert(borrowing.score(7) == expected);
    auto given = memory;
    const diffmm::scorer owning = diffmm::scorer::open_memory(context, std::move(given));
    ck_assert(owning.score(7) == expected);
    assert_fails(DIFFMM_ERROR_FORMAT, "", [&] {
        diffmm::scorer::open_memory(context, diffmm::span<const std::uint8_t>(memory.data(), 99));
    });
    assert_fails(DIFFMM_ERROR_FORMAT, "", [&] {
        diffmm::model::load_memory(context, {memory.data(), memory.size() - 1});
    });
}
END_TEST

START_TEST(files_say_what_they_are)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(2));
    const diffmm::report first = trainer.epoch();
    const double recall = first.valid[0].recall;
    const diffmm::file run = diffmm::file::open_memory(context, trainer.checkpoint_memory());
    const diffmm::file_info info = run.info();
    ck_assert_int_eq(info.kind, DIFFMM_FILE_CHECKPOINT);
    ck_assert_uint_eq(info.users + info.items + info.dimensions + info.modalities, 40 + 30 + 8 + 2);
    ck_assert_uint_eq(info.epochs_done, 1);
    ck_assert_uint_eq(info.chosen_epoch, 1);
    ck_assert_uint_eq(info.valid.size(), 1);
    ck_assert_double_eq(info.valid[0].recall, recall);
    ck_assert_uint_eq(info.test[0].cutoff, 20);
    ck_assert_ptr_nonnull(std::strstr(diffmm_build_info(), info.library));
    ck_assert(run.setting("hidden_sizes") == "16");
    ck_assert_str_eq(run.modality_name(1), "text");
    ck_assert_uint_eq(run.modality_dimensions(1), 32);
    ck_assert_ptr_null(run.modality_name(2));
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "nothing", [&] { run.setting("nothing"); });

    scratch file;
    diffmm::model(data, small_options()).save(file.path);
    const diffmm::file_info model = diffmm::file::open(context, file.path).info();
    ck_assert_int_eq(model.kind, DIFFMM_FILE_MODEL);
    ck_assert_uint_eq(model.chosen_epoch + model.valid.size() + model.test.size(), 0);
    assert_fails(DIFFMM_ERROR_IO, "no/such", [&] { diffmm::file::open(context, "no/such/file"); });
}
END_TEST

START_TEST(tables_say_how_they_are_written)
{
    const scratch place;
    const std::string path = place.path;
    std::ofstream(path) << "what;who\nx;ann\ny;bob\n";
    const diffmm::context context(1);
    diffmm_table_format format = {};
    format.user = "who";
    format.item = "what";
    diffmm::dataset data = diffmm::dataset::open_table(context, path, format);
    data.read_table(path, format).seal();
    ck_assert_uint_eq(data.users(), 2);
    ck_assert_uint_eq(data.summary().repeated, 2);
    assert_fails(DIFFMM_ERROR_FORMAT, "no column 'user'",
                 [&] { diffmm::dataset(context).read_table(path); });
}
END_TEST

START_TEST(filters_and_holding_out_by_time)
{
    const diffmm::context context(1);
    const std::vector<int32_t> user = {0, 0, 0, 1, 1, 1, 2}, item = {0, 1, 2, 0, 1, 2, 0};
    const std::vector<double> rating = {5, 4, 3, 5, 1, 4, 5};
    const std::vector<int64_t> time = {3, 1, 2, 10, 20, 30, 5};
    diffmm_interactions given = {};
    given.count = user.size();
    given.user = user.data();
    given.item = item.data();
    given.rating = rating.data();
    given.time = time.data();
    diffmm::dataset data(context);
    data.add_interactions(DIFFMM_TRAIN, given).filter_ratings(3).deduplicate(DIFFMM_KEEP_LAST);
    data.filter_core(2, 0).hold_out_last(0, 1).seal();
    const diffmm_summary summary = data.summary();
    ck_assert_uint_eq(summary.train, 3);
    ck_assert_uint_eq(summary.test, 2);
    ck_assert_uint_eq(summary.ratings, 7);
    diffmm::dataset dated(context);
    dated.add_interactions(DIFFMM_TRAIN, given).hold_out_from("", "1970-01-01T00:00:00.00002");
    ck_assert_uint_eq(dated.interactions(DIFFMM_TEST), 2);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "nothing would be held out",
                 [&] { diffmm::dataset(context).hold_out_from("", ""); });
}
END_TEST

START_TEST(some_are_held_out_and_the_rest_is_sampled)
{
    diffmm::context context(1);
    std::vector<int32_t> user, item;
    for (int32_t u = 0; u < 20; u++)
        for (int32_t k = 0; k < 10; k++) {
            user.push_back(u);
            item.push_back((7 * u + k) % 25);
        }
    diffmm::dataset data(context);
    data.add_interactions(DIFFMM_TRAIN, user, item).hold_out(0.2, 0.1, 4).seal();
    ck_assert_uint_eq(data.interactions(DIFFMM_TRAIN), 140);
    ck_assert_uint_eq(data.interactions(DIFFMM_VALID), 40);
    const diffmm::training_pairs pairs = diffmm::sample_pairs(data, 3, 1);
    ck_assert_uint_eq(pairs.user.size(), 140);
    ck_assert(pairs.negative == diffmm::sample_pairs(data, 3, 1).negative);
    ck_assert(pairs.negative != diffmm::sample_pairs(data, 3, 2).negative);
    assert_fails(DIFFMM_ERROR_STATE, "seal", [&] { data.hold_out(0.1, 0.1); });
    assert_fails(DIFFMM_ERROR_STATE, "seal",
                 [&] { diffmm::sample_pairs(small_data(context), 3, 1); });
}
END_TEST

TCase *file_cases()
{
    TCase *cases = tcase_create("files");
    tcase_add_test(cases, a_resumed_training_ends_with_the_same_bits);
    tcase_add_test(cases, a_checkpoint_is_written_when_told_of_an_epoch);
    tcase_add_test(cases, a_finished_training_goes_on_where_it_may);
    tcase_add_test(cases, what_is_no_checkpoint_is_refused);
    tcase_add_test(cases, what_a_loader_throws_arrives_from_a_resume);
    tcase_add_test(cases, a_model_goes_through_memory);
    tcase_add_test(cases, files_say_what_they_are);
    tcase_add_test(cases, tables_say_how_they_are_written);
    tcase_add_test(cases, filters_and_holding_out_by_time);
    tcase_add_test(cases, some_are_held_out_and_the_rest_is_sampled);
    return cases;
}
