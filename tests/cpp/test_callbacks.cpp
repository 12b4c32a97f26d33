/* SPDX-License-Identifier: BSD-2-Clause */
/* Callables: what they return, what they throw, how long they live. */
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support.hpp"

/* Thrown by the callables of this file. */
struct broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class Call> void assert_broken(const char *text, Call call)
{
    try {
        call();
    } catch (const broken &thrown) {
        ck_assert_str_eq(thrown.what(), text);
        return;
    }
    ck_abort_msg("the exception '%s' did not arrive", text);
}

/* Six users and four items; the modality "cover" comes from `loader`. */
static diffmm::dataset loaded(const diffmm::context &context, diffmm::feature_loader loader)
{
    const std::vector<int32_t> user = {0, 0, 1, 1, 2, 3, 4, 5}, item = {0, 1, 1, 2, 3, 0, 2, 3};
    diffmm::dataset data(context);
    data.add_interactions(DIFFMM_TRAIN, user, item).add_modality("cover", 3, std::move(loader));
    return data;
}

static void ramp(std::size_t first, std::size_t count, diffmm::span<float> rows)
{
    ck_assert_uint_eq(rows.size(), 3 * count);
    for (std::size_t i = 0; i < rows.size(); i++)
        rows[i] = static_cast<float>(3 * first + i) / 10;
}

START_TEST(a_loader_gives_the_features)
{
    diffmm::context context(1);
    std::vector<float> array(12);
    ramp(0, 4, array);
    std::size_t asked = 0;
    diffmm::dataset by_loader =
        loaded(context, [&](std::size_t first, std::size_t count, diffmm::span<float> rows) {
            asked++;
            ramp(first, count, rows);
        });
    diffmm::dataset by_array = loaded(context, ramp);
    diffmm::model one = diffmm::trainer(by_loader, small_options(2)).fit();
    diffmm::model two = diffmm::trainer(by_array, small_options(2)).fit();
    ck_assert_uint_gt(asked, 0);
    ck_assert_mem_eq(one.user_embeddings().data(), two.user_embeddings().data(),
                     one.user_embeddings().size() * sizeof(float));
}
END_TEST

START_TEST(what_a_loader_throws_arrives)
{
    diffmm::context context(1);
    bool works = false;
    diffmm::dataset data =
        loaded(context, [&](std::size_t first, std::size_t count, diffmm::span<float> rows) {
            if (!works)
                throw broken("no features today");
            ramp(first, count, rows);
        });
    assert_broken("no features today", [&] { diffmm::trainer trainer(data, small_options()); });
    assert_broken("no features today", [&] { diffmm::model model(data, small_options()); });
    works = true;
    ck_assert_uint_eq(diffmm::trainer(data, small_options(1)).fit().users(), 6);
}
END_TEST

START_TEST(any_type_may_be_thrown)
{
    diffmm::context context(1);
    diffmm::dataset data =
        loaded(context, [](std::size_t, std::size_t, diffmm::span<float>) { throw 42; });
    int caught = 0;
    try {
        diffmm::trainer trainer(data);
    } catch (int number) {
        caught = number;
    }
    ck_assert_int_eq(caught, 42);
}
END_TEST

START_TEST(loaders_and_arrays_live_as_long_as_needed)
{
    std::weak_ptr<int> alive;
    std::optional<diffmm::model> model;
    {
        diffmm::context context(1);
        auto token = std::make_shared<int>(7);
        alive = token;
        diffmm::dataset data = loaded(
            context, [token](std::size_t first, std::size_t count, diffmm::span<float> rows) {
                ck_assert_int_eq(*token, 7);
                ramp(first, count, rows);
            });
        data.add_modality("taken", 2, std::vector<float>(8, 0.5f));
        token.reset();
        diffmm::trainer trainer(data, small_options(2));
        data = diffmm::dataset(context);
        ck_assert(!alive.expired());
        model.emplace(trainer.fit());
    }
    ck_assert(!alive.expired());
    model->forward();
    model.reset();
    ck_assert(alive.expired());
}
END_TEST

/* By id, whatever the order of the items; what it throws comes out of the call that asked. */
START_TEST(a_loader_is_asked_by_id)
{
    diffmm::context context(1);
    diffmm::dataset data(context);
    std::size_t calls = 0;
    data.add_interactions(DIFFMM_TRAIN, std::vector<std::string>{"u", "v", "w"}, {"c", "a", "bad"})
        .add_modality_by_id("letter", 2, [&](diffmm::span<const char *const> ids, auto rows) {
            calls++;
            ck_assert_uint_eq(rows.size(), 2 * ids.size());
            for (std::size_t i = 0; i < ids.size(); i++) {
                if (std::string(ids[i]) == "bad")
                    throw broken("bad");
                rows[2 * i] = static_cast<float>(ids[i][0]);
                rows[2 * i + 1] = 1;
            }
        });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "loader is empty",
                 [&] { data.add_modality_by_id("other", 2, nullptr); });
    data.seal();
    const std::vector<float> wanted = {'c', 1, 'a', 1};
    ck_assert(data.features(0, 0, 2) == wanted);
    assert_broken("bad", [&] { data.features(0, 0, 3); });
    ck_assert_uint_eq(calls, 2);
}
END_TEST

START_TEST(a_loader_that_was_not_taken_is_given_back)
{
    diffmm::context context(1);
    diffmm::dataset data = loaded(context, ramp);
    auto token = std::make_shared<int>(0);
    diffmm::feature_loader loader = [token](std::size_t, std::size_t, diffmm::span<float>) {};
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "already has a modality 'cover'",
                 [&] { data.add_modality("cover", 3, loader); });
    loader = nullptr;
    ck_assert_int_eq(token.use_count(), 1);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "loader is empty",
                 [&] { data.add_modality("other", 3, loader); });
    data.seal();
}
END_TEST

START_TEST(false_ends_a_fit_without_failure)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(5));
    std::size_t told = 0;
    diffmm::model model = trainer.fit([&](const diffmm::report &report) {
        ck_assert_uint_eq(report.epoch, ++told);
        return report.epoch < 2;
    });
    ck_assert_uint_eq(told, 2);
    ck_assert_uint_eq(model.users(), 40);
    trainer.fit([&](const diffmm::report &) { told++; }); /* returning nothing goes on */
    ck_assert_uint_eq(told, 5);
}
END_TEST

START_TEST(what_an_epoch_callable_throws_arrives)
{
    diffmm::context context(2);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(3));
    auto in_epoch = [](std::size_t epoch) {
        return [epoch](const diffmm::report &report) {
            if (report.epoch == epoch)
                throw broken("seen enough");
        };
    };
    assert_broken("seen enough", [&] { trainer.fit(in_epoch(1)); });
    ck_assert_uint_eq(trainer.best().epoch, 1);
    /* After the last epoch there is nothing to stop, but the exception arrives all the same. */
    assert_broken("seen enough", [&] { trainer.fit(in_epoch(3)); });
    assert_fails(DIFFMM_ERROR_STATE, "finished", [&] { trainer.epoch(); });
    ck_assert_uint_eq(diffmm::scorer(trainer.model()).recommend(0, 5).size(), 5);
}
END_TEST

START_TEST(progress_is_told_and_may_stop_or_throw)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(4));
    std::size_t told = 0;
    trainer.on_progress([&](const diffmm::progress &at) {
        ck_assert_uint_le(at.done, at.total);
        told++;
    });
    ck_assert_uint_eq(trainer.epoch().epoch, 1);
    ck_assert_uint_gt(told, 4);
    trainer.on_progress([](const diffmm::progress &) { return false; });
    assert_fails(DIFFMM_CANCELLED, "", [&] { trainer.epoch(); });
    assert_fails(DIFFMM_CANCELLED, "", [&] { trainer.fit([](const diffmm::report &) {}); });
    trainer.on_progress([](const diffmm::progress &at) {
        if (at.phase == DIFFMM_PHASE_RECOMMEND)
            throw broken("halfway");
        return true;
    });
    assert_broken("halfway", [&] { trainer.epoch(); });
    assert_broken("halfway", [&] { trainer.fit(); });
    trainer.on_progress(nullptr);
    const std::size_t before = told;
    ck_assert_uint_eq(trainer.epoch().epoch, 2);
    ck_assert_uint_eq(told, before);
}
END_TEST

/* Two peers in one process. */
class cable
{
  public:
    bool exchange(std::size_t rank, diffmm::span<const std::uint8_t> send,
                  diffmm::span<std::uint8_t> receive)
    {
        std::unique_lock<std::mutex> held(lock_);
        if (!send.empty())
            sent_[rank].emplace_back(send.begin(), send.end());
        changed_.notify_all();
        if (receive.empty())
            return true;
        auto &from = sent_[1 - rank];
        changed_.wait(held, [&] { return cut_ || !from.empty(); });
        if (from.empty() || from.front().size() != receive.size())
            return false;
        std::copy(from.front().begin(), from.front().end(), receive.begin());
        from.pop_front();
        return true;
    }
    void cut()
    {
        const std::lock_guard<std::mutex> held(lock_);
        cut_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::vector<std::uint8_t>> sent_[2];
    bool cut_ = false;
};

/* What a thread of its own has thrown. */
template <class Work> std::exception_ptr thrown_by(Work &&work)
{
    try {
        work();
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

/* Both train; the exchange of peer 1 throws at the call `broken_at`, if that is not 0. */
static void train_together(std::size_t broken_at, const std::string &written,
                           std::exception_ptr thrown[2], std::vector<std::uint8_t> models[2],
                           diffmm_status told[2])
{
    cable between;
    std::vector<std::thread> threads;
    for (std::uint32_t rank = 0; rank < 2; rank++)
        threads.emplace_back([&, rank] {
            thrown[rank] = thrown_by([&] {
                diffmm::context context(1);
                diffmm::dataset data = small_data(context);
                diffmm::trainer trainer(data, small_options(2));
                std::size_t calls = 0;
                diffmm::peers with;
                with.rank = rank;
                with.size = 2;
                with.exchange = [&, rank](std::int32_t to, auto send, std::int32_t from,
                                          auto receive) {
                    if (rank == 1 && ++calls == broken_at)
                        throw broken("the cable");
                    return (to < 0) == send.empty() && (from < 0) == receive.empty() &&
                           between.exchange(rank, send, receive);
                };
                with.abandon = [&, rank](diffmm_status status) {
                    told[rank] = status;
                    between.cut();
                };
                trainer.join(with);
                models[rank] = trainer.fit().save_memory();
                trainer.save_at(1, rank == 1 ? written : "");
                trainer.checkpoint_at(1, rank == 1 ? written + ".ckpt" : "");
                diffmm::trainer other =
                    diffmm::trainer::resume_peer(data, written + ".ckpt", small_options(2), with);
                other.save_at(0, written);
            });
        });
    for (std::thread &each : threads)
        each.join();
}

START_TEST(peers_share_a_training)
{
    std::exception_ptr thrown[2];
    std::vector<std::uint8_t> models[2];
    diffmm_status told[2] = {DIFFMM_OK, DIFFMM_OK};
    char folder[] = "/tmp/diffmm-cpp-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const std::string written = std::string(folder) + "/model", checkpoint = written + ".ckpt";
    train_together(0, written, thrown, models, told);
    ck_assert(!thrown[0] && !thrown[1]);
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer alone(data, small_options(2));
    ck_assert(alone.fit().save_memory() == models[0] && models[0] == models[1]);
    ck_assert(diffmm::model::load(context, written).save_memory() == models[0]);
    ck_assert(diffmm::trainer::resume(data, checkpoint).report().epoch == 2);
    unlink(written.c_str());
    unlink(checkpoint.c_str());
    rmdir(folder);
    train_together(9, written, thrown, models, told);
    assert_broken("the cable", [&] { std::rethrow_exception(thrown[1]); });
    assert_fails(DIFFMM_ERROR_PEER, "peer 1", [&] { std::rethrow_exception(thrown[0]); });
    ck_assert(told[0] == DIFFMM_ERROR_PEER && told[1] == DIFFMM_ERROR_PEER);
    alone.leave();
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "exchange", [&] { alone.join(diffmm::peers()); });
}
END_TEST

START_TEST(cancel_throws_cancelled)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(3));
    trainer.cancel();
    assert_fails(DIFFMM_CANCELLED, "", [&] { trainer.fit([](const diffmm::report &) {}); });
    trainer.on_progress([&](const diffmm::progress &) { trainer.cancel(); });
    assert_fails(DIFFMM_CANCELLED, "", [&] { trainer.epoch(); });
}
END_TEST

START_TEST(callables_may_train_and_fail_inside)
{
    diffmm::context context(2);
    diffmm::dataset data = small_data(context);
    diffmm::trainer outer(data, small_options(2));
    std::size_t inner_failures = 0;
    outer.fit([&](const diffmm::report &) {
        diffmm::dataset bad = loaded(
            context, [](std::size_t, std::size_t, diffmm::span<float>) { throw broken("inner"); });
        assert_broken("inner", [&] { diffmm::model model(bad); });
        inner_failures++;
        diffmm::trainer(data, small_options(1)).fit([](const diffmm::report &) { return false; });
    });
    ck_assert_uint_eq(inner_failures, 2);
    diffmm::trainer other(data, small_options(2));
    assert_broken("passed on", [&] {
        other.fit([&](const diffmm::report &) {
            diffmm::dataset bad =
                loaded(context, [](std::size_t, std::size_t, diffmm::span<float>) {
                    throw broken("passed on");
                });
            diffmm::model model(bad);
        });
    });
}
END_TEST

START_TEST(a_log_function_is_told_and_cannot_stop_anything)
{
    std::vector<std::string> lines;
    diffmm::settings settings;
    settings.threads = 1;
    settings.log = [&](diffmm_log_level level, const char *message) {
        ck_assert_int_le(level, DIFFMM_LOG_INFO);
        lines.emplace_back(message);
        throw broken("logging failed");
    };
    std::optional<diffmm::context> context(std::in_place, settings);
    settings.log = nullptr;
    diffmm::dataset data = small_data(*context);
    context.reset();
    diffmm::trainer(data, small_options(2)).fit();
    ck_assert_uint_ge(lines.size(), 2);
    ck_assert_ptr_nonnull(std::strstr(lines.back().c_str(), "epoch 2"));
}
END_TEST

TCase *callback_cases()
{
    TCase *cases = tcase_create("callbacks");
    tcase_add_test(cases, a_loader_gives_the_features);
    tcase_add_test(cases, what_a_loader_throws_arrives);
    tcase_add_test(cases, any_type_may_be_thrown);
    tcase_add_test(cases, loaders_and_arrays_live_as_long_as_needed);
    tcase_add_test(cases, a_loader_is_asked_by_id);
    tcase_add_test(cases, a_loader_that_was_not_taken_is_given_back);
    tcase_add_test(cases, false_ends_a_fit_without_failure);
    tcase_add_test(cases, what_an_epoch_callable_throws_arrives);
    tcase_add_test(cases, progress_is_told_and_may_stop_or_throw);
    tcase_add_test(cases, peers_share_a_training);
    tcase_add_test(cases, cancel_throws_cancelled);
    tcase_add_test(cases, callables_may_train_and_fail_inside);
    tcase_add_test(cases, a_log_function_is_told_and_cannot_stop_anything);
    return cases;
}
