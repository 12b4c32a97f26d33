/* SPDX-License-Identifier: BSD-2-Clause */
/* The owning classes: move-only, safe after a move, destroyed in any order. */
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "support.hpp"

template <class T> constexpr bool move_only()
{
    return std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
           !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
}
static_assert(move_only<diffmm::context>());
static_assert(move_only<diffmm::dataset>());
static_assert(move_only<diffmm::options>());
static_assert(move_only<diffmm::graph>());
static_assert(move_only<diffmm::schedule>());
static_assert(move_only<diffmm::model>());
static_assert(move_only<diffmm::trainer>());
static_assert(move_only<diffmm::scorer>());
static_assert(!std::is_convertible_v<diffmm::context, bool>, "only in a condition");

/* How many blocks a context's allocator has given and not got back. */
struct counter {
    std::atomic<long> blocks{0};
};

static void *allocate(size_t size, void *user_data)
{
    void *block = std::malloc(size);
    if (block)
        static_cast<counter *>(user_data)->blocks++;
    return block;
}

static void release(void *block, void *user_data)
{
    if (block)
        static_cast<counter *>(user_data)->blocks--;
    std::free(block);
}

static diffmm::context counted(counter *count)
{
    diffmm_context_settings settings = {};
    settings.struct_size = sizeof settings;
    settings.threads = 2;
    settings.allocate = allocate;
    settings.release = release;
    settings.allocator_data = count;
    return diffmm::context(settings);
}

START_TEST(a_move_takes_the_handle_along)
{
    diffmm::context first(2);
    diffmm_context *handle = first.get();
    diffmm::context second = std::move(first);
    ck_assert(!first);
    ck_assert_ptr_null(first.get());
    ck_assert_ptr_eq(second.get(), handle);
    ck_assert_uint_eq(second.threads(), 2);
    diffmm::context third(1);
    third = std::move(second);
    ck_assert(!second && third);
    ck_assert_ptr_eq(third.get(), handle);
    ck_assert_uint_eq(third.threads(), 2);
    second = diffmm::context(1);
    ck_assert_uint_eq(second.threads(), 1);
}
END_TEST

template <class T> void assert_survives_self_move(T &object)
{
    auto *handle = object.get();
    T &same = object;
    object = std::move(same);
    ck_assert(static_cast<bool>(object));
    ck_assert_ptr_eq(object.get(), handle);
}

START_TEST(a_self_move_changes_nothing)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::options options = small_options(1);
    diffmm::trainer trainer(data, options);
    diffmm::model model = trainer.fit();
    diffmm::scorer scorer(model);
    assert_survives_self_move(context);
    assert_survives_self_move(data);
    assert_survives_self_move(options);
    assert_survives_self_move(trainer);
    assert_survives_self_move(model);
    assert_survives_self_move(scorer);
    ck_assert_uint_eq(data.users(), 40);
    ck_assert_int_eq(options.get_integer("epochs"), 1);
    ck_assert_uint_eq(trainer.best().epoch, 1);
    ck_assert_uint_eq(scorer.recommend(0, 3).size(), 3);
}
END_TEST

START_TEST(a_moved_from_object_throws_or_says_zero)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context), taken_data = std::move(data);
    diffmm::options options = small_options(1);
    diffmm::trainer trainer(taken_data, options), taken_trainer = std::move(trainer);
    diffmm::model model = taken_trainer.fit();
    diffmm::scorer scorer(model), taken_scorer = std::move(scorer);
    diffmm::model taken_model = std::move(model);
    const diffmm_status status = DIFFMM_ERROR_INVALID_ARGUMENT;
    assert_fails(status, "dataset is NULL", [&] { data.seal(); });
    assert_fails(status, "dataset is NULL", [&] { diffmm::trainer again(data); });
    assert_fails(status, "dataset is NULL", [&] { data.extend(); });
    assert_fails(status, "dataset is NULL",
                 [&] { data.append_features("image", 1, std::vector<float>(1)); });
    assert_fails(status, "dataset is NULL",
                 [&] { data.add_modality("more", 1, std::vector<float>(1)); });
    assert_fails(status, "dataset is NULL", [&] {
        data.add_modality("more", 1, [](std::size_t, std::size_t, diffmm::span<float>) {});
    });
    assert_fails(status, "trainer is NULL", [&] { trainer.epoch(); });
    assert_fails(status, "model is NULL", [&] { model.forward(); });
    assert_fails(status, "model is NULL", [&] { diffmm::scorer again(model); });
    assert_fails(status, "no such user", [&] { model.user_embedding(0); });
    assert_fails(status, "scorer is NULL", [&] { scorer.recommend(0, 1); });
    assert_fails(status, "scorer is NULL", [&] { scorer.extend(std::vector<float>(8)); });
    trainer.cancel();
    ck_assert_uint_eq(data.users() + model.users() + scorer.users(), 0);
    ck_assert_uint_eq(model.user_embeddings().size(), 0);
    ck_assert_uint_eq(taken_scorer.users(), taken_model.users());
}
END_TEST

START_TEST(handles_end_in_any_order)
{
    /* The first one built is destroyed first, the last one last: each bit of `order` says on which
     * side of the scorer's last use an object ends. */
    for (unsigned order = 0; order < 16; order++) {
        counter count;
        {
            std::optional<diffmm::context> context(counted(&count));
            std::optional<diffmm::dataset> data(small_data(*context));
            std::optional<diffmm::trainer> trainer;
            trainer.emplace(*data, small_options(1));
            std::optional<diffmm::model> model(trainer->fit());
            std::optional<diffmm::scorer> scorer(*model);
            if (order & 1)
                context.reset();
            if (order & 2)
                data.reset();
            if (order & 4)
                trainer.reset();
            if (order & 8)
                model.reset();
            ck_assert_uint_eq(scorer->recommend(1, 4).size(), 4);
            if (model)
                ck_assert_uint_eq(model->view("image").size(), 70 * 8);
            ck_assert_int_gt(count.blocks, 0);
        }
        ck_assert_int_eq(count.blocks, 0);
    }
}
END_TEST

START_TEST(a_model_outlives_its_trainer)
{
    counter count;
    {
        std::optional<diffmm::model> model;
        {
            diffmm::context context = counted(&count);
            diffmm::dataset data = small_data(context);
            model.emplace(diffmm::trainer(data, small_options(1)).fit());
        }
        ck_assert_uint_eq(model->users(), 40);
        float sum = 0;
        for (float value : model->user_embeddings())
            sum += value * value;
        ck_assert_float_gt(sum, 0);
        model->forward();
    }
    ck_assert_int_eq(count.blocks, 0);
}
END_TEST

START_TEST(a_failed_constructor_leaves_nothing)
{
    counter count;
    {
        diffmm::context context = counted(&count);
        diffmm::dataset empty(context);
        long before = count.blocks;
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "",
                     [&] { empty.add_interactions(DIFFMM_TRAIN, std::vector<int32_t>{1}, {}); });
        for (int i = 0; i < 3; i++)
            try {
                diffmm::trainer trainer(empty, small_options());
                ck_abort_msg("a trainer without data");
            } catch (const diffmm::error &) {
            }
        ck_assert_int_eq(count.blocks, before);
    }
    ck_assert_int_eq(count.blocks, 0);
}
END_TEST

TCase *handle_cases()
{
    TCase *cases = tcase_create("handles");
    tcase_add_test(cases, a_move_takes_the_handle_along);
    tcase_add_test(cases, a_self_move_changes_nothing);
    tcase_add_test(cases, a_moved_from_object_throws_or_says_zero);
    tcase_add_test(cases, handles_end_in_any_order);
    tcase_add_test(cases, a_model_outlives_its_trainer);
    tcase_add_test(cases, a_failed_constructor_leaves_nothing);
    return cases;
}
